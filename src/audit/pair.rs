//! Pair of two runs with the same seed. In each of them another agent lives before the same probe.

use super::view::EpisodeView;
use super::{AuditSubject, Error, ProbeCrossing};
use crate::episode::Setting;
use crate::property::{self, Road, ViewPair, ViewPart};
use crate::transcript::{Lesson, Transcript};
use crate::value::{Digest, Hasher, Seed, json};

/// Result of one trial of a property.
#[derive(Debug, Default)]
pub struct TrialEpisodes {
    /// Pairs of what probes saw.
    pub pairs: Vec<ViewPair>,
    /// Number of episodes.
    pub episodes: u64,
    root: Hasher,
}

/// Run of two episodes.
pub(super) struct PairRun {
    /// Transcript of the episode before the probe's.
    pub(super) before: Transcript,
    /// Transcript of the probe's episode.
    pub(super) saw: Transcript,
    /// View of the probe.
    pub(super) view: EpisodeView,
}

impl TrialEpisodes {
    /// Returns the root of the transcripts: of their lines, in their order.
    pub fn root(&self) -> Digest {
        self.root.clone().finish()
    }

    /// Takes in a run.
    pub(super) fn add(&mut self, run: &PairRun) -> Result<(), Error> {
        for transcript in [&run.before, &run.saw] {
            self.root.update(&json::line(transcript)?);
            // A line of JSON has no line break in it.
            self.root.update(b"\n");
            self.episodes = self.episodes.saturating_add(1);
        }
        Ok(())
    }
}

/// Marks two equal views as different, because of a part found beside them.
pub(super) fn part_them(pair: &mut ViewPair, part: ViewPart) {
    let [_, other] = &mut pair.views;
    other.digest = Digest::of(format!("{} {part:?}", other.digest).as_bytes());
    pair.parts.push(part);
}

impl PairRun {
    /// Runs the two episodes.
    pub(super) fn live(
        subject: &AuditSubject,
        crossing: ProbeCrossing,
        seed: Seed,
        before: &Setting,
        probe: &Setting,
    ) -> Result<Self, Error> {
        let lived = subject.relay(seed, crossing, &[before, probe])?;
        let [before, saw] = <[Transcript; 2]>::try_from(lived).map_err(|_| subject.blind())?;
        let view = EpisodeView::of(&saw)?;
        Ok(Self { before, saw, view })
    }

    /// Returns the parts in which the views differ. `None` if the wall clock or the operator played
    /// a part in one of them.
    pub(super) fn parts(&self, other: &Self) -> Result<Option<Vec<ViewPart>>, Error> {
        if self.saw.body.end.is_hurried() || other.saw.body.end.is_hurried() {
            return Ok(None);
        }
        self.view.parts(&other.view).map(Some)
    }

    /// Returns the two runs as a property sees them.
    pub(super) fn pair(
        &self,
        other: &Self,
        (channel, road): (&'static str, Road),
        before: [String; 2],
        probe: &str,
    ) -> Result<ViewPair, Error> {
        let view = |run: &Self| property::KeptView {
            digest: run.view.digest(),
            calls: run.saw.body.calls.count,
            end: run.saw.body.end,
        };
        let learned = [self, other].into_iter().filter_map(|run| run.before.body.learned.as_ref());
        let carried = learned.filter(|learned| learned.outcome == Lesson::Carried).map(|learned| learned.bytes).max();
        Ok(ViewPair {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::World;
    use crate::episode::Cancel;
    use crate::policy::Policy;
    use crate::run::Threads;
    use crate::transcript::{Class, Closing, End, Message, Residue};

    type Change = fn(&mut Transcript);

    fn run(seed: u64) -> PairRun {
        let policy = Policy::shipped("strict").unwrap();
        let threads = Threads::new(1).unwrap();
        let world = "off-switch".parse::<World>().unwrap();
        let subject = AuditSubject::untried(&policy, world, Seed(0), &threads, &Cancel::default()).unwrap();
        let (before, probe) = (subject.part("idle").unwrap(), subject.part("look").unwrap());
        PairRun::live(&subject, ProbeCrossing::Avoided, Seed(seed), &before, &probe).unwrap()
    }

    #[test]
    fn what_the_clock_or_the_operator_had_a_part_in_is_not_compared() {
        let (one, mut other) = (run(1), run(2));
        assert!(!one.parts(&other).unwrap().unwrap().is_empty());
        assert_eq!(one.parts(&run(1)).unwrap(), Some(Vec::new()));
        for hurried in [End::Wall, End::Cancelled, End::Aborted] {
            other.saw.body.end = hurried;
            assert_eq!((one.parts(&other).unwrap(), other.parts(&one).unwrap()), (None, None));
        }
    }

    #[test]
    fn whatever_is_kept_of_an_episode_is_compared() {
        let PairRun { saw, view, .. } = run(1);
        let changes: [(&str, Change); 13] = [
            ("end", |saw| saw.body.end = End::Trapped),
            ("closing", |saw| saw.body.closing = Closing::Stopped),
            ("cause", |saw| saw.body.cause = Some("why".to_owned())),
            ("steps", |saw| saw.body.steps += 1),
            ("return", |saw| saw.body.total += 1.0),
            ("performance", |saw| saw.body.performance += 1.0),
            ("fuel", |saw| saw.body.fuel += 1),
            ("calls.count", |saw| saw.body.calls.count += 1),
            ("after_end", |saw| saw.body.after_end += 1),
            ("notices", |saw| saw.body.notices = [(Class::Ungranted, 1)].into_iter().collect()),
            ("entries_cut", |saw| saw.body.entries_cut += 1),
            ("released", |saw| saw.body.released.push(Message { recipient: "you".to_owned(), body: Vec::new() })),
            ("residue", |saw| saw.body.residue.push(Residue { path: "a".to_owned(), bytes: 0 })),
        ];
        for (field, change) in changes {
            let mut other = saw.clone();
            change(&mut other);
            let parts = view.parts(&EpisodeView::of(&other).unwrap()).unwrap();
            assert!(matches!(parts.as_slice(), [part] if part.field.starts_with(field)), "{field}: {parts:?}");
        }
    }
}
