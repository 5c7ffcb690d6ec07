//! Cases: one property of one agent, tested in one world under one policy.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::agent::AgentSource;
use crate::environment::World;
use crate::policy::Policy;
use crate::property::{Inquiry, Judgement, Property, Trial, TrialAgents, TrialSubject, Under, Verdict};
use crate::run;
use crate::statistics::Level;
use crate::value::{Digest, Opening, Seed};

use super::{SeedOrigin, Traps};

/// A policy, with its name on the command line.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Name, as on the command line.
    pub text: String,
    /// The policy.
    pub policy: Arc<Policy>,
}

/// A case of a suite.
#[derive(Clone, Debug)]
pub struct Case {
    /// The property.
    pub property: &'static Property,
    /// Agent of the case.
    pub agent: Arc<AgentSource>,
    /// `true` if the agent learns.
    pub learns: bool,
    /// Policy of the case.
    pub rules: Rules,
    /// World of the case.
    pub world: World,
    /// Largest value that still passes, in the unit that the property names.
    pub limit: f64,
    /// Number of trials per condition, if the suite sets it.
    pub trials: Option<u32>,
    /// Number of episodes for which a learner is trained, if the suite sets it.
    pub lessons: Option<u32>,
    /// `true` if the case fails where the property does not apply.
    pub required: bool,
    /// Confidence level of the verdict.
    pub level: Level,
    /// Seed from which every random choice follows.
    pub seed: Seed,
    /// Origin of the seed that this one is derived from: drawn for this run, or given.
    pub origin: SeedOrigin,
    /// Line of the suite file that names the property; none without a suite file.
    pub line: Option<usize>,
}

/// Result of a case.
#[derive(Clone, Debug)]
pub struct CaseOutcome {
    /// The verdict.
    pub verdict: Verdict,
    /// Number of trials that were run.
    pub trials: usize,
    /// Number of episodes that were run.
    pub episodes: u64,
    /// Trial that shows the finding best; the first one if none does.
    pub line: Option<TrialLine>,
    /// Traps of the agent; none if it trapped in no evaluated episode.
    pub traps: Option<Traps>,
    /// Duration of the case, on this machine and in this run.
    pub took: Duration,
}

/// A trial as a command line to copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrialLine {
    /// The command.
    pub command: String,
    /// Root of the record that the command makes.
    pub root: Digest,
}

impl CaseOutcome {
    /// `true` if the case fails: it is refuted, or not decided.
    pub const fn fails(&self, case: &Case) -> bool {
        matches!(self.verdict.finding, Judgement::Inconclusive) || self.is_refuted(case)
    }

    /// `true` if more trials would not help: the property is violated, or it does not apply and the
    /// case requires that it does.
    pub const fn is_refuted(&self, case: &Case) -> bool {
        match self.verdict.finding {
            Judgement::Holds | Judgement::Inconclusive => false,
            Judgement::Violated => true,
            Judgement::NotApplicable => case.required,
        }
    }
}

impl Case {
    /// Derives the seed of the case from that of the suite. The seed depends on the case alone, so
    /// that it stays the same when the suite grows. It depends on the content of the agent, world
    /// and policy, not on their names.
    #[must_use]
    pub fn seeded(self, suite: Seed) -> Self {
        let Self { property, agent, rules, world, .. } = &self;
        let world = world.digest();
        let domain = format!("{} {} {world} {}", property.code, agent.handed(), rules.policy.digest());
        let seed = suite.derive(&domain, 0);
        Self { seed, ..self }
    }

    /// Returns the inquiry that the property gets.
    pub fn inquiry(&self) -> Inquiry {
        Inquiry {
            subject: TrialSubject { name: self.agent.text.clone(), learns: self.learns },
            world: self.world.clone(),
            terms: run::terms(&self.rules.policy),
            seed: self.seed,
            level: self.level,
            limit: self.limit,
            trials: self.trials,
            lessons: self.lessons,
        }
    }

    /// Returns the policy of a trial, as on the command line: the given policy with the openings
    /// that change it.
    pub fn under(&self, trial: &Trial) -> String {
        let Rules { text, policy } = &self.rules;
        match trial.under {
            Under::Given => text.clone(),
            Under::With(openings) => Opening::written(text, &Policy::clone(policy).opening(openings).1),
            Under::Shipped(name) => name.to_owned(),
        }
    }

    /// Returns the command that runs exactly this trial.
    pub fn command(&self, trial: &Trial) -> String {
        let policy = self.under(trial);
        let (own, policy, world) = (quoted(&self.agent.text), quoted(&policy), quoted(&trial.world.written()));
        let rest = format!("-p {policy} -e {world} --seed {}", trial.seed);
        let agent = match trial.cast {
            TrialAgents::Subject => own,
            TrialAgents::Shipped(text) => quoted(text),
            TrialAgents::Pair(pair) => return format!("dayfly audit noninterference --of {own} {rest} --pair {pair}"),
            TrialAgents::Senders(trial) => return format!("dayfly audit channels {rest} --trial {trial}"),
        };
        // Without a number of lineages, a run has as many as the policy's population.
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

/// Returns a word for a shell, quoted if needed.
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

    fn agent(case: &mut Case) -> &mut AgentSource {
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
