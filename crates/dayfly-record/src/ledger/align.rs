//! The alignment of lines with leaf hashes. It finds the lines that were edited, moved, added or removed.
//!
//! ```text
//!  line        hash in leaves.bin                     so
//!  episode 0   at 1, as it should                     next is 1
//!  ?           nowhere: a stranger                    wait
//!  episode 3   at 4, as it should                     the stranger stands for one of the episodes 1 and 2
//!  episode 2   at 3, and 3 has been here: moved       it was not missing
//! ```
//!
//! The episode of a line is believed only where its hash confirms it. So an edited line cannot make others seem
//! missing.

use std::ops::Range;

use super::Error;
use super::checkpoint::Extent;
use super::content::{Facts, LedgerContent, ReadLine};
use super::finding::{Finding, Findings};
use super::flaw::Flaw;
use super::read::{Batch, Leaves, Line, Lines};
use super::threads;
use super::tree;
use crate::value::Digest;

/// Compares each line with its hash, and its content with the manifest and the lines before it. Returns the first
/// leaf that is not as it was sealed.
pub(super) fn align(
    lines: &mut Lines,
    hashes: Hashes<'_>,
    extent: Extent,
    content: &mut LedgerContent<'_>,
    findings: &mut Findings,
) -> Result<Option<u64>, Error> {
    let Hashes { leaves, are_sealed } = hashes;
    let (next, cursor, strangers, gaps, first) = (0, 1, 0..0, Vec::new(), None);
    let mut walk =
        Alignment { leaves, are_sealed, extent, content, findings, next, cursor, strangers, gaps, first, ahead: None };
    each(lines, |number, line| match line {
        Read::Whole(said) => walk.line(number, *said),
        Read::Long => {
            walk.stranger(number);
            Ok(())
        }
        Read::Torn { shorn } => walk.torn(number, &shorn),
    })?;
    Ok(walk.finish())
}

/// Hashes that lines are compared with.
pub(super) struct Hashes<'a> {
    pub(super) leaves: &'a mut Leaves,
    /// `true` if a checkpoint vouches for all hashes, so that each is at its place.
    pub(super) are_sealed: bool,
}

/// Line that was read.
pub(super) enum Read {
    Whole(Box<ReadLine>),
    Long,
    /// Beginning of a line, or one whose newline was edited. Then its hash without the last byte is the sealed one.
    Torn {
        shorn: Digest,
    },
}

/// Do something with each line and its number, counted from 1. Lines are hashed and read by as many threads as there are processors.
pub(super) fn each(lines: &mut Lines, mut see: impl FnMut(u64, Read) -> Result<(), Error>) -> Result<(), Error> {
    let read = |line: &Line<'_>| match line {
        Line::Whole(line) => Read::Whole(Box::new(ReadLine::of(line))),
        Line::Long => Read::Long,
        Line::Torn([line @ .., _]) => Read::Torn { shorn: tree::leaf(line) },
        Line::Torn([]) | Line::End => Read::Torn { shorn: tree::leaf(&[]) },
    };
    let (mut batch, mut number) = (Batch::default(), 0_u64);
    loop {
        lines.batch(&mut batch)?;
        let some = batch.lines();
        if some.is_empty() {
            return Ok(());
        }
        let said = if batch.is_small() { some.iter().map(read).collect() } else { threads::all(&some, 32, &read) };
        for line in said {
            number = number.saturating_add(1);
            see(number, line)?;
        }
    }
}

struct Alignment<'a, 'r> {
    leaves: &'a mut Leaves,
    are_sealed: bool,
    extent: Extent,
    content: &'a mut LedgerContent<'r>,
    findings: &'a mut Findings,
    /// Episode that is expected next.
    next: u64,
    /// Index of its hash. It is one more than the episode, unless hashes were removed or moved together with lines.
    cursor: u64,
    /// Lines since the last one that was found. None of these is a sealed line.
    strangers: Range<u64>,
    /// Episodes that were passed over, and may still come.
    gaps: Vec<Range<u64>>,
    /// First leaf that is not as it was sealed.
    first: Option<u64>,
    /// Last line that was ahead of its place, and the episodes that it passed over.
    ahead: Option<(u64, Range<u64>)>,
}

/// Place of the hash of a line.
#[derive(Clone, Copy, PartialEq)]
enum HashPlace {
    /// At this index, which follows from the line's claim or from its place among the lines.
    Index(u64),
    /// Unknown, since the index lies after the last hash that is present.
    Beyond,
    /// At neither of the two indices.
    Nowhere,
}

impl Alignment<'_, '_> {
    /// Processes line `number` of the file, counted from 1.
    fn line(&mut self, number: u64, said: ReadLine) -> Result<(), Error> {
        let here = self.cursor.saturating_add(count(&self.strangers));
        let claimed = said.facts.as_ref().ok().map(Facts::episode);
        let claimed = claimed.filter(|episode| self.extent.admits(*episode));
        let is_elsewhere = self.are_sealed && claimed != here.checked_sub(1) && self.stands_at(here, &said)?;
        let Some(episode) = claimed.filter(|_| !is_elsewhere) else {
            return self.nameless(number, said, here);
        };
        match self.find(&said.leaf, episode, here)? {
            HashPlace::Nowhere => self.stranger(number),
            place if episode < self.next => {
                self.moved(number, episode);
                if place == HashPlace::Index(here) {
                    self.cursor = here.saturating_add(1);
                }
            }
            place => {
                if episode > self.next && self.strangers.is_empty() {
                    self.ahead = Some((number, self.next..episode));
                }
                self.settle(episode);
                self.cursor = if let HashPlace::Index(index) = place { index } else { here }.saturating_add(1);
                self.next = episode.saturating_add(1);
                if let Ok(facts) = &said.facts {
                    let flaw = self.content.line(episode, facts);
                    self.flawed(number, flaw);
                }
            }
        }
        Ok(())
    }

    /// Processes a line that does not name its episode. It was sealed like this if its hash stands at its place.
    fn nameless(&mut self, number: u64, said: ReadLine, here: u64) -> Result<(), Error> {
        // Where no checkpoint vouches for the hash, a match only shows that both were edited together.
        if !self.are_sealed || !self.stands_at(here, &said)? {
            self.stranger(number);
            return Ok(());
        }
        let episode = self.next.saturating_add(count(&self.strangers));
        self.settle(episode);
        self.cursor = here.saturating_add(1);
        self.next = episode.saturating_add(1);
        self.content.skip();
        self.flawed(number, Some(said.facts.err().unwrap_or(Flaw::Episode)));
        Ok(())
    }

    /// Returns `true` if the hash at index `here`, which a line may have, is that of the line.
    fn stands_at(&mut self, here: u64, said: &ReadLine) -> Result<bool, Error> {
        Ok(self.extent.admits(here.saturating_sub(1)) && self.leaves.get(here)?.as_ref() == Some(&said.leaf))
    }

    /// Notes the flaw of a sealed line, if it has one.
    fn flawed(&mut self, number: u64, flaw: Option<Flaw>) {
        if let Some(flaw) = flaw.filter(|_| self.are_sealed) {
            self.findings.push(Finding::Said { lines: number..number.saturating_add(1), flaw });
        }
    }

    /// Finds the hash of a line that claims to be `episode`, and whose place among the lines corresponds to leaf
    /// `here`.
    fn find(&mut self, hash: &Digest, episode: u64, here: u64) -> Result<HashPlace, Error> {
        let claimed = match episode.checked_sub(self.next) {
            Some(ahead) => self.cursor.checked_add(ahead),
            None => self.cursor.checked_sub(self.next - episode),
        };
        let here = Some(here).filter(|here| self.extent.admits(here.saturating_sub(1)));
        for index in [here, claimed].into_iter().flatten() {
            if self.leaves.get(index)?.as_ref() == Some(hash) {
                return Ok(HashPlace::Index(index));
            }
        }
        let beyond = here.is_some_and(|here| here >= self.leaves.count());
        Ok(if beyond { HashPlace::Beyond } else { HashPlace::Nowhere })
    }

    /// Processes a line that was not sealed at its place.
    fn stranger(&mut self, number: u64) {
        self.mark();
        if self.strangers.is_empty() {
            self.strangers.start = number;
        }
        self.strangers.end = number.saturating_add(1);
    }

    /// Notes the fate of the episodes before `episode`, which is found next.
    fn settle(&mut self, episode: u64) {
        let gap = self.next..episode;
        let lines = std::mem::take(&mut self.strangers);
        let (gone, come) = (count(&gap), count(&lines));
        if come > 0 {
            self.findings.push(Finding::Lines { lines, episodes: gap.clone() });
        }
        if gone > come {
            self.mark();
            if self.gaps.len() < Findings::MOST { self.gaps.push(gap) } else { self.findings.omit() }
        }
    }

    /// Processes a line whose episode comes before the last one that was found.
    fn moved(&mut self, number: u64, episode: u64) {
        self.mark();
        // Unknown lines before and after a moved line are separate findings.
        self.settle(self.next);
        let (lines, episodes) = (number..number.saturating_add(1), episode..episode.saturating_add(1));
        let Some(at) = self.gaps.iter().position(|gap| gap.contains(&episode)) else {
            self.repeated(lines, episodes);
            return;
        };
        let gap = self.gaps.swap_remove(at);
        self.gaps.extend([gap.start..episode, episode + 1..gap.end].into_iter().filter(|rest| !rest.is_empty()));
        self.findings.push(Finding::Moved { lines, episodes });
    }

    /// Notes a line whose episode was found before. Where it is at its place, the line before it that was ahead of its
    /// place is the copy, and what lies between was not moved.
    fn repeated(&mut self, lines: Range<u64>, episodes: Range<u64>) {
        let ahead = self.ahead.clone().filter(|(_, ahead)| ahead.end == episodes.start);
        if let Some((line, gap)) = ahead
            && let Some(Finding::Moved { lines: moved, episodes: between }) = self.findings.list.last()
            && (moved.end, between) == (lines.start, &gap)
            && moved.start == line.saturating_add(1)
        {
            self.findings.list.pop();
            self.findings.push(Finding::Repeated { lines: line..line.saturating_add(1), episodes });
            return;
        }
        self.findings.push(Finding::Repeated { lines, episodes });
    }

    /// Processes a last line without a newline: the file was cut, or text was added.
    fn torn(&mut self, number: u64, shorn: &Digest) -> Result<(), Error> {
        let here = self.next.saturating_add(count(&self.strangers));
        let is_added = matches!(self.extent, Extent::Closed(episodes) if episodes <= here);
        if is_added || self.leaves.get(here.saturating_add(1))?.as_ref() == Some(shorn) {
            self.stranger(number);
        }
        Ok(())
    }

    /// Notes the missing episodes. Returns the first leaf that is not as it was sealed.
    fn finish(mut self) -> Option<u64> {
        let found = self.next.saturating_add(count(&self.strangers));
        let end = match self.extent {
            Extent::Closed(episodes) => episodes,
            Extent::Open(episodes) => episodes.max(found),
        };
        if found < end {
            self.settle(found);
            self.findings.push(Finding::Tail { episodes: found..end });
        } else if !self.strangers.is_empty() {
            self.settle(end);
        }
        self.gaps.sort_unstable_by_key(|gap| gap.start);
        self.gaps.into_iter().for_each(|episodes| self.findings.push(Finding::Episodes { episodes }));
        self.first
    }

    /// Marks the next leaf as the first one that is not as it was sealed, unless one is marked.
    const fn mark(&mut self) {
        if self.first.is_none() {
            self.first = Some(self.next.saturating_add(1));
        }
    }
}

const fn count(range: &Range<u64>) -> u64 {
    range.end.saturating_sub(range.start)
}
