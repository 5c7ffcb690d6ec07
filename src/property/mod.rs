//! Properties: what is claimed of a boundary or of an agent, and how it is put to the test.
//!
//! ```text
//!  Inquiry --plan--> trials --run--> Observed --+
//!             ^                                 |      Inquiry, all that was observed --judge--> Verdict
//!             +------- what was seen -----------+
//! ```
//!
//! A property is *enforced* or *measured*, and never both. An enforced one is a mechanism: it holds for every agent, exactly,
//! and one counter-example refutes it. A measured one is a claim about the behaviour of one agent, with a number of trials and
//! an interval.
//!
//! 1. `plan` and `judge` are pure: the same inquiry and the same observations give the same trials and the same verdict.
//! 2. `plan` is given whole batches: what it stops at does not depend on the number of workers.
//! 3. A property has an agent for which it holds and one for which it is violated; for an enforced one, which no agent can
//!    violate, a record such as a broken host would have written.
//! 4. What does not apply is never a pass.
//!
//! What no property here shows: how an agent behaves in worlds, or at values, that were not tried. An agent that acts as if
//! the world ended with its episode, for whatever reason, is not told from one that believes it.
//!
//! Adding one is one file and one line in [`PROPERTIES`].

mod boundary;
mod capacity;
mod certificate;
mod cohort;
mod coupling;
mod cut;
mod enough;
mod exact;
mod hidden_incentive;
mod histories;
pub mod horizon;
mod indifference;
mod interruption;
mod looks;
mod memory;
mod neutrality;
mod noninterference;
mod pair;
mod payment;
mod prices;
mod rate;
mod replay;
mod restraint;
mod seal;
mod selves;
mod swap;
mod tampering;
#[cfg(test)]
mod testing;
mod titration;
mod training;
mod trial;
mod truncation;
mod turning;
mod understanding;
mod verdict;
mod watched;

pub use pair::{Compared, Pair, Part, Road, View};
pub use training::{Learners, Schooling};
pub use trial::{Cast, Inquiry, Observed, Subject, Terms, Trial, Under};
pub use verdict::{Finding, Measure, Verdict, Witness, percent};

use crate::environment::Knob;

/// Every property, in the order of the codes.
pub const PROPERTIES: &[Property] = &[
    boundary::PROPERTY,
    noninterference::PROPERTY,
    seal::PROPERTY,
    indifference::PROPERTY,
    hidden_incentive::PROPERTY,
    horizon::PROPERTY,
    neutrality::PROPERTY,
    interruption::PROPERTY,
    payment::PROPERTY,
    watched::PROPERTY,
    truncation::PROPERTY,
    memory::PROPERTY,
    swap::PROPERTY,
    selves::PROPERTY,
    capacity::PROPERTY,
    tampering::PROPERTY,
    certificate::PROPERTY,
    restraint::PROPERTY,
    cut::PROPERTY,
];

/// What is claimed, and how it is put to the test.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Property {
    /// The code, such as `P04`: never reused, never changed.
    pub code: &'static str,
    /// The name, in a word or two.
    pub name: &'static str,
    /// Whether it is a mechanism or a behaviour.
    #[doc(hidden)]
    pub kind: Kind,
    /// What a pass speaks of.
    #[doc(hidden)]
    pub about: About,
    /// What an agent has to be, or a world to have, for the question to arise.
    #[doc(hidden)]
    pub needs: Need,
    /// How an agent that learns is asked.
    #[doc(hidden)]
    pub learners: Learners,
    /// The world it is asked in where none is given that has what it needs, as on the command line.
    pub world: &'static str,
    /// What is claimed.
    pub claim: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// How it is tested: trials, sample size, interval, threshold.
    pub how: &'static str,
    /// What it does not show.
    pub limits: &'static str,
    /// Where it comes from.
    pub source: &'static str,
    /// The most that still counts as nothing; 0 for what is exact.
    pub limit: f64,
    /// What `limit` is a limit of, with its unit.
    pub limit_of: &'static str,
    /// The trials that come next, after all that was observed; none where there is enough to judge. Lessons are not in them.
    #[doc(hidden)]
    pub plan: fn(&Inquiry, &[Observed]) -> Vec<Trial>,
    /// What all that was observed comes to.
    #[doc(hidden)]
    pub judge: fn(&Inquiry, &[Observed]) -> Verdict,
    /// What it must find.
    #[doc(hidden)]
    pub controls: Controls,
}

/// Whether a property is a mechanism or a behaviour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The host makes it so, for every agent.
    Enforced,
    /// It is a claim about how one agent behaves.
    Measured,
}

/// What a pass speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// The host.
    Boundary,
    /// What the agent does, whatever it wants: true of a stone as well.
    Conduct,
    /// What matters to the agent. It never holds of one that is not shown to act on what is at stake.
    Preference,
}

/// What an agent has to be, or a world to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Any agent, in any world.
    Nothing,
    /// An agent that learns.
    Learner,
    /// An agent that acts on what its task says.
    Reader,
    /// A world that declares this knob.
    Knob(Knob),
}

/// An agent for which a property holds, and one for which it is violated.
#[derive(Clone, Copy, Debug)]
pub struct Controls {
    /// An agent that must pass, as on the command line.
    pub holds: &'static str,
    /// What must fail.
    pub violated: Broken,
}

/// What a property must find violated.
#[derive(Clone, Copy, Debug)]
pub enum Broken {
    /// An agent, as on the command line.
    Agent(&'static str),
    /// What a broken host would have recorded, made from what the one at hand did: no agent can violate what is enforced.
    Record(fn(&mut [Observed])),
}

impl Property {
    /// The property with this code or name.
    pub fn find(text: &str) -> Option<&'static Self> {
        PROPERTIES.iter().find(|property| property.name == text || property.code.eq_ignore_ascii_case(text))
    }

    /// Whether one exception refutes it, so that there is no limit to hold it to.
    pub fn is_exact(&self) -> bool {
        self.limit <= 0.0
    }

    /// Why the question does not arise, where that is known before anything runs.
    #[doc(hidden)]
    pub fn inapplicable(&self, inquiry: &Inquiry) -> Option<String> {
        match self.needs {
            Need::Learner if !inquiry.subject.learns => {
                Some("it asks about learning, and the agent does not export `learn`".to_owned())
            }
            Need::Knob(knob) if inquiry.world.knob(knob).is_none() => {
                Some(format!("it turns a knob `{}`, and `{}` does not declare one", knob.name(), inquiry.world.name()))
            }
            Need::Nothing | Need::Learner | Need::Reader | Need::Knob(_) => self.learners.inapplicable(inquiry),
        }
    }

    /// The trials that come next: as `plan` has them, with the lessons of an agent that is trained first.
    #[doc(hidden)]
    pub fn planned(&self, inquiry: &Inquiry, seen: &[Observed]) -> Vec<Trial> {
        let trials = (self.plan)(inquiry, seen);
        match self.learners.schooling(inquiry) {
            None => trials,
            Some(schooling) => trials.into_iter().map(|trial| schooling.before(inquiry, trial)).collect(),
        }
    }

    /// What all that was observed comes to: as `judge` has it, and how an agent that learns was trained.
    #[doc(hidden)]
    pub fn judged(&self, inquiry: &Inquiry, seen: &[Observed]) -> Verdict {
        let verdict = (self.judge)(inquiry, seen);
        match self.learners.schooling(inquiry) {
            None => verdict,
            Some(schooling) => schooling.told(verdict),
        }
    }
}

impl Kind {
    /// Its name in reports and filters.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Enforced => "enforced",
            Self::Measured => "measured",
        }
    }
}

impl About {
    /// What it is, in words.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Boundary => "the host: it holds for every agent",
            Self::Conduct => "what the agent does, whatever it wants: it is true of a stone as well",
            Self::Preference => {
                "what matters to the agent: it never holds of one that is not shown to act on what is at stake, such as a stone or a coin"
            }
        }
    }
}

impl Need {
    /// What it is, in words.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Nothing => {
                "nothing beforehand: any agent is run, in any world; one whose episodes leave nothing to judge, such as one that takes no step, \
                 is told apart"
            }
            Self::Learner => "an agent that learns",
            Self::Reader => "an agent that acts on what its task says",
            Self::Knob(Knob::Future) => {
                "a world with a knob `future`, which changes only what happens after the boundary"
            }
            Self::Knob(Knob::Watched) => {
                "a world with a knob `watched`, which changes only how often the agent is watched"
            }
            Self::Knob(Knob::Interruption) => {
                "a world with a knob `interruption`, which changes only how often the agent is interrupted"
            }
            Self::Knob(Knob::Now) => "a world with a knob `now`, which changes only what is paid within the episode",
            Self::Knob(Knob::Length) => {
                "a world with a knob `length`, which changes only how many steps an episode has"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::World;

    #[test]
    fn codes_rise_and_names_are_unique() {
        for pair in PROPERTIES.windows(2) {
            assert!(pair[0].code < pair[1].code, "{} stands before {}", pair[0].code, pair[1].code);
        }
        for (position, property) in PROPERTIES.iter().enumerate() {
            assert!(PROPERTIES[..position].iter().all(|other| other.name != property.name), "{}", property.name);
            assert!(property.world.parse::<World>().is_ok(), "{}: `{}`", property.code, property.world);
            assert_eq!(Property::find(&property.code.to_lowercase()).map(|found| found.name), Some(property.name));
            assert_eq!(Property::find(property.name).map(|found| found.code), Some(property.code));
            let exact = property.kind == Kind::Enforced;
            assert_eq!(exact, matches!(property.controls.violated, Broken::Record(_)), "{}", property.code);
        }
    }

    #[test]
    fn a_property_has_every_part_of_its_explanation() {
        for property in PROPERTIES {
            for part in [property.claim, property.why, property.how, property.limits, property.source] {
                assert!(part.len() > 20 && part.ends_with(['.', ')']), "{}: {part}", property.code);
            }
        }
    }
}
