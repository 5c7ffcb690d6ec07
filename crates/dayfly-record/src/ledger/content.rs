//! The content of the lines. Each is read into the type that it was written from, and compared with the manifest and
//! the lines before it.
//!
//! ```text
//!  line --> Transcript --> written again: the same bytes? --> free of contradictions? --> Facts
//!                                                                                           |
//!  manifest: run, seed, lineages ---------------------------------------------------- compared with
//!  the lines before: carry-over, generation ------------------------------------------------+
//! ```
//!
//! 1. Only the exact bytes that this program writes are accepted: no unknown, repeated or differently written member.
//! 2. No line is blamed for the lack of another. Where lines are missing, checks that depend on them are left out.
//!
//! What it does not show: that it happened. Who seals a run of their own with what fits together needs no more than
//! this program.

use std::collections::BTreeSet;

use super::flaw::Flaw;
use super::leaf::OLDEST;
use super::manifest::Manifest;
use super::{Reason, tree};
use crate::transcript::{Body, End, Header, Learned, Lesson, Message, Residue, Role, RoleBody, Transcript};
use crate::value::{Digest, Draws, json, plain};

/// Facts of a line that are compared with other lines and with the manifest.
pub(super) struct Facts {
    header: Header,
    /// Digest of the carry-over, and `true` if the lineage goes on with it from here: of the only agent, or of each role.
    learned: Vec<Option<(bool, Digest)>>,
    /// `true` if the host could not go on.
    failed: bool,
    violates: bool,
    /// `true` if the line has members that records of version 1 do not have.
    is_of_version_2: bool,
    /// The capabilities that something was asked of, each with the role that asked.
    asked: BTreeSet<(Option<Role>, String)>,
    /// Roles of the line, or `None` if it was aborted before they were known.
    roles: Option<Vec<Role>>,
}

/// Maximum number of texts and of elements of a line. A transcript has fewer, since everything that it keeps fits 64
/// MiB. A line that was crafted to use up memory could take many times its length.
const MOST: (usize, usize) = (1 << 24, 1 << 27);

impl Facts {
    /// Reads a line.
    pub(super) fn of(line: &[u8]) -> Result<Self, Flaw> {
        let transcript = transcript(line)?;
        // INVARIANT 1
        if !is_written(line, &transcript) {
            return Err(Flaw::Written);
        }
        if let Some(what) = transcript.body.contradiction() {
            return Err(Flaw::Contradiction(what));
        }
        let Transcript { header, body } = transcript;
        let is_of_version_2 = body.is_of_version_2() || !header.carry_overs.is_empty();
        let asked = asked(&body);
        let lesson = |learned: &Option<Learned>| {
            learned.as_ref().map(|learned| (learned.outcome == Lesson::Carried, learned.carry_over))
        };
        let learned = if body.roles.is_empty() {
            vec![lesson(&body.learned)]
        } else {
            body.roles.iter().map(|one| lesson(&one.learned)).collect()
        };
        Ok(Self {
            is_of_version_2,
            asked,
            roles: Some(body.roles.iter().map(|one| one.role.clone()).collect())
                .filter(|roles: &Vec<Role>| body.end != End::Aborted || !roles.is_empty()),
            header,
            learned,
            failed: body.end == End::Aborted && body.lost.is_none(),
            violates: !body.violations.is_empty(),
        })
    }

    /// Returns `true` if the line has the roles of its run, and no more than the format of the run has. An aborted
    /// line may lack roles.
    fn has_roles_of(&self, run: &Manifest) -> bool {
        let are_those = |roles: &Vec<Role>| roles.iter().eq(run.roles.iter().map(|played| &played.role));
        (run.ledger > OLDEST || !self.is_of_version_2)
            && self.roles.as_ref().is_none_or(are_those)
            && self.is_given(run)
    }

    /// Returns `true` if carry-overs were given to the roles of the run alone, or to its only agent.
    fn is_given(&self, run: &Manifest) -> bool {
        let is_role = |role: &Role| run.roles.iter().any(|played| played.role == *role);
        (run.roles.is_empty() || (self.header.carry_over.is_none() && self.header.generation == 0))
            && self.header.carry_overs.keys().all(is_role)
    }

    /// Returns `true` if each role imports the capabilities of its calls.
    fn is_imported(&self, run: &Manifest) -> bool {
        self.asked.iter().all(|(role, capability)| {
            let imports = match role {
                None => Some(&run.imports),
                Some(role) => run.roles.iter().find(|played| played.role == *role).map(|played| &played.imports),
            };
            imports.is_some_and(|imports| imports.iter().any(|import| import == capability))
        })
    }

    /// Returns the episode that the line claims to be.
    pub(super) const fn episode(&self) -> u64 {
        self.header.episode
    }
}

/// The capabilities that a body shows to have been asked of something. No capability is asked for a growth of memories and tables.
fn asked(body: &Body) -> BTreeSet<(Option<Role>, String)> {
    let mut asked = BTreeSet::new();
    let mut add = |role: Option<&Role>, capability: &str| {
        if !GROWN.contains(&capability) {
            asked.insert((role.cloned(), capability.to_owned()));
        }
    };
    body.entries.iter().for_each(|entry| add(entry.role.as_ref(), &entry.operation.capability));
    let has = |has: bool, capability: &'static str| has.then_some(capability);
    let left = |steps: u32, log: &[String], released: &[Message], residue: &[Residue]| {
        [
            has(steps > 0, "episode"),
            has(!log.is_empty(), "log"),
            has(!released.is_empty(), "outbox"),
            has(!residue.is_empty(), "workspace"),
        ]
    };
    let Body { steps, log, released, residue, roles, .. } = body;
    if roles.is_empty() {
        left(*steps, log, released, residue).into_iter().flatten().for_each(|capability| add(None, capability));
        body.tripwires.iter().for_each(|(called, _)| add(None, &called.capability));
    }
    for role in roles {
        let RoleBody { role, steps, log, released, residue, tripwires, .. } = role;
        left(*steps, log, released, residue).into_iter().flatten().for_each(|capability| add(Some(role), capability));
        tripwires.iter().for_each(|(called, _)| add(Some(role), &called.capability));
    }
    asked
}

/// Names that entries have in place of a capability if a memory or a table was not grown.
const GROWN: [&str; 2] = ["memory", "table"];

/// Reads a line.
pub(super) fn transcript(line: &[u8]) -> Result<Transcript, Flaw> {
    if !is_frugal(line) {
        return Err(Flaw::Unread("it has more texts or elements than a transcript has room for".to_owned()));
    }
    serde_json::from_slice(line).map_err(|error| unread(&error))
}

/// Reads a manifest.
pub(super) fn manifest(bytes: &[u8]) -> Result<Manifest, Flaw> {
    let run: Manifest = serde_json::from_slice(bytes).map_err(|error| unread(&error))?;
    // INVARIANT 1
    let is_written = |again: serde_json::Result<Vec<u8>>| {
        again.is_ok_and(|again| bytes.strip_suffix(b"\n").is_some_and(|bytes| bytes == again))
    };
    if !is_written(json::pretty(&run).map(String::into_bytes)) && !is_written(serde_json::to_vec_pretty(&run)) {
        return Err(Flaw::Written);
    }
    run.contradiction().map_or(Ok(run), |what| Err(Flaw::Contradiction(what)))
}

/// Returns the flaw for a line that cannot be read. Its text may quote members, so hidden characters are escaped.
fn unread(error: &serde_json::Error) -> Flaw {
    let text = error.to_string();
    let short: String = text.chars().take(160).collect();
    Flaw::Unread(plain(&short).into_owned())
}

/// Returns `true` if `transcript` is written as `line`. Earlier versions did not escape hidden characters.
fn is_written(line: &[u8], transcript: &Transcript) -> bool {
    let is_all = |rest: ExpectedRest<'_>| rest.0.is_empty();
    let (mut now, mut then) = (ExpectedRest(line), ExpectedRest(line));
    (json::write(&mut now, transcript).is_ok() && is_all(now))
        || (serde_json::to_writer(&mut then, transcript).is_ok() && is_all(then))
}

/// Text that is still to be written, if it is to be the same.
struct ExpectedRest<'a>(&'a [u8]);

impl std::io::Write for ExpectedRest<'_> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 = self.0.strip_prefix(bytes).ok_or(std::io::ErrorKind::InvalidData)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Returns `true` if reading the line takes no more memory than a bounded multiple of its length.
fn is_frugal(line: &[u8]) -> bool {
    if line.len() < 1 << 20 {
        return true;
    }
    let (mut texts, mut elements, mut within, mut escaped) = (0_usize, 0_usize, false, false);
    for byte in line {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if within => escaped = true,
            b'"' => {
                texts = texts.saturating_add(usize::from(within));
                within = !within;
            }
            b',' if !within => elements = elements.saturating_add(1),
            _ => {}
        }
    }
    texts <= MOST.0 && elements <= MOST.1
}

/// State of the lines so far, which the next line is compared with.
pub(super) struct LedgerContent<'r> {
    /// Manifest of the run, and its digest, where it is the sealed one.
    run: Option<(&'r Manifest, Digest)>,
    /// Episode that has to come next. Checks that depend on the lines before are made only for that one.
    next: u64,
    /// Digest of each lineage's carry-over, or of those of its roles; `None` where that is empty.
    carried: Vec<Option<Digest>>,
    /// Digests of the carry-overs at the last selection.
    selected: Vec<Option<Digest>>,
    generation: u32,
    /// First episode of this generation.
    since: u64,
    /// Draws that seeds follow from.
    draws: Option<Draws>,
    /// `true` if lineages rotate through worlds.
    rotates: bool,
    /// Episode at which the host could not go on, and the last episode, with `true` if it has a violation.
    failed: Option<u64>,
    last: Option<(u64, bool)>,
}

impl<'r> LedgerContent<'r> {
    /// Maximum number of carry-overs that are tracked.
    const MOST: u32 = 1 << 20;

    pub(super) fn new(run: Option<(&'r Manifest, Digest)>) -> Self {
        Self {
            run,
            next: 0,
            carried: Vec::new(),
            selected: Vec::new(),
            generation: 0,
            since: 0,
            draws: run.map(|(run, _)| run.draws()),
            rotates: run.is_some_and(|(run, _)| run.rotates()),
            failed: None,
            last: None,
        }
    }

    /// Compares a line, which was sealed as `episode`, with the manifest and the lines before.
    pub(super) fn line(&mut self, episode: u64, facts: &Facts) -> Option<Flaw> {
        if self.failed.is_none() && facts.failed {
            self.failed = Some(episode);
        }
        self.last = Some((episode, facts.violates));
        if facts.header.episode != episode {
            self.next = u64::MAX;
            return Some(Flaw::Episode);
        }
        let (run, digest) = self.run?;
        if facts.header.run != digest {
            return Some(Flaw::Run);
        }
        if self.draws.map(|draws| draws.episode(episode)) != Some(facts.header.seed) {
            return Some(Flaw::Seed);
        }
        if !facts.has_roles_of(run) {
            return Some(Flaw::Roles);
        }
        if !facts.is_imported(run) {
            return Some(Flaw::Imports);
        }
        if !self.is_placed(run, episode, facts) {
            return Some(Flaw::Place);
        }
        // INVARIANT 2
        let width = u64::try_from(run.roles.len().max(1)).unwrap_or(u64::MAX);
        if episode != self.next || u64::from(run.lineages).saturating_mul(width) > u64::from(Self::MOST) {
            self.next = u64::MAX;
            return None;
        }
        self.next = episode.saturating_add(1);
        self.follows(run, episode, facts)
    }

    /// Skips a line that cannot be read. Checks that depend on the lines before are left out from here on.
    pub(super) const fn skip(&mut self) {
        self.next = u64::MAX;
    }

    /// Returns `true` if the lineage and the world of the line are those of the episode.
    fn is_placed(&self, run: &Manifest, episode: u64, facts: &Facts) -> bool {
        let lineages = u64::from(run.lineages);
        let (round, lineage) = (episode.checked_div(lineages), episode.checked_rem(lineages));
        let (Some(round), Some(lineage)) = (round, lineage) else { return false };
        let turn = if self.rotates { round } else { 0 };
        let world = lineage.checked_add(turn).and_then(|place| place.checked_rem(lineages));
        u64::from(facts.header.lineage) == lineage && Some(u64::from(facts.header.world)) == world
    }

    /// Compares the opening of the line with the carry-overs that the lines before left.
    fn follows(&mut self, run: &Manifest, episode: u64, facts: &Facts) -> Option<Flaw> {
        let lineages = u64::from(run.lineages);
        if facts.header.generation != self.generation {
            let is_next = self.generation.checked_add(1) == Some(facts.header.generation);
            if !is_next || episode.checked_rem(lineages) != Some(0) {
                return Some(Flaw::Generation);
            }
            (self.generation, self.since) = (facts.header.generation, episode);
            self.selected.clone_from(&self.carried);
        }
        let is_first = self.generation > 0 && episode.saturating_sub(self.since) < lineages;
        if facts.header.carry_over_of.is_some() != is_first
            || facts.header.carry_over_of.is_some_and(|of| of >= run.lineages)
        {
            return Some(Flaw::Generation);
        }
        // Each role of a lineage has a carry-over of its own.
        let agents = run.roles.len().max(1);
        let mut holds = true;
        for agent in 0..agents {
            let opening = match run.roles.get(agent) {
                None => facts.header.carry_over,
                Some(played) => facts.header.carry_overs.get(&played.role).copied(),
            };
            let learned = facts.learned.get(agent).copied().flatten();
            holds &= self.hands_on(&facts.header, (agent, agents), opening, learned);
        }
        (!holds).then_some(Flaw::CarryOver)
    }

    /// Notes what one agent of a lineage hands on. Returns `true` if it was given what its lineage had left.
    fn hands_on(
        &mut self,
        header: &Header,
        (agent, agents): (usize, usize),
        opening: Option<Digest>,
        learned: Option<(bool, Digest)>,
    ) -> bool {
        let place =
            |lineage: u32| usize::try_from(lineage).unwrap_or(usize::MAX).saturating_mul(agents).saturating_add(agent);
        let own = place(header.lineage);
        let given = match header.carry_over_of {
            Some(of) => self.selected.get(place(of)),
            None => self.carried.get(own),
        };
        let given = given.copied().flatten();
        let known = |digest: Digest| Some(digest).filter(|digest| *digest != Digest::of(b""));
        let (left, is_kept) = match learned {
            Some((true, next)) => (known(next), true),
            Some((false, next)) => (given, known(next) == given),
            None => (given, true),
        };
        match self.carried.get_mut(own) {
            Some(slot) => *slot = left,
            None => self.carried.push(left),
        }
        is_kept && opening == given
    }

    /// Returns the flaw of a run with these lines that was closed for this reason, with its episode.
    pub(super) fn close(&self, reason: Reason) -> Option<(u64, Flaw)> {
        match (self.failed, self.last, reason) {
            (Some(failed), Some((last, _)), reason) if failed != last || reason != Reason::Aborted => {
                Some((failed, Flaw::Close))
            }
            (_, Some((last, false)), Reason::Quarantined) => Some((last, Flaw::Close)),
            _ => None,
        }
    }
}

/// Leaf hash and content of a line.
pub(super) struct ReadLine {
    pub(super) leaf: Digest,
    pub(super) facts: Result<Facts, Flaw>,
}

impl ReadLine {
    pub(super) fn of(line: &[u8]) -> Self {
        Self { leaf: tree::leaf(line), facts: Facts::of(line) }
    }
}
