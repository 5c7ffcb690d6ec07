//! What was lived in an episode.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Class, Closing, Decision, End, Entry, Outside, Role, RoleBody, Step, Tally, Touched};
use crate::value::{Digest, wide};

/// What became of an episode, from its opening to what was learned from it.
///
/// It is the second part of a line of the ledger. Fields that would be empty are left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// Why it ended.
    pub end: End,
    /// The role that ended it by leaving, trapping, using up its fuel or a violation, where several roles act in it and one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<Role>,
    /// How the process that lived it was lost, where it was aborted for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost: Option<Cow<'static, str>>,
    /// Whether all of this follows from the seed; left out where it does.
    #[serde(default = "follows", skip_serializing_if = "is_true")]
    pub reproducible: bool,
    /// How the agent left; of several roles, the first of these that any of them left by: stopped, trapped, outlived, returned.
    pub closing: Closing,
    /// What the trap says, where it left by one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// The steps taken.
    pub steps: u32,
    /// The sum of the rewards, undiscounted; final from the boundary on.
    #[serde(rename = "return")]
    pub total: f64,
    /// The hidden performance, which the agent is never shown.
    pub performance: f64,
    /// The fuel used, up to the close.
    pub fuel: u64,
    /// Every call, as a count and a digest.
    pub calls: Calls,
    /// How many requests of each class of violation there were; exact.
    #[serde(default, skip_serializing_if = "Tally::is_empty")]
    pub violations: Tally,
    /// How much there was that would be a violation of each class, and that nobody committed: what an agent left behind that could not know
    /// of the end (`leave-residue`), that it was stopped without having heard of it (`outlive-episode`), and what a language runtime asks by itself (`ungranted`); exact.
    #[serde(default, skip_serializing_if = "Tally::is_empty")]
    pub notices: Tally,
    /// The calls that touched a tripwire, by operation; exact.
    #[serde(default, skip_serializing_if = "Touched::is_empty")]
    pub tripwires: Touched,
    /// The calls after the boundary that were refused; exact.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub after_end: u64,
    /// The decisions that are kept in full.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<Entry>,
    /// How many more decisions there were than are kept in `entries`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub entries_cut: u64,
    /// Each step, where the policy keeps them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trace: Vec<Step>,
    /// What came from outside, in the order of the calls: whatever the policy says of steps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outside: Vec<Outside>,
    /// What the agent wrote to its log.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<String>,
    /// The messages that were released at the close.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub released: Vec<Message>,
    /// What was left in the workspace, before it was wiped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub residue: Vec<Residue>,
    /// What learning led to, where the policy declares a carry-over and the agent learns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learned: Option<Learned>,
    /// Each role, in their order, where several act in it: then the log, messages, residue and lessons stand here, and not above.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<RoleBody>,
}

impl Default for Body {
    /// Body of an episode that was aborted before anything of it is known.
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
            violations: Tally::default(),
            notices: Tally::default(),
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
    /// Whether no clock, operator or host, and nothing from outside, had a part in how the agent acted, left and learned.
    pub fn follows_from_its_seed(&self) -> bool {
        self.outside.is_empty()
        // In its grace an agent is stopped by the wall clock or the operator alone.
            && !self.end.is_hurried()
            && self.closing != Closing::Stopped
            && !self.all_learned().any(|learned| learned.outcome.is_hurried())
    }

    /// Whether who made so many calls after the end knew of it before it was stopped; nothing where that cannot be told from the record.
    pub(super) const fn knew(&self, after_end: u64) -> Option<bool> {
        match self.end {
            _ if after_end > 0 => Some(true),
            // The first call after it tells the agent.
            End::Fuel | End::Wall => Some(false),
            // A tripwire answers as if nothing had happened.
            End::Violation => None,
            _ => Some(true),
        }
    }

    /// Whether it has what records of version 1 do not: roles, or answers from outside.
    pub fn is_of_version_2(&self) -> bool {
        !self.roles.is_empty() || !self.outside.is_empty()
    }

    /// How many calls before the boundary asked for what cannot be, such as an action that the world does not have: refused, and
    /// no violation. Exact, whatever was cut.
    ///
    /// Every heavy call that was granted, and every call that was refused, noted or pretended, is one entry, kept or cut: these are what is
    /// left once all others are taken away.
    pub fn invalid(&self) -> u64 {
        let granted = wide(self.entries.iter().filter(|entry| entry.decision == Decision::Granted).count());
        // Two classes are of no call, and so is a carry-over that `learn` returned.
        let no_call = [Class::OutliveEpisode, Class::LeaveResidue].map(|class| self.violations.of(class));
        let returned = wide(self.all_learned().filter(|learned| learned.outcome == Lesson::Refused).count());
        let violations = self.violations.iter().fold(0_u64, |sum, (_, count)| sum.saturating_add(count));
        let called = no_call.into_iter().chain([returned]).fold(violations, u64::saturating_sub);
        let notices = self.after_end.saturating_sub(self.violations.of(Class::ActAfterEnd));
        let notices = notices.saturating_add(self.notices.of(Class::Ungranted));
        let all = wide(self.entries.len()).saturating_add(self.entries_cut);
        [granted, called, notices].into_iter().fold(all, u64::saturating_sub)
    }

    /// The first of them that is kept.
    pub fn first_invalid(&self) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.is_invalid())
    }
}

/// Every call of an episode, in their order: how many, and the digest of their operations, arguments, decisions and outcomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calls {
    /// How many calls there were.
    pub count: u64,
    /// SHA-256 over the framed calls.
    pub digest: Digest,
}

/// A message that left the box.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// Whom it is for.
    pub recipient: String,
    /// Its bytes, in base64.
    #[serde(serialize_with = "base64", deserialize_with = "from_base64")]
    pub body: Vec<u8>,
}

/// Something that was left in the workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Residue {
    /// Its path.
    pub path: String,
    /// The bytes of a file; 0 for a folder.
    pub bytes: u64,
}

/// What `learn` led to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Learned {
    /// Whether it returned, and what became of the carry-over.
    pub outcome: Lesson,
    /// The bytes it returned.
    pub bytes: u64,
    /// The digest of the next episode's carry-over.
    pub carry_over: Digest,
    /// The fuel it used.
    pub fuel: u64,
}

/// What became of the carry-over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lesson {
    /// What was returned is the next episode's carry-over.
    Carried,
    /// More was returned than the policy declares: the carry-over stays as it was.
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
    /// Whether the wall clock or the operator had a part in it.
    pub const fn is_hurried(self) -> bool {
        matches!(self, Self::Stopped | Self::Overtime | Self::Withheld)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
pub(super) const fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Whether an episode follows from its seed where its line does not say so.
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
