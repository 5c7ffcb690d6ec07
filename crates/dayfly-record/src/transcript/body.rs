//! The body of a transcript: the course and the result of an episode.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Class, ClassCounts, Closing, Decision, End, Entry, Outside, Role, RoleBody, Step, Touched};
use crate::value::{Digest, wide};

/// Course and result of an episode, from its opening to its lesson.
///
/// It is the second part of a line of the ledger. Fields that would be empty are left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// Reason for the end of the episode.
    pub end: End,
    /// The role that ended it by leaving, a release, trapping, using up its fuel or a violation, where several roles act in it and one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<Role>,
    /// Reason for the loss of the worker process, where the episode was aborted for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost: Option<Cow<'static, str>>,
    /// `true` if the whole body follows from the seed; left out where it does.
    #[serde(default = "follows", skip_serializing_if = "is_true")]
    pub reproducible: bool,
    /// Closing of the agent. Of several roles, it is the first in this list that any role has: stopped, trapped,
    /// outlived, returned.
    pub closing: Closing,
    /// Message of the trap, where the agent trapped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// Number of steps taken.
    pub steps: u32,
    /// Sum of the rewards, undiscounted; final from the boundary on.
    #[serde(rename = "return")]
    pub total: f64,
    /// Hidden performance, which the agent is never shown.
    pub performance: f64,
    /// Amount of fuel used, up to the close.
    pub fuel: u64,
    /// Count and digest of every call.
    pub calls: Calls,
    /// Number of requests of each class of violation; exact.
    #[serde(default, skip_serializing_if = "ClassCounts::is_empty")]
    pub violations: ClassCounts,
    /// Number of notices of each class; exact. A notice would be a violation, had the agent been able to avoid it.
    /// There are three: residue of an agent that could not know of the end (`leave-residue`), a stop that the agent
    /// had not heard of (`outlive-episode`), and calls that a language runtime makes by itself (`ungranted`).
    #[serde(default, skip_serializing_if = "ClassCounts::is_empty")]
    pub notices: ClassCounts,
    /// Number of calls that touched a tripwire, by operation; exact.
    #[serde(default, skip_serializing_if = "Touched::is_empty")]
    pub tripwires: Touched,
    /// Number of calls after the boundary, which were refused; exact.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub after_end: u64,
    /// Decisions that are kept in full.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<Entry>,
    /// Number of decisions that are not kept in `entries`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub entries_cut: u64,
    /// Each step, where the policy keeps steps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trace: Vec<Step>,
    /// Answers from outside, in the order of the calls. They are kept whatever the policy says of steps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outside: Vec<Outside>,
    /// Texts that the agent wrote to its log.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<String>,
    /// Messages that were released at the close.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub released: Vec<Message>,
    /// Files and folders that were left in the workspace, before it was wiped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub residue: Vec<Residue>,
    /// Result of `learn`, where the policy declares a carry-over and the agent learns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learned: Option<Learned>,
    /// Body of each role, in order, where there are several. The log, messages, residue and lessons then stand here,
    /// and not above.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<RoleBody>,
}

impl Default for Body {
    /// Returns the body of an episode that was aborted before anything of it is known.
    fn default() -> Self {
        Self {
            end: End::Aborted,
            fault: None,
            lost: None,
            reproducible: false,
            closing: Closing::Stopped,
            cause: None,
            steps: 0,
            total: 0.0,
            performance: 0.0,
            fuel: 0,
            calls: Calls { count: 0, digest: Digest::of(&[]) },
            violations: ClassCounts::default(),
            notices: ClassCounts::default(),
            tripwires: Touched::default(),
            after_end: 0,
            entries: Vec::new(),
            entries_cut: 0,
            trace: Vec::new(),
            outside: Vec::new(),
            log: Vec::new(),
            released: Vec::new(),
            residue: Vec::new(),
            learned: None,
            roles: Vec::new(),
        }
    }
}

impl Body {
    /// Returns `true` if nothing but the seed influenced the agent's course, closing and lesson: no clock, operator
    /// or host, and nothing from outside.
    pub fn follows_from_its_seed(&self) -> bool {
        self.outside.is_empty()
        // In its grace only the wall clock or the operator stops an agent.
            && !self.end.is_hurried()
            && self.closing != Closing::Stopped
            && !self.all_learned().any(|learned| learned.outcome.is_hurried())
    }

    /// Returns `true` if an agent that made this many calls after the end knew of the end before it was stopped.
    /// Returns `None` where the record does not tell.
    pub(super) const fn knew(&self, after_end: u64) -> Option<bool> {
        match self.end {
            _ if after_end > 0 => Some(true),
            // The first call after such an end tells the agent.
            End::Fuel | End::Wall => Some(false),
            // A tripwire answers as if nothing had happened.
            End::Violation => None,
            _ => Some(true),
        }
    }

    /// Returns `true` if the body has members that records of version 1 do not have: roles, or answers from outside.
    pub fn is_of_version_2(&self) -> bool {
        !self.roles.is_empty() || !self.outside.is_empty()
    }

    /// Returns the number of invalid calls before the boundary, such as actions that the world does not have. An
    /// invalid call is refused, and is no violation. The number is exact, whatever was cut.
    ///
    /// Every heavy call that was granted is one entry, kept or cut, and so is every call that was refused, noted or
    /// pretended. Invalid calls are the rest once all other kinds are subtracted.
    pub fn invalid(&self) -> u64 {
        let granted = wide(self.entries.iter().filter(|entry| entry.decision == Decision::Granted).count());
        // Two classes come from no call, and neither does a carry-over that `learn` returned.
        let no_call = [Class::OutliveEpisode, Class::LeaveResidue].map(|class| self.violations.of(class));
        let returned = wide(self.all_learned().filter(|learned| learned.outcome == Lesson::Refused).count());
        let violations = self.violations.iter().fold(0_u64, |sum, (_, count)| sum.saturating_add(count));
        let called = no_call.into_iter().chain([returned]).fold(violations, u64::saturating_sub);
        let notices = self.after_end.saturating_sub(self.violations.of(Class::ActAfterEnd));
        let notices = notices.saturating_add(self.notices.of(Class::Ungranted));
        let all = wide(self.entries.len()).saturating_add(self.entries_cut);
        [granted, called, notices].into_iter().fold(all, u64::saturating_sub)
    }

    /// Returns the first entry of an invalid call that is kept.
    pub fn first_invalid(&self) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.is_invalid())
    }
}

/// Every call of an episode, in their order: how many, and the digest of their operations, arguments, decisions and outcomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calls {
    /// Number of calls.
    pub count: u64,
    /// SHA-256 over the framed calls.
    pub digest: Digest,
}

/// Message that left the box.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// Name of the recipient.
    pub recipient: String,
    /// Bytes of the message, in base64.
    #[serde(serialize_with = "base64", deserialize_with = "from_base64")]
    pub body: Vec<u8>,
}

/// File or folder that was left in the workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Residue {
    /// Path in the workspace.
    pub path: String,
    /// Number of bytes of a file; 0 for a folder.
    pub bytes: u64,
}

/// Result of `learn`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Learned {
    /// Outcome for the carry-over.
    pub outcome: Lesson,
    /// Number of bytes that `learn` returned.
    pub bytes: u64,
    /// Digest of the next episode's carry-over.
    pub carry_over: Digest,
    /// Amount of fuel that `learn` used.
    pub fuel: u64,
}

/// Outcome of a lesson for the carry-over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lesson {
    /// The returned bytes are the next episode's carry-over.
    Carried,
    /// `learn` returned more than the policy declares: the carry-over stays as it was.
    Refused,
    /// `learn` trapped: the carry-over stays as it was.
    Trapped,
    /// `learn` ran out of fuel: the carry-over stays as it was.
    Exhausted,
    /// The run was cancelled: the carry-over stays as it was.
    Stopped,
    /// The wall clock ran out while `learn` ran: the carry-over stays as it was.
    Overtime,
    /// The wall clock ended the episode: `learn` was not called, and the carry-over stays as it was.
    Withheld,
}

impl Lesson {
    /// Returns `true` if the wall clock or the operator influenced the outcome.
    pub const fn is_hurried(self) -> bool {
        matches!(self, Self::Stopped | Self::Overtime | Self::Withheld)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
pub(super) const fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Returns the default of `reproducible`, which lines leave out where it is `true`.
const fn follows() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
const fn is_true(whether: &bool) -> bool {
    *whether
}

pub(super) fn base64<S: serde::Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    if !serializer.is_human_readable() {
        return serializer.serialize_bytes(bytes);
    }
    serializer.serialize_str(&data_encoding::BASE64.encode(bytes))
}

pub(super) fn from_base64<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    if !deserializer.is_human_readable() {
        return Vec::deserialize(deserializer);
    }
    let text = Cow::<str>::deserialize(deserializer)?;
    data_encoding::BASE64.decode(text.as_bytes()).map_err(serde::de::Error::custom)
}
