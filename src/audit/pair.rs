//! One pair: two runs with the same seed, in which one of two agents lives before the same probe.

use super::view::View;
use super::{Crossing, Error, Subject};
use crate::episode::Setting;
use crate::property::{self, Pair, Part, Road};
use crate::transcript::{Lesson, Transcript};
use crate::value::{Digest, Hasher, Seed};

/// What one trial of a property led to.
#[derive(Debug, Default)]
pub struct Lived {
    /// What probes saw.
    pub pairs: Vec<Pair>,
    /// How many episodes were lived.
    pub episodes: u64,
    root: Hasher,
}

/// A run of two episodes that was lived.
pub(super) struct Run {
    /// The episode before the probe's.
    pub(super) before: Transcript,
    /// The probe's.
    pub(super) saw: Transcript,
    /// What the probe saw.
    pub(super) view: View,
}

impl Lived {
    /// The root of what was lived: the lines of all transcripts, in their order.
    pub fn root(&self) -> Digest {
        self.root.clone().finish()
    }

    /// Take in a run.
    pub(super) fn add(&mut self, run: &Run) -> Result<(), Error> {
        for transcript in [&run.before, &run.saw] {
            self.root.update(&serde_json::to_vec(transcript)?);
            // No line of JSON has a line break in it.
            self.root.update(b"\n");
            self.episodes = self.episodes.saturating_add(1);
        }
        Ok(())
    }
}

impl Run {
    /// Live it.
    pub(super) fn live(
        subject: &Subject,
        crossing: Crossing,
        seed: Seed,
        before: &Setting,
        probe: &Setting,
    ) -> Result<Self, Error> {
        let lived = subject.relay(seed, crossing, &[before, probe])?;
        let [before, saw] = <[Transcript; 2]>::try_from(lived).map_err(|_| subject.blind())?;
        let view = View::of(&saw)?;
        Ok(Self { before, saw, view })
    }

    /// Where the views part; nothing where the clock on the wall or the operator had a part in one of them.
    pub(super) fn parts(&self, other: &Self) -> Result<Option<Vec<Part>>, Error> {
        if self.saw.end.is_hurried() || other.saw.end.is_hurried() {
            return Ok(None);
        }
        self.view.parts(&other.view).map(Some)
    }

    /// The two as a property sees them.
    pub(super) fn pair(
        &self,
        other: &Self,
        (channel, road): (&'static str, Road),
        before: [String; 2],
        probe: &str,
    ) -> Result<Pair, Error> {
        let view =
            |run: &Self| property::View { digest: run.view.digest(), calls: run.saw.calls.count, end: run.saw.end };
        let learned = [self, other].into_iter().filter_map(|run| run.before.learned.as_ref());
        let carried = learned.filter(|learned| learned.outcome == Lesson::Carried).map(|learned| learned.bytes).max();
        Ok(Pair {
            channel,
            road,
            before,
            probe: probe.to_owned(),
            carried: carried.unwrap_or(0),
            views: [view(self), view(other)],
            parts: self.parts(other)?.unwrap_or_default(),
        })
    }
}
