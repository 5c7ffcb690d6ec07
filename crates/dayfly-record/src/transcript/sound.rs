//! Whether what a body says fits together.
//!
//! What is held here follows from how an episode is recorded, whatever its policy, its agent and its world are. A transcript that breaks
//! one of these was not written by a recorder.

use std::collections::BTreeMap;

use super::{Body, Class, Closing, Decision, Due, End, Entry, Lesson, Residue, Tally};
use crate::value::wide;

/// The rule of what is called after the end, as entries name it.
pub const AFTER_END: &str = "boundary";

/// Classes that no call is of: they are counted, and have no entry.
const OF_NO_CALL: [Class; 2] = [Class::OutliveEpisode, Class::LeaveResidue];

impl Body {
    /// What in it cannot be where the rest is as it is; nothing where it all fits together.
    pub fn contradiction(&self) -> Option<&'static str> {
        let entries = self.entries.as_slice();
        let kept = [
            (entries.is_sorted_by(|one, next| one.ordinal < next.ordinal), "its entries are not in order"),
            (entries.iter().all(|entry| entry.ordinal < self.calls.count), "it has an entry of no call"),
            (entries.iter().all(|entry| entry.step <= self.steps), "it has an entry after its last step"),
            (self.wires_are_counted(), "a tripwire is shown that was not counted"),
            (entries.iter().all(Entry::is_decided), "an entry contradicts itself"),
            (entries.iter().all(Entry::is_shown), "an entry is not escaped"),
        ];
        let told = [
            (
                self.cause.is_some() == (self.closing == Closing::Trapped),
                "it has a cause without a trap, or a trap without one",
            ),
            (self.lost.is_none() || self.end == End::Aborted, "its worker was lost, and it was not aborted"),
            (
                self.end != End::Trapped || self.has_left_by(Closing::Trapped),
                "its end is a trap that it did not leave by",
            ),
            (
                self.end != End::Returned || self.has_left_by(Closing::Returned),
                "its end is a return that it did not leave by",
            ),
            (self.ends_when_it_is_told(), "its calls after the end are not those that its end admits"),
            (self.is_outlived_rightly(), "whether it was told of its end is not what is counted"),
            (is_a_tree(&self.residue), "something was left in a folder that was not"),
            (self.trace_adds_up(), "its steps do not add up to its return"),
            (self.lesson_adds_up(), "what it learned contradicts itself"),
            (self.outside_is_in_order(), "what came from outside is out of order, or of no call"),
        ];
        let checks = kept.into_iter().chain(self.counts()).chain(told).chain(self.roles_add_up());
        checks.into_iter().find_map(|(holds, what)| (!holds).then_some(what))
    }

    /// The counts beside what is shown, and beside each other.
    fn counts(&self) -> [(bool, &'static str); 8] {
        let counted = &self.violations;
        let mut shown = Tally::default();
        self.entries.iter().filter_map(|entry| entry.class).for_each(|class| shown.add(class));
        let returned = wide(self.all_learned().filter(|learned| learned.outcome == Lesson::Refused).count());
        let of_calls = |class| match class {
            class if OF_NO_CALL.contains(&class) => 0,
            Class::CarryUndeclared => counted.of(class).saturating_sub(returned),
            class => counted.of(class),
        };
        let length = wide(self.entries.len());
        let recorded = length.saturating_add(self.entries_cut);
        let unseen = Class::ALL.into_iter().map(|class| of_calls(class).saturating_sub(shown.of(class)));
        let noted = self.entries.iter().filter(|entry| entry.decision == Decision::Noted).count();
        let noted = u64::try_from(noted).unwrap_or(u64::MAX);
        let asked = self.notices.of(Class::Ungranted);
        let unseen = unseen.fold(asked.saturating_sub(noted), u64::saturating_add);
        [
            (noted <= asked, "fewer notices are counted than are shown"),
            (self.is_noted(), "what was left behind is counted as a notice, and is none"),
            (
                Class::ALL.into_iter().all(|class| shown.of(class) <= of_calls(class)),
                "fewer violations are counted than are shown",
            ),
            (
                Class::ALL.into_iter().all(|class| of_calls(class) == 0 || shown.of(class) > 0),
                "a violation is counted and none is shown",
            ),
            (unseen <= self.entries_cut, "violations or notices are neither shown nor cut"),
            (
                recorded <= self.calls.count && self.after_end <= recorded,
                "there are more decisions than calls, or fewer than came after the end",
            ),
            (
                counted.of(Class::TripWire) == self.tripwires.total()
                    && counted.of(Class::ActAfterEnd) <= self.after_end,
                "its tripwires or its calls after the end are not those that are counted as violations",
            ),
            (
                self.end == End::Aborted
                    || (self.left_behind() == self.of_roles(|role| !role.residue.is_empty(), !self.residue.is_empty())
                        && self.outlived()
                            == self
                                .of_roles(|role| role.closing == Closing::Outlived, self.closing == Closing::Outlived)),
                "what was left behind, or outlived, is not counted",
            ),
        ]
    }

    /// How often it is counted that something was left behind: as a violation or as a notice.
    fn left_behind(&self) -> u64 {
        self.violations.of(Class::LeaveResidue).saturating_add(self.notices.of(Class::LeaveResidue))
    }

    /// How often it is counted that somebody outlived it: as a violation or as a notice.
    fn outlived(&self) -> u64 {
        self.violations.of(Class::OutliveEpisode).saturating_add(self.notices.of(Class::OutliveEpisode))
    }

    /// Whether who outlived it is counted as what it is: a violation where the agent knew of the end, and a notice where it did not.
    fn is_outlived_rightly(&self) -> bool {
        let rightly = |knew, violations: &Tally, notices: &Tally| {
            let wrong = match knew {
                None => return true,
                Some(true) => notices,
                Some(false) => violations,
            };
            wrong.of(Class::OutliveEpisode) == 0
        };
        if self.roles.is_empty() {
            return rightly(self.knew(self.after_end), &self.violations, &self.notices);
        }
        self.roles.iter().all(|role| {
            // Of several roles those that wait in a step are told of the end by its answer.
            let waited = self.end.is_a_fault() && self.fault.as_ref() != Some(&role.role);
            let knew = if waited {
                Some(true)
            } else {
                self.knew(role.after_end).filter(|knew| *knew || self.end.is_a_fault())
            };
            rightly(knew, &role.violations, &role.notices)
        })
    }

    /// Whether nothing is a notice but what a runtime asks, and what was left by an agent that did not bring about the end and went on for
    /// no longer than it may.
    fn is_noted(&self) -> bool {
        self.notices.iter().all(|(class, _)| match class {
            Class::Ungranted | Class::OutliveEpisode => true,
            // Of several roles each is looked at by itself.
            Class::LeaveResidue if !self.roles.is_empty() => true,
            Class::LeaveResidue => !self.end.is_of_the_agent() && self.violations.of(Class::OutliveEpisode) == 0,
            _ => false,
        })
    }

    /// Whether no more calls after the end are shown than are counted, none comes after a return or a trap, and the one that is told of the
    /// end, which fuel brought about, is no violation.
    fn ends_when_it_is_told(&self) -> bool {
        let is_after = |entry: &&Entry| entry.rule == AFTER_END && entry.due == Due::After;
        // Of several roles it is so for the one that brought about the end.
        let own = self.roles.iter().find(|role| self.fault.as_ref() == Some(&role.role));
        let (after_end, violations) =
            own.map_or((self.after_end, &self.violations), |own| (own.after_end, &own.violations));
        let violations = violations.of(Class::ActAfterEnd);
        wide(self.entries.iter().filter(is_after).count()) <= self.after_end
            && match self.end {
                End::Returned | End::Trapped => after_end == 0,
                End::Fuel => violations == 0 || violations < after_end,
                _ => true,
            }
    }

    /// Whether each operation that touched a tripwire is counted.
    fn wires_are_counted(&self) -> bool {
        let mut touched = self.entries.iter().filter(|entry| entry.class == Some(Class::TripWire));
        touched.all(|entry| self.tripwires.of(&entry.operation) > 0)
    }

    /// Whether the steps that are kept are all, or none, and the rewards among them the return.
    fn trace_adds_up(&self) -> bool {
        let total = self.trace.iter().fold(0.0, |sum, step| sum + step.reward);
        self.trace.is_empty()
            || (usize::try_from(self.steps) == Ok(self.trace.len())
                // What roles are paid at the close is no reward of a step for who takes none after it.
                && (!self.roles.is_empty() || f64::to_bits(total) == self.total.to_bits()))
    }

    /// Whether each answer from outside is one to a call, and they stand in the order of the calls.
    fn outside_is_in_order(&self) -> bool {
        self.outside.is_sorted_by(|one, next| one.ordinal < next.ordinal)
            && self.outside.iter().all(|one| one.ordinal < self.calls.count)
            && (self.outside.is_empty() || !self.reproducible)
    }

    fn lesson_adds_up(&self) -> bool {
        self.all_learned().all(|learned| match learned.outcome {
            Lesson::Carried => true,
            Lesson::Refused => learned.bytes > 0 && self.violations.of(Class::CarryUndeclared) > 0,
            Lesson::Trapped | Lesson::Exhausted | Lesson::Stopped | Lesson::Overtime => learned.bytes == 0,
            Lesson::Withheld => self.end == End::Wall && learned.bytes == 0 && learned.fuel == 0,
        })
    }
}

/// Whether each place that has something below it is a folder, which has no bytes.
pub(super) fn is_a_tree(residue: &[Residue]) -> bool {
    let left: BTreeMap<&str, u64> = residue.iter().map(|left| (left.path.as_str(), left.bytes)).collect();
    left.keys().all(|path| path.rsplit_once('/').is_none_or(|(folder, _)| left.get(folder) == Some(&0)))
}

impl Entry {
    /// Whether there is such a decision.
    fn is_decided(&self) -> bool {
        match self.decision {
            Decision::Granted => self.class.is_none() && self.due == Due::Before,
            Decision::Noted => self.class.is_none(),
            Decision::Refused => self.class != Some(Class::ActAfterEnd) || self.due == Due::After,
            Decision::Pretended => self.class == Some(Class::TripWire),
        }
    }

    /// Whether what people are shown of it was escaped.
    fn is_shown(&self) -> bool {
        !self.argument.contains(char::is_control) && !self.rule.contains(char::is_control)
    }
}
