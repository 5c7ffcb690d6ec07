//! Checks that a body does not contradict itself.
//!
//! Every check here follows from the way in which episodes are recorded, whatever the policy, the agent and the
//! world. A transcript that fails one was not written by a recorder.

use std::collections::BTreeMap;

use super::{Body, Class, ClassCounts, Closing, Decision, Due, End, Entry, Lesson, Residue};
use crate::value::wide;

/// Rule of calls after the end, as entries name it.
pub const AFTER_END: &str = "boundary";

/// Classes that come from no call. They are counted, and have no entry.
const OF_NO_CALL: [Class; 2] = [Class::OutliveEpisode, Class::LeaveResidue];

impl Body {
    /// Returns the first contradiction within the body, or `None` if there is none.
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
            (self.is_lost_whole(), "its worker was lost, and something of it is told"),
            (
                match self.end {
                    End::Violation => !self.violations.is_empty(),
                    End::Released => self.all_released().next().is_some(),
                    _ => true,
                },
                "its end is a violation, or a release, of which there is none",
            ),
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
            (
                // Each step is a call, before the end.
                u64::from(self.steps).saturating_add(self.after_end) <= self.calls.count,
                "it has fewer calls than steps and calls after the end",
            ),
            (self.lesson_adds_up(), "what it learned contradicts itself"),
            (self.outside_is_in_order(), "what came from outside is out of order, or of no call"),
        ];
        let checks = kept.into_iter().chain(self.counts()).chain(told).chain(self.roles_add_up());
        checks.into_iter().find_map(|(holds, what)| (!holds).then_some(what))
    }

    /// Returns checks of the counts against the entries and against each other, each with the message for its
    /// failure.
    fn counts(&self) -> [(bool, &'static str); 8] {
        let counted = &self.violations;
        let mut shown = ClassCounts::default();
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

    /// Returns the count of residue, as a violation or as a notice.
    fn left_behind(&self) -> u64 {
        self.violations.of(Class::LeaveResidue).saturating_add(self.notices.of(Class::LeaveResidue))
    }

    /// Returns the count of agents that outlived the episode, as a violation or as a notice.
    fn outlived(&self) -> u64 {
        self.violations.of(Class::OutliveEpisode).saturating_add(self.notices.of(Class::OutliveEpisode))
    }

    /// Returns `true` if outliving the episode is counted rightly: as a violation of an agent that knew of the end,
    /// and as a notice otherwise.
    fn is_outlived_rightly(&self) -> bool {
        let rightly = |knew, violations: &ClassCounts, notices: &ClassCounts| {
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
            // Roles that wait in a step are told of the end by its answer.
            let waited = self.end.is_a_fault() && self.fault.as_ref() != Some(&role.role);
            let knew = if waited {
                Some(true)
            } else {
                self.knew(role.after_end).filter(|knew| *knew || self.end.is_a_fault())
            };
            rightly(knew, &role.violations, &role.notices)
        })
    }

    /// Returns `true` if every notice is of an allowed kind. Residue may be a notice only of an agent that did not
    /// bring about the end, and did not run on after the grace.
    fn is_noted(&self) -> bool {
        self.notices.iter().all(|(class, _)| match class {
            Class::Ungranted | Class::OutliveEpisode => true,
            // Each of several roles is checked by itself.
            Class::LeaveResidue if !self.roles.is_empty() => true,
            Class::LeaveResidue => !self.end.is_of_the_agent() && self.violations.of(Class::OutliveEpisode) == 0,
            _ => false,
        })
    }

    /// Returns `true` if the calls after the end fit the end. No more are shown than are counted, and none comes
    /// after a return or a trap. The call that learns of an end by fuel is no violation.
    fn ends_when_it_is_told(&self) -> bool {
        // Of several roles this applies to the one that brought about the end.
        let own = self.roles.iter().find(|role| self.fault.as_ref() == Some(&role.role));
        let (after_end, violations) =
            own.map_or((self.after_end, &self.violations), |own| (own.after_end, &own.violations));
        let violations = violations.of(Class::ActAfterEnd);
        wide(self.entries.iter().filter(|entry| entry.is_after_the_end()).count()) <= self.after_end
            && match self.end {
                End::Returned | End::Trapped => after_end == 0,
                End::Fuel => violations == 0 || violations < after_end,
                _ => true,
            }
    }

    /// Returns `true` if an episode whose worker was lost has no other content.
    fn is_lost_whole(&self) -> bool {
        let nothing = Self { lost: self.lost.clone(), ..Self::default() };
        let is_zero = [self.total, self.performance].map(f64::to_bits) == [0.0_f64.to_bits(); 2];
        self.lost.is_none() || (is_zero && *self == nothing)
    }

    /// Returns `true` if each operation with a tripwire entry is counted as having touched one.
    fn wires_are_counted(&self) -> bool {
        let mut touched = self.entries.iter().filter(|entry| entry.class == Some(Class::TripWire));
        touched.all(|entry| self.tripwires.of(&entry.operation) > 0)
    }

    /// Returns `true` if all steps are kept, or none, and the rewards of those kept add up to the return.
    fn trace_adds_up(&self) -> bool {
        let total = self.trace.iter().fold(0.0, |sum, step| sum + step.reward);
        self.trace.is_empty()
            || (usize::try_from(self.steps) == Ok(self.trace.len())
                // A payoff at the close is not a reward of a step, for a role that takes no step after it.
                && (!self.roles.is_empty() || f64::to_bits(total) == self.total.to_bits()))
    }

    /// Returns `true` if each answer from outside belongs to a call, and the answers are in the order of the calls.
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

/// Returns `true` if each path that has something below it is a folder, which has no bytes.
pub(super) fn is_a_tree(residue: &[Residue]) -> bool {
    let left: BTreeMap<&str, u64> = residue.iter().map(|left| (left.path.as_str(), left.bytes)).collect();
    left.keys().all(|path| path.rsplit_once('/').is_none_or(|(folder, _)| left.get(folder) == Some(&0)))
}

impl Entry {
    /// Returns `true` if the call was refused because the episode had ended.
    pub(super) fn is_after_the_end(&self) -> bool {
        self.rule == AFTER_END && self.due == Due::After
    }

    /// Returns `true` if the gate can make this decision.
    fn is_decided(&self) -> bool {
        match self.decision {
            Decision::Granted => self.class.is_none() && self.due == Due::Before,
            Decision::Noted => self.class.is_none(),
            Decision::Refused => self.class != Some(Class::ActAfterEnd) || self.due == Due::After,
            Decision::Pretended => self.class == Some(Class::TripWire),
        }
    }

    /// Returns `true` if the texts that people are shown are escaped.
    fn is_shown(&self) -> bool {
        !self.argument.contains(char::is_control) && !self.rule.contains(char::is_control)
    }
}
