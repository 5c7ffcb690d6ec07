//! One property, asked of one agent in one world under one policy.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::agent::Source;
use crate::environment::World;
use crate::policy::Policy;
use crate::property::{Cast, Finding, Inquiry, Property, Subject, Trial, Under, Verdict};
use crate::run;
use crate::statistics::Level;
use crate::value::{Digest, Opening, Seed};

use super::{Origin, Traps};

/// A policy, and how it is written on the command line.
#[derive(Clone, Debug)]
pub struct Rules {
    /// As it is written.
    pub text: String,
    /// The policy.
    pub policy: Arc<Policy>,
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Case {
    /// The property.
    pub property: &'static Property,
    /// Of whom.
    pub agent: Arc<Source>,
    /// Whether that agent learns.
    pub learns: bool,
    /// Under which policy.
    pub rules: Rules,
    /// In which world.
    pub world: World,
    /// The most that still counts as nothing.
    pub limit: f64,
    /// How many trials a condition has, where the suite says so.
    pub trials: Option<u32>,
    /// How many episodes a learner is trained for, where the suite says so.
    pub lessons: Option<u32>,
    /// Whether it fails where the question does not arise.
    pub required: bool,
    /// How sure the verdict has to be.
    pub level: Level,
    /// What every random choice follows from.
    pub seed: Seed,
    /// Whether the seed that it follows from was drawn for this run.
    pub origin: Origin,
    /// The line of the suite that asks it; none where no suite does.
    pub line: Option<usize>,
}

/// What came of a case.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The verdict.
    pub verdict: Verdict,
    /// How many trials were run.
    pub trials: usize,
    /// How many episodes were lived.
    pub episodes: u64,
    /// The trial that shows best what was found; the first one where none does.
    pub line: Option<Line>,
    /// In how many of its episodes the agent trapped; none where in none that was looked at.
    pub traps: Option<Traps>,
    /// How long it took, on this machine and this time.
    pub took: Duration,
}

/// One trial as a line to copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The command.
    pub command: String,
    /// The root of the record that it leads to.
    pub root: Digest,
}

impl Outcome {
    /// Whether the case fails: it is refuted, or not decided.
    pub const fn fails(&self, case: &Case) -> bool {
        matches!(self.verdict.finding, Finding::Inconclusive) || self.is_refuted(case)
    }

    /// Whether more trials would not help: it is violated, or does not apply and has to.
    pub const fn is_refuted(&self, case: &Case) -> bool {
        match self.verdict.finding {
            Finding::Holds | Finding::Inconclusive => false,
            Finding::Violated => true,
            Finding::NotApplicable => case.required,
        }
    }
}

impl Case {
    /// The seed of a case: it depends on what is asked alone, so that it stays when a suite grows; and on what the things are that it is
    /// about, not on what anyone calls them.
    #[must_use]
    pub fn seeded(self, suite: Seed) -> Self {
        let Self { property, agent, rules, world, .. } = &self;
        let world = world.digest();
        let domain = format!("{} {} {world} {}", property.code, agent.handed(), rules.policy.digest());
        let seed = suite.derive(&domain, 0);
        Self { seed, ..self }
    }

    /// What the property is asked about.
    pub fn inquiry(&self) -> Inquiry {
        Inquiry {
            subject: Subject { name: self.agent.text.clone(), learns: self.learns },
            world: self.world.clone(),
            terms: run::terms(&self.rules.policy),
            seed: self.seed,
            level: self.level,
            limit: self.limit,
            trials: self.trials,
            lessons: self.lessons,
        }
    }

    /// The policy that a trial runs under, as it is written on the command line: with the openings that change anything of the given one.
    pub fn under(&self, trial: &Trial) -> String {
        let Rules { text, policy } = &self.rules;
        match trial.under {
            Under::Given => text.clone(),
            Under::With(openings) => Opening::written(text, &Policy::clone(policy).opening(openings).1),
            Under::Shipped(name) => name.to_owned(),
        }
    }

    /// The line that runs exactly this trial.
    pub fn command(&self, trial: &Trial) -> String {
        let policy = self.under(trial);
        let (own, policy, world) = (quoted(&self.agent.text), quoted(&policy), quoted(&trial.world.written()));
        let rest = format!("-p {policy} -e {world} --seed {}", trial.seed);
        let agent = match trial.cast {
            Cast::Subject => own,
            Cast::Shipped(text) => quoted(text),
            Cast::Pair(pair) => return format!("dayfly audit noninterference --of {own} {rest} --pair {pair}"),
            Cast::Senders(trial) => return format!("dayfly audit channels {rest} --trial {trial}"),
        };
        // Without a number of lineages there are as many as the policy's population has.
        let line = format!("dayfly run {agent} {rest} -n {} --lineages {}", trial.episodes, trial.lineages);
        match &trial.task {
            Some(task) => format!("{line} --task {}", quoted(task)),
            None => line,
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} of {} in {} under {}",
            self.property.code, self.property.name, self.agent.text, self.world, self.rules.text
        )
    }
}

/// A word for a shell, quoted where it needs to be.
pub fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_-./:=,+@%".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::suite::testing::case;

    fn agent(case: &mut Case) -> &mut Source {
        Arc::make_mut(&mut case.agent)
    }

    #[test]
    fn the_seed_of_a_case_follows_from_what_things_are_and_not_from_what_they_are_called() {
        let case = case("P21", "random", "button");
        let seed = |case: &Case| case.clone().seeded(Seed(0)).seed;
        let with = |change: &dyn Fn(&mut Case)| {
            let mut changed = case.clone();
            change(&mut changed);
            seed(&changed)
        };
        let named = with(&|case| agent(case).name.push('x')) == seed(&case)
            && with(&|case| agent(case).text.push('x')) == seed(&case)
            && with(&|case| case.rules.text.push('x')) == seed(&case)
            && with(&|case| case.world = case.world.clone().at("world.toml")) == seed(&case);
        assert!(named, "a name says nothing");
        let changes: [&dyn Fn(&mut Case); 5] = [
            &|case| case.property = Property::find("P01").unwrap(),
            &|case| agent(case).bytes.to_mut().push(0),
            &|case| agent(case).instructions = Some("be quick".to_owned()),
            &|case| Arc::make_mut(&mut case.rules.policy).episode.steps += 1,
            &|case| case.world = case.world.selecting("now=2"),
        ];
        for (at, change) in changes.iter().enumerate() {
            assert_ne!(with(change), seed(&case), "{at}");
        }
        assert_ne!(case.clone().seeded(Seed(1)).seed, seed(&case));
    }

    #[test]
    fn a_word_that_a_shell_would_split_is_quoted() {
        assert_eq!(quoted("planner:discount=0.99,boundary=1"), "planner:discount=0.99,boundary=1");
        assert_eq!(quoted("two words"), "'two words'");
        assert_eq!(quoted("it's"), "'it'\\''s'");
        assert_eq!(quoted(""), "''");
    }
}
