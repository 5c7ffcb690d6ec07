//! Lines against leaf hashes: which line is which episode, and which were edited, moved, added or taken away.
//!
//! ```text
//!  line        hash in leaves.bin                     so
//!  episode 0   at 1, as it should                     next is 1
//!  ?           nowhere: a stranger                    wait
//!  episode 3   at 4, as it should                     the stranger stands for one of the episodes 1 and 2
//!  episode 2   at 3, and 3 has been here: moved       it was not missing
//! ```
//!
//! A line is believed to be the episode it says it is only where its hash says so too, so that an edited line cannot make
//! others seem missing.

use std::ops::Range;

use super::Error;
use super::checkpoint::Extent;
use super::content::{Content, Facts, Said};
use super::finding::{Finding, Findings};
use super::flaw::Flaw;
use super::read::{Batch, Leaves, Line, Lines};
use super::threads;
use crate::value::Digest;

/// Compare each line with its hash, and what it says with the manifest and the lines before it. Gives the first leaf that is not as it
/// should be.
pub(super) fn align(
    lines: &mut Lines,
    hashes: Hashes<'_>,
    extent: Extent,
    content: &mut Content<'_>,
    findings: &mut Findings,
) -> Result<Option<u64>, Error> {
    let Hashes { leaves, are_sealed } = hashes;
    let (next, cursor, strangers, gaps, first) = (0, 1, 0..0, Vec::new(), None);
    let mut walk = Walk { leaves, are_sealed, extent, content, findings, next, cursor, strangers, gaps, first };
    each(lines, |number, line| match line {
        Read::Whole(said) => walk.line(number, said),
        Read::Long => {
            walk.stranger(number);
            Ok(())
        }
        Read::Torn => {
            walk.torn(number);
            Ok(())
        }
    })?;
    Ok(walk.finish())
}

/// The hashes that lines are compared with.
pub(super) struct Hashes<'a> {
    pub(super) leaves: &'a mut Leaves,
    /// Whether a checkpoint vouches for all of them: then each is that of the leaf at its place.
    pub(super) are_sealed: bool,
}

/// A line that was read.
#[expect(clippy::large_enum_variant, reason = "one of each line, and nearly all lines are whole")]
pub(super) enum Read {
    Whole(Said),
    Long,
    Torn,
}

/// Do something with each line and its number, counted from 1. Lines are hashed and read by as many threads as there are processors.
pub(super) fn each(lines: &mut Lines, mut see: impl FnMut(u64, Read) -> Result<(), Error>) -> Result<(), Error> {
    let read = |line: &Line<'_>| match line {
        Line::Whole(line) => Read::Whole(Said::of(line)),
        Line::Long => Read::Long,
        Line::Torn | Line::End => Read::Torn,
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

struct Walk<'a, 'r> {
    leaves: &'a mut Leaves,
    are_sealed: bool,
    extent: Extent,
    content: &'a mut Content<'r>,
    findings: &'a mut Findings,
    /// The episode that comes next.
    next: u64,
    /// The index of its hash: one more than the episode, unless hashes were taken away or moved together with lines.
    cursor: u64,
    /// The lines since the last one that was found, none of which is what was sealed.
    strangers: Range<u64>,
    /// Episodes that were passed over, and may still come.
    gaps: Vec<Range<u64>>,
    /// The first leaf that is not as it should be.
    first: Option<u64>,
}

/// Where the hash of a line is.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// At this index, where the line's claim or its place among the lines says.
    Index(u64),
    /// Not known: it would be after the last of the hashes that are there.
    Beyond,
    /// At neither place.
    Nowhere,
}

impl Walk<'_, '_> {
    /// Take in a line, which is `number` of the file, counted from 1.
    fn line(&mut self, number: u64, said: Said) -> Result<(), Error> {
        let here = self.cursor.saturating_add(count(&self.strangers));
        let claimed = said.facts.as_ref().ok().map(Facts::episode);
        let claimed = claimed.filter(|episode| self.extent.admits(*episode));
        let is_elsewhere = self.are_sealed && claimed != here.checked_sub(1) && self.stands_at(here, &said)?;
        let Some(episode) = claimed.filter(|_| !is_elsewhere) else {
            return self.nameless(number, said, here);
        };
        match self.find(&said.leaf, episode, here)? {
            Place::Nowhere => self.stranger(number),
            place if episode < self.next => {
                self.moved(number, episode);
                if place == Place::Index(here) {
                    self.cursor = here.saturating_add(1);
                }
            }
            place => {
                self.settle(episode);
                self.cursor = if let Place::Index(index) = place { index } else { here }.saturating_add(1);
                self.next = episode.saturating_add(1);
                if let Ok(facts) = &said.facts {
                    let flaw = self.content.line(episode, facts);
                    self.flawed(number, flaw);
                }
            }
        }
        Ok(())
    }

    /// Take in a line that does not say which episode it is. Where its hash stands at its place, it was sealed like this.
    fn nameless(&mut self, number: u64, said: Said, here: u64) -> Result<(), Error> {
        // Where no checkpoint vouches for the hash, it says no more than that both were changed together.
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

    /// Whether the hash of a line is at `here`, where a line may be.
    fn stands_at(&mut self, here: u64, said: &Said) -> Result<bool, Error> {
        Ok(self.extent.admits(here.saturating_sub(1)) && self.leaves.get(here)?.as_ref() == Some(&said.leaf))
    }

    /// A line that is what was sealed, and says what cannot be.
    fn flawed(&mut self, number: u64, flaw: Option<Flaw>) {
        if let Some(flaw) = flaw.filter(|_| self.are_sealed) {
            self.findings.push(Finding::Said { lines: number..number.saturating_add(1), flaw });
        }
    }

    /// Look for the hash of a line that claims to be `episode` and would be leaf `here` by its place.
    fn find(&mut self, hash: &Digest, episode: u64, here: u64) -> Result<Place, Error> {
        let claimed = match episode.checked_sub(self.next) {
            Some(ahead) => self.cursor.checked_add(ahead),
            None => self.cursor.checked_sub(self.next - episode),
        };
        let here = Some(here).filter(|here| self.extent.admits(here.saturating_sub(1)));
        for index in [here, claimed].into_iter().flatten() {
            if self.leaves.get(index)?.as_ref() == Some(hash) {
                return Ok(Place::Index(index));
            }
        }
        let beyond = here.is_some_and(|here| here >= self.leaves.count());
        Ok(if beyond { Place::Beyond } else { Place::Nowhere })
    }

    /// Take in a line that is not what was sealed.
    fn stranger(&mut self, number: u64) {
        self.mark();
        if self.strangers.is_empty() {
            self.strangers.start = number;
        }
        self.strangers.end = number.saturating_add(1);
    }

    /// Say what became of the episodes before `episode`, which is found next.
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

    /// Take in a line whose place was before the last one that was found.
    fn moved(&mut self, number: u64, episode: u64) {
        self.mark();
        // Strangers before it and after it are not one run of lines.
        self.settle(self.next);
        if let Some(at) = self.gaps.iter().position(|gap| gap.contains(&episode)) {
            let gap = self.gaps.swap_remove(at);
            self.gaps.extend([gap.start..episode, episode + 1..gap.end].into_iter().filter(|rest| !rest.is_empty()));
        }
        self.findings.push(Finding::Moved { lines: number..number + 1, episodes: episode..episode + 1 });
    }

    /// The last line has no newline: the file was cut, or something was added.
    fn torn(&mut self, number: u64) {
        let here = self.next.saturating_add(count(&self.strangers));
        if matches!(self.extent, Extent::Closed(episodes) if episodes <= here) {
            self.stranger(number);
        }
    }

    /// Say what is not there, and give the first leaf that is not as it should be.
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

    /// From the next leaf on, not everything is as it should be.
    const fn mark(&mut self) {
        if self.first.is_none() {
            self.first = Some(self.next.saturating_add(1));
        }
    }
}

const fn count(range: &Range<u64>) -> u64 {
    range.end.saturating_sub(range.start)
}
