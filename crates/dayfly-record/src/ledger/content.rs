//! What the lines say: each is read into the type that it was written from, and held against the manifest and the lines before it.
//!
//! ```text
//!  line --> Transcript --> written again: the same bytes? --> does it fit together? --> Facts
//!                                                                                         |
//!  manifest: run, seed, lineages --------------------------------------------------- held together
//!  the lines before: carry-over, generation -----------------------------------------+
//! ```
//!
//! 1. What is accepted is what this program writes, byte for byte: no other member, none twice, none written otherwise.
//! 2. Nobody is accused for what another line lacks: where lines are missing, what follows from them is not asked.
//!
//! What it does not show: that it happened. Who seals a run of their own with what fits together needs no more than this program.

use super::flaw::Flaw;
use super::leaf::OLDEST;
use super::manifest::Manifest;
use super::{Reason, tree};
use crate::transcript::{End, Header, Lesson, Role, Transcript};
use crate::value::{Digest, Draws, json, plain};

/// What is held against other lines, and against the manifest.
pub(super) struct Facts {
    header: Header,
    /// Whether what was learned is what the lineage has from now on, and its digest.
    learned: Option<(bool, Digest)>,
    /// Whether the host could not go on.
    failed: bool,
    violates: bool,
    /// Whether it has what records of version 1 do not.
    is_of_version_2: bool,
    /// Its roles; nothing where it was aborted before anything of it was known.
    roles: Option<Vec<Role>>,
}

/// The most texts and the most elements of a line. Those of a transcript are fewer, since all that it keeps has 64 MiB; a line that
/// was made for its reader would take many times its length.
const MOST: (usize, usize) = (1 << 24, 1 << 27);

impl Facts {
    /// Read a line.
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
        let is_of_version_2 = body.is_of_version_2();
        Ok(Self {
            is_of_version_2,
            roles: Some(body.roles.iter().map(|one| one.role.clone()).collect())
                .filter(|roles: &Vec<Role>| body.end != End::Aborted || !roles.is_empty()),
            header,
            learned: body.learned.map(|learned| (learned.outcome == Lesson::Carried, learned.carry_over)),
            failed: body.end == End::Aborted && body.lost.is_none(),
            violates: !body.violations.is_empty(),
        })
    }

    /// Whether it has what the format of its run has, and the roles of its run. Of one that was aborted they may not be known.
    fn has_roles_of(&self, run: &Manifest) -> bool {
        let are_those = |roles: &Vec<Role>| roles.iter().eq(run.roles.iter().map(|played| &played.role));
        (run.ledger > OLDEST || !self.is_of_version_2) && self.roles.as_ref().is_none_or(are_those)
    }

    /// The episode that it says it is.
    pub(super) const fn episode(&self) -> u64 {
        self.header.episode
    }
}

/// Read a line.
pub(super) fn transcript(line: &[u8]) -> Result<Transcript, Flaw> {
    if !is_frugal(line) {
        return Err(Flaw::Unread("it has more texts or elements than a transcript has room for".to_owned()));
    }
    serde_json::from_slice(line).map_err(|error| unread(&error))
}

/// Read a manifest.
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

/// What a reader says of what it cannot read. It quotes members, which somebody chose.
fn unread(error: &serde_json::Error) -> Flaw {
    let text = error.to_string();
    let short: String = text.chars().take(160).collect();
    Flaw::Unread(plain(&short).into_owned())
}

/// Whether `transcript` is written as `line`. Before hidden characters were escaped, they were not.
fn is_written(line: &[u8], transcript: &Transcript) -> bool {
    let is_all = |rest: Rest<'_>| rest.0.is_empty();
    let (mut now, mut then) = (Rest(line), Rest(line));
    (json::write(&mut now, transcript).is_ok() && is_all(now))
        || (serde_json::to_writer(&mut then, transcript).is_ok() && is_all(then))
}

/// What is still to be written, if it is to be the same.
struct Rest<'a>(&'a [u8]);

impl std::io::Write for Rest<'_> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 = self.0.strip_prefix(bytes).ok_or(std::io::ErrorKind::InvalidData)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Whether what is read of it takes no more than some times its length, at the most.
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

/// The lines so far, as the next one is held against them.
pub(super) struct Content<'r> {
    /// What the run is, and the digest of its manifest, where that is what was sealed.
    run: Option<(&'r Manifest, Digest)>,
    /// The episode that has to come next for what follows from the lines before to be asked.
    next: u64,
    /// The carry-over of each lineage; nothing where it is empty.
    carried: Vec<Option<Digest>>,
    /// The same at the last selection.
    selected: Vec<Option<Digest>>,
    generation: u32,
    /// The first episode of this generation.
    since: u64,
    /// What seeds follow from.
    draws: Option<Draws>,
    /// Whether lineages take turns in worlds.
    rotates: bool,
    /// The episode at which the host could not go on, and the last one, with whether it has a violation.
    failed: Option<u64>,
    last: Option<(u64, bool)>,
}

impl<'r> Content<'r> {
    /// The most lineages of which it is remembered what they carry.
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

    /// Hold a line, which was sealed as `episode`, against the manifest and the lines before.
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
        if !self.is_placed(run, episode, facts) {
            return Some(Flaw::Place);
        }
        // INVARIANT 2
        if episode != self.next || run.lineages > Self::MOST {
            self.next = u64::MAX;
            return None;
        }
        self.next = episode.saturating_add(1);
        self.follows(run, episode, facts)
    }

    /// A line that says nothing: what follows from it cannot be asked.
    pub(super) const fn skip(&mut self) {
        self.next = u64::MAX;
    }

    /// Whether its lineage and its world are those of the episode.
    fn is_placed(&self, run: &Manifest, episode: u64, facts: &Facts) -> bool {
        let lineages = u64::from(run.lineages);
        let (round, lineage) = (episode.checked_div(lineages), episode.checked_rem(lineages));
        let (Some(round), Some(lineage)) = (round, lineage) else { return false };
        let turn = if self.rotates { round } else { 0 };
        let world = lineage.checked_add(turn).and_then(|place| place.checked_rem(lineages));
        u64::from(facts.header.lineage) == lineage && Some(u64::from(facts.header.world)) == world
    }

    /// Whether it opens with what the lines before left to it.
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
        let own = usize::try_from(facts.header.lineage).unwrap_or(usize::MAX);
        let given = match facts.header.carry_over_of {
            Some(of) => self.selected.get(usize::try_from(of).unwrap_or(usize::MAX)),
            None => self.carried.get(own),
        };
        let given = given.copied().flatten();
        let known = |digest: Digest| Some(digest).filter(|digest| *digest != Digest::of(b""));
        let left = match facts.learned {
            Some((true, next)) => known(next),
            Some((false, next)) if known(next) != given => return Some(Flaw::CarryOver),
            Some((false, _)) | None => given,
        };
        match self.carried.get_mut(own) {
            Some(slot) => *slot = left,
            None => self.carried.push(left),
        }
        (facts.header.carry_over != given).then_some(Flaw::CarryOver)
    }

    /// Whether a run whose lines these are was closed for this.
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

/// A line as it is compared with its hash, and what it says.
pub(super) struct Said {
    pub(super) leaf: Digest,
    pub(super) facts: Result<Facts, Flaw>,
}

impl Said {
    pub(super) fn of(line: &[u8]) -> Self {
        Self { leaf: tree::leaf(line), facts: Facts::of(line) }
    }
}
