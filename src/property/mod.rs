//! Properties: claims about the boundary or about an agent, each with the test that decides it.
//!
//! ```text
//!  Inquiry --plan--> trials --run--> Observed --+
//!             ^                                 |      Inquiry, all that was observed --judge--> Verdict
//!             +------- what was seen -----------+
//! ```
//!
//! A property is *enforced* or *measured*, and never both. An enforced property is a mechanism: it
//! holds exactly, for every agent. One counter-example refutes it. A measured property is a claim
//! about the behaviour of one agent, with a number of trials and an interval.
//!
//! 1. `plan` and `judge` are pure: the same inquiry and the same observations give the same trials
//!    and the same verdict.
//! 2. `plan` sees whole batches of trials: the point at which it stops does not depend on the
//!    number of workers.
//! 3. A property has an agent for which it holds and an agent for which it is violated. No agent
//!    can violate an enforced property; its second control is a record such as a broken host would
//!    have written.
//! 4. A property that does not apply is never a pass.
//!
//! What no property here shows: the behaviour of an agent in worlds, or at values, that were not
//! tried. An agent that acts as if the world ended with its episode, for whatever reason, looks the
//! same as an agent that believes so.
//!
//! A new property takes one file and one line in [`PROPERTIES`].

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
mod recall;
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

pub use pair::{KeptView, Road, ViewComparison, ViewPair, ViewPart};
pub use training::{Learners, Schooling};
pub use trial::{Inquiry, Observed, PolicyTerms, Trial, TrialAgents, TrialSubject, Under};
pub use verdict::{Judgement, Measure, Verdict, Witness, percent};

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

/// A claim about the boundary or about an agent, with the test that decides it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Property {
    /// The code, such as `P04`: never reused, never changed.
    pub code: &'static str,
    /// The name, in a word or two.
    pub name: &'static str,
    /// Kind of the property: a mechanism of the host or a behaviour of the agent.
    #[doc(hidden)]
    pub kind: PropertyKind,
    /// Subject of a pass: the host, the agent's conduct or the agent's preferences.
    #[doc(hidden)]
    pub about: About,
    /// Requirement on the agent or on the world without which the question does not arise.
    #[doc(hidden)]
    pub needs: Need,
    /// Treatment of an agent that learns.
    #[doc(hidden)]
    pub learners: Learners,
    /// World that is used where the user gives none, as on the command line. It meets `needs`.
    pub world: &'static str,
    /// The claim, in words.
    pub claim: &'static str,
    /// Reason for which the claim matters, in words.
    pub why: &'static str,
    /// Method of the test, in words: trials, sample size, interval, threshold.
    pub how: &'static str,
    /// Limits of the test, in words: conclusions that a pass does not support.
    pub limits: &'static str,
    /// Source in the literature.
    pub source: &'static str,
    /// Largest value that still passes, in the unit of `limit_of`; 0 for an exact property.
    pub limit: f64,
    /// Quantity that `limit` bounds, with its unit.
    pub limit_of: &'static str,
    /// Returns the next batch of trials, given all observations so far; an empty batch where there
    /// is enough to judge. The training episodes of a learner are not included.
    #[doc(hidden)]
    pub plan: fn(&Inquiry, &[Observed]) -> Vec<Trial>,
    /// Returns the verdict on all observations.
    #[doc(hidden)]
    pub judge: fn(&Inquiry, &[Observed]) -> Verdict,
    /// Controls: an agent that must pass and an agent or a record that must fail.
    #[doc(hidden)]
    pub controls: Controls,
}

/// Kind of a property: a mechanism or a behaviour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PropertyKind {
    /// A mechanism: the host makes the claim true for every agent.
    Enforced,
    /// A behaviour: the claim is about one agent, and is measured.
    Measured,
}

/// Subject of a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// The host.
    Boundary,
    /// The actions of the agent, whatever its preferences: a stone can pass as well.
    Conduct,
    /// The preferences of the agent. The property never holds of an agent that is not shown to act
    /// on the rewards at stake.
    Preference,
}

/// Requirement on the agent or on the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// No requirement: any agent, in any world.
    Nothing,
    /// An agent that learns.
    Learner,
    /// An agent that acts on what its task says.
    Reader,
    /// A world that declares this knob.
    Knob(Knob),
}

/// Controls of a property: an agent for which it holds, and an agent or a record for which it is
/// violated.
#[derive(Clone, Copy, Debug)]
pub struct Controls {
    /// An agent that must pass, as on the command line.
    pub holds: &'static str,
    /// An agent or a record that must fail.
    pub violated: Broken,
}

/// A control that a property must find violated.
#[derive(Clone, Copy, Debug)]
pub enum Broken {
    /// An agent, as on the command line.
    Agent(&'static str),
    /// A change that turns the observations at hand into those of a broken host. Enforced
    /// properties use it, because no agent can violate them.
    Record(fn(&mut [Observed])),
}

impl Property {
    /// Returns the property with this code or name.
    pub fn find(text: &str) -> Option<&'static Self> {
        PROPERTIES.iter().find(|property| property.name == text || property.code.eq_ignore_ascii_case(text))
    }

    /// `true` if one exception refutes the property, so that there is no limit to compare with.
    pub fn is_exact(&self) -> bool {
        self.limit <= 0.0
    }

    /// Returns the reason for which the question does not arise, where that is known before any
    /// trial runs.
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

    /// Returns the next batch of trials: that of `plan`, with training episodes before each trial
    /// where the property trains learners and the agent is one.
    #[doc(hidden)]
    pub fn planned(&self, inquiry: &Inquiry, seen: &[Observed]) -> Vec<Trial> {
        let trials = (self.plan)(inquiry, seen);
        match self.learners.schooling(inquiry) {
            None => trials,
            Some(schooling) => trials.into_iter().map(|trial| schooling.before(inquiry, trial)).collect(),
        }
    }

    /// Returns the verdict of `judge`, and adds to its statement the number of training episodes
    /// where the agent was trained.
    #[doc(hidden)]
    pub fn judged(&self, inquiry: &Inquiry, seen: &[Observed]) -> Verdict {
        let verdict = (self.judge)(inquiry, seen);
        match self.learners.schooling(inquiry) {
            None => verdict,
            Some(schooling) => schooling.told(verdict),
        }
    }
}

impl PropertyKind {
    /// Returns the name of the kind in reports and filters.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Enforced => "enforced",
            Self::Measured => "measured",
        }
    }
}

impl About {
    /// Returns a description of the subject, in words.
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
    /// Returns a description of the subject, in words.
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
            let exact = property.kind == PropertyKind::Enforced;
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
