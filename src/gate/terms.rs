//! The terms of a policy, as plain data that the gate decides with.

use crate::transcript::{Class, Operation};

/// Mode of a grant: the treatment of its calls.
///
/// The modes are ordered from strict to free. A rule can only make a decision stricter.
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
    /// Returns the name of the mode in policies.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Tripwire => "tripwire",
            Self::Grant => "grant",
        }
    }
}

/// Consequence of a violation, beyond its refusal and its record.
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
    /// Returns the name of the consequence in policies.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::End => "end",
            Self::Quarantine => "quarantine",
            Self::Fail => "fail",
        }
    }
}

/// Effect of a release on the episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Release {
    /// The episode goes on.
    GoesOn,
    /// The release ends the episode, as opening the door does in Cohen, Vellambi and Hutter, "Asymptotically
    /// Unambitious AGI".
    Ends,
}

/// Consequence of each class of violation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Consequences([Consequence; Class::ALL.len()]);

impl Consequences {
    /// Returns the same consequence for every class.
    pub const fn all(consequence: Consequence) -> Self {
        Self([consequence; Class::ALL.len()])
    }

    /// Returns the consequence of `class`.
    pub fn of(&self, class: Class) -> Consequence {
        self.0.get(class.index()).copied().unwrap_or(Consequence::Quarantine)
    }

    /// Sets the consequence of `class`.
    pub fn set(&mut self, class: Class, consequence: Consequence) {
        if let Some(slot) = self.0.get_mut(class.index()) {
            *slot = consequence;
        }
    }
}

/// Refinement of a grant: where it matches, the decision is at least as strict as `decision`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Place in the policy, such as `rules[0]`.
    pub place: String,
    /// Operation that it applies to, or `None` for every operation of the capability.
    pub operation: Option<Operation>,
    /// Name that it applies to: of a tool, a recipient, a path.
    pub name: Option<String>,
    /// Number of steps; the rule applies once more have been taken.
    pub after_step: Option<u32>,
    /// Number of steps; the rule applies while fewer have been taken.
    pub before_step: Option<u32>,
    /// Decision of the rule: [`Mode::Deny`] or [`Mode::Tripwire`].
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

/// Warrant of one capability: the part of the policy that decides on its calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warrant {
    /// Mode of its grant.
    pub mode: Mode,
    /// Place of the mode in the policy, such as `grants.outbox.mode`.
    pub place: String,
    /// Rules for the capability, in the order of the policy.
    pub rules: Vec<Rule>,
}

impl Warrant {
    /// Returns the decision on a call, and the place in the policy that made it.
    ///
    /// The decision is the strictest of the mode and of every matching rule. Of several equally strict ones, the
    /// first counts.
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

    /// Returns `true` if the line at `place` decides so on some call of `operation` at this step, whatever its name.
    pub fn can_decide(&self, operation: Operation, step: u32, mode: Mode, place: &str) -> bool {
        self.decisions(operation, step).any(|decided| decided == (mode, place))
    }

    /// Returns `true` if some call of `operation` at this step is decided so, whatever its name.
    pub fn can_be(&self, operation: Operation, step: u32, mode: Mode) -> bool {
        self.decisions(operation, step).any(|(decided, _)| decided == mode)
    }

    /// Returns `true` if a call of `operation` without a name is granted at some step up to `steps`.
    pub fn grants_within(&self, operation: Operation, steps: u32) -> bool {
        // Decisions change only at steps where a rule begins or ceases to apply.
        let turns = self
            .rules
            .iter()
            .flat_map(|rule| [rule.after_step.and_then(|after| after.checked_add(1)), rule.before_step]);
        let mut turns = std::iter::once(0).chain(turns.flatten()).filter(|turn| *turn <= steps);
        turns.any(|step| self.decide(operation, None, step).0 == Mode::Grant)
    }

    /// Returns every decision on calls of `operation` at this step, whatever their names.
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
