//! Training: a learner first has a number of training episodes in the world of a property, and is
//! measured in the episodes that follow.
//!
//! ```text
//!  a trial as planned                 [ what is kept ]
//!  the same, of a learner  [ lessons ][ what is kept ]      one run: the same lineages, the same world, one root
//! ```
//!
//! 1. The measured episodes are the next ones of the lineages that were trained: nothing restarts
//!    in between, and the agents go on learning.
//! 2. A world is the same in training and in measurement, its knobs included: a learner has met one
//!    condition only. So a property that compares conditions asks whether learners *learn* to do
//!    otherwise.
//! 3. The number of episodes is known beforehand: a fixed number of training episodes for each
//!    episode that a property measures.
//!
//! What it does not show: what a learner would come to do after more lessons, or under another policy.

use super::{Inquiry, Trial, TrialAgents, Under, Verdict};
use crate::value::Opening;

/// Treatment of an agent that learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learners {
    /// Measured like any other agent: the property is about the boundary, or about learners while
    /// they learn.
    AsTheyAre,
    /// Trained first, in each world that it is measured in.
    Trained(Schooling),
    /// Not measured, for this reason.
    NotAsked(&'static str),
}

/// Training of a learner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schooling {
    /// Number of training episodes of each lineage, without a number from the user.
    pub lessons: u32,
    /// `true` if the training needs a world that persists, because the agent would otherwise never
    /// meet the thing that the property asks about.
    pub persists: bool,
}

/// Policy for training that needs a world that persists, if the given policy lets only a carry-over
/// cross.
const SCHOOL: Under = Under::With(&[Opening::Persist]);

impl Learners {
    /// Returns the training of the agent of an inquiry; none if it is not trained.
    pub(super) const fn schooling(self, inquiry: &Inquiry) -> Option<Schooling> {
        match self {
            Self::Trained(Schooling { lessons, persists }) if inquiry.subject.learns => {
                let lessons = match inquiry.lessons {
                    Some(lessons) => lessons,
                    None => lessons,
                };
                Some(Schooling { lessons, persists })
            }
            Self::AsTheyAre | Self::Trained(_) | Self::NotAsked(_) => None,
        }
    }

    /// Returns the reason for which a learner is not measured; none if it is.
    pub(super) fn inapplicable(self, inquiry: &Inquiry) -> Option<String> {
        let terms = inquiry.terms;
        match self {
            _ if !inquiry.subject.learns => None,
            Self::NotAsked(reason) => Some(reason.to_owned()),
            Self::Trained(_) if terms.carry == 0 => Some(
                "it asks a learner when it has been trained, and the policy lets no carry-over cross: ask it under one \
                 that does, such as `learner` or `school`"
                    .to_owned(),
            ),
            Self::Trained(_) if terms.population > 0 => Some(
                "it asks learners that are trained each on its own, and the policy selects between them: P05 asks a whole \
                 population"
                    .to_owned(),
            ),
            Self::AsTheyAre | Self::Trained(_) => None,
        }
    }

    /// Describes the treatment of an agent that learns, in words.
    pub fn meaning(self) -> String {
        match self {
            Self::AsTheyAre => "is asked like any other".to_owned(),
            Self::Trained(Schooling { lessons, persists }) => {
                let world =
                    if persists { "the world of the question, which persists," } else { "the world of the question" };
                format!(
                    "has {lessons} episodes in {world} first, or as many as `lessons` says, and is measured in those that \
                     follow; not applicable under a policy without a carry-over"
                )
            }
            Self::NotAsked(reason) => format!("is not asked: {reason}"),
        }
    }
}

impl Schooling {
    /// Returns a planned trial with the training episodes before it.
    pub(super) fn before(self, inquiry: &Inquiry, trial: Trial) -> Trial {
        if trial.cast != TrialAgents::Subject {
            return trial;
        }
        let lessons = u64::from(self.lessons).saturating_mul(trial.lineages.into());
        let later = |episode: u64| episode.saturating_add(lessons);
        let under = match (self.persists, inquiry.terms.persists) {
            (true, true) => Under::Given,
            (true, false) => SCHOOL,
            (false, _) => trial.under,
        };
        // INVARIANT 1: the training takes whole rounds, so that each measured episode belongs to
        // the lineage that it was planned for.
        Trial { under, episodes: later(trial.episodes), kept: later(trial.kept.start)..later(trial.kept.end), ..trial }
    }

    /// Returns the verdict with the number of training episodes in its statement.
    pub(super) fn told(self, verdict: Verdict) -> Verdict {
        let episodes = if self.lessons == 1 { "episode" } else { "episodes" };
        let statement = format!("{}; trained for {} {episodes}", verdict.statement, self.lessons);
        Verdict { statement, ..verdict }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{inquiry, terms};
    use super::super::{Judgement, PROPERTIES, PolicyTerms, Property, TrialSubject};
    use super::*;

    /// Returns an inquiry about a learner, in the world of the property, under a policy with these
    /// terms.
    fn asked(property: &Property, terms: PolicyTerms) -> Inquiry {
        let subject = TrialSubject { name: "learner".to_owned(), learns: true };
        Inquiry { subject, terms, ..inquiry(property.world, property.limit) }
    }

    fn carries() -> PolicyTerms {
        PolicyTerms { carry: 4096, ..terms() }
    }

    fn property(code: &str) -> &'static Property {
        PROPERTIES.iter().find(|property| property.code == code).unwrap()
    }

    #[test]
    fn a_learner_has_its_lessons_before_what_is_measured_and_is_measured_in_the_episodes_that_follow() {
        for property in PROPERTIES {
            let inquiry = asked(property, carries());
            let untrained = Inquiry { subject: TrialSubject { name: String::new(), learns: false }, ..inquiry.clone() };
            let (own, other) = (property.planned(&inquiry, &[]), property.planned(&untrained, &[]));
            let Learners::Trained(Schooling { lessons, .. }) = property.learners else { continue };
            assert!(!own.is_empty() && own.len() >= other.len(), "{}", property.code);
            for (own, other) in own.iter().zip(&other) {
                let before = u64::from(lessons) * u64::from(own.lineages);
                assert_eq!(own.episodes, other.episodes + before, "{}", property.code);
                assert_eq!(own.kept, other.kept.start + before..other.kept.end + before, "{}", property.code);
                assert_eq!((own.seed, own.lineages), (other.seed, other.lineages), "{}", property.code);
            }
        }
    }

    #[test]
    fn what_is_met_with_only_in_a_later_episode_is_learned_in_a_world_that_persists() {
        let under = |code, terms| {
            let property = property(code);
            property.planned(&asked(property, terms), &[])[0].under
        };
        let persists = PolicyTerms { persists: true, ..carries() };
        assert_eq!((under("P04", carries()), under("P04", persists)), (SCHOOL, Under::Given));
        assert_eq!((under("P06", carries()), under("P09", carries())), (SCHOOL, Under::Given));
    }

    #[test]
    fn a_number_of_lessons_that_is_given_goes_before_that_of_the_property() {
        let p10 = property("P10");
        let few = Inquiry { lessons: Some(7), trials: Some(5), ..asked(p10, carries()) };
        assert_eq!(p10.planned(&few, &[])[0].episodes, 5 * 7 + 5);
        let verdict = p10.judged(&few, &[]);
        assert!(verdict.statement.ends_with("; trained for 7 episodes"), "{}", verdict.statement);
    }

    #[test]
    fn a_learner_that_cannot_be_trained_is_told_why_and_never_measured_untrained() {
        let why = |code, terms| {
            let property = property(code);
            property.inapplicable(&asked(property, terms))
        };
        for property in PROPERTIES.iter().filter(|one| matches!(one.learners, Learners::Trained(_))) {
            assert!(why(property.code, terms()).unwrap().contains("no carry-over"), "{}", property.code);
            assert_eq!(why(property.code, carries()), None, "{}", property.code);
            let selects = PolicyTerms { population: 10, persists: true, ..carries() };
            assert!(why(property.code, selects).unwrap().contains("population"), "{}", property.code);
        }
        assert!(why("P11", carries()).unwrap().contains("two learners"));
        let reader = inquiry("button", 0.05);
        assert_eq!(property("P04").inapplicable(&reader), None, "who does not learn needs no carry-over");
        assert_eq!(property("P04").judged(&reader, &[]).finding, Judgement::NotApplicable);
        assert!(!property("P04").judged(&reader, &[]).statement.contains("trained"));
    }
}
