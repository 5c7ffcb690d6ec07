//! What a policy comes to, as plain data that the gate decides with.

use crate::transcript::{Class, Operation};

/// What a grant does with a call.
///
/// In the order of what they allow: a rule may only move a decision up this list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// The call is refused and recorded.
    Deny,
    /// The call is answered as if it had worked, has no effect, and is recorded.
    Tripwire,
    /// The call is done, within the limits of the grant.
    Grant,
}

impl Mode {
    /// Its name in policies.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Tripwire => "tripwire",
            Self::Grant => "grant",
        }
    }
}

/// What a violation leads to, beyond its refusal and its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Consequence {
    /// Nothing more.
    Record,
    /// The episode ends.
    End,
    /// The episode ends, and the run has no further one.
    Quarantine,
    /// The run goes on, and exits with 1.
    Fail,
}

impl Consequence {
    /// Its name in policies.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::End => "end",
            Self::Quarantine => "quarantine",
            Self::Fail => "fail",
        }
    }
}

/// Whether a release ends the episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Release {
    /// The episode goes on.
    GoesOn,
    /// Opening the door ends the episode (Cohen, Vellambi and Hutter, "Asymptotically Unambitious AGI").
    Ends,
}

/// What each class of violation leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Consequences([Consequence; Class::ALL.len()]);

impl Consequences {
    /// The same for every class.
    pub const fn all(consequence: Consequence) -> Self {
        Self([consequence; Class::ALL.len()])
    }

    /// What `class` leads to.
    pub fn of(&self, class: Class) -> Consequence {
        self.0.get(class.index()).copied().unwrap_or(Consequence::Quarantine)
    }

    /// Let `class` lead to `consequence`.
    pub fn set(&mut self, class: Class, consequence: Consequence) {
        if let Some(slot) = self.0.get_mut(class.index()) {
            *slot = consequence;
        }
    }
}

/// A refinement of a grant: where it matches, the decision is no looser than `decision`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Where it stands in the policy, such as `rules[0]`.
    pub place: String,
    /// The operation it is about; every operation of the capability without one.
    pub operation: Option<Operation>,
    /// The name it is about: of a tool, a recipient, a path.
    pub name: Option<String>,
    /// It applies once more than so many steps have been taken.
    pub after_step: Option<u32>,
    /// It applies while fewer than so many steps have been taken.
    pub before_step: Option<u32>,
    /// What it decides: [`Mode::Deny`] or [`Mode::Tripwire`].
    pub decision: Mode,
}

impl Rule {
    fn matches(&self, operation: Operation, name: Option<&str>, step: u32) -> bool {
        self.operation.is_none_or(|wanted| wanted == operation)
            && self.name.as_deref().is_none_or(|wanted| Some(wanted) == name)
            && self.after_step.is_none_or(|after| step > after)
            && self.before_step.is_none_or(|before| step < before)
    }
}

/// What the policy says about one capability.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warrant {
    /// The mode of its grant.
    pub mode: Mode,
    /// Where that stands, such as `grants.outbox.mode`.
    pub place: String,
    /// The rules about it, in the order of the policy.
    pub rules: Vec<Rule>,
}

impl Warrant {
    /// The decision on a call, and the place in the policy that made it.
    ///
    /// The tightest of the mode and of every rule that matches; of several equally tight ones, the first.
    #[inline]
    pub fn decide(&self, operation: Operation, name: Option<&str>, step: u32) -> (Mode, &str) {
        let mut decided = (self.mode, self.place.as_str());
        for rule in &self.rules {
            if rule.decision < decided.0 && rule.matches(operation, name, step) {
                decided = (rule.decision, rule.place.as_str());
            }
        }
        decided
    }

    /// Whether some call of `operation` at this step, whatever name it has, is decided so by the line at `place`.
    pub fn can_decide(&self, operation: Operation, step: u32, mode: Mode, place: &str) -> bool {
        self.decisions(operation, step).any(|decided| decided == (mode, place))
    }

    /// Whether some call of `operation` at this step, whatever name it has, is decided so.
    pub fn can_be(&self, operation: Operation, step: u32, mode: Mode) -> bool {
        self.decisions(operation, step).any(|(decided, _)| decided == mode)
    }

    /// Whether a call of `operation` that has no name is granted at some step up to `steps`.
    pub fn grants_within(&self, operation: Operation, steps: u32) -> bool {
        // Nothing changes but where a rule begins or ceases to apply.
        let turns = self
            .rules
            .iter()
            .flat_map(|rule| [rule.after_step.and_then(|after| after.checked_add(1)), rule.before_step]);
        let mut turns = std::iter::once(0).chain(turns.flatten()).filter(|turn| *turn <= steps);
        turns.any(|step| self.decide(operation, None, step).0 == Mode::Grant)
    }

    /// Every decision on calls of `operation` at this step, whatever name they have.
    fn decisions(&self, operation: Operation, step: u32) -> impl Iterator<Item = (Mode, &str)> {
        let names = self.rules.iter().map(|rule| rule.name.as_deref());
        std::iter::once(None).chain(names).map(move |name| self.decide(operation, name, step))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transcript::Weight;

    const CALL: Operation = Operation { capability: "tools", name: "call", code: 0, weight: Weight::Heavy };
    const LIST: Operation = Operation { capability: "tools", name: "available", code: 1, weight: Weight::Light };

    fn rule(place: &str, decision: Mode) -> Rule {
        Rule { place: place.into(), operation: None, name: None, after_step: None, before_step: None, decision }
    }

    #[test]
    fn the_tightest_rule_that_matches_decides() {
        let warrant = Warrant {
            mode: Mode::Grant,
            place: "grants.tools.mode".into(),
            rules: vec![
                Rule { name: Some("search".into()), after_step: Some(3), ..rule("rules[0]", Mode::Deny) },
                Rule { operation: Some(CALL), before_step: Some(2), ..rule("rules[1]", Mode::Tripwire) },
                Rule { name: Some("search".into()), after_step: Some(4), ..rule("rules[2]", Mode::Deny) },
            ],
        };
        assert_eq!(warrant.decide(CALL, Some("search"), 3), (Mode::Grant, "grants.tools.mode"));
        assert_eq!(warrant.decide(CALL, Some("search"), 4), (Mode::Deny, "rules[0]"));
        assert_eq!(warrant.decide(CALL, Some("search"), 5), (Mode::Deny, "rules[0]"));
        assert_eq!(warrant.decide(CALL, Some("other"), 5), (Mode::Grant, "grants.tools.mode"));
        assert_eq!(warrant.decide(CALL, Some("other"), 1), (Mode::Tripwire, "rules[1]"));
        assert_eq!(warrant.decide(LIST, None, 1), (Mode::Grant, "grants.tools.mode"));
    }

    #[test]
    fn no_rule_loosens_a_grant() {
        let warrant = Warrant {
            mode: Mode::Deny,
            place: "grants.tools.mode".into(),
            rules: vec![rule("rules[0]", Mode::Tripwire)],
        };
        assert_eq!(warrant.decide(CALL, None, 0).0, Mode::Deny);
    }
}
