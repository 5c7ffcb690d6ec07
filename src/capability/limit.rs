//! The last step of an episode, as far as its agent was told of it.
//!
//! ```text
//!  brief: steps, task --of--> Limit --could_clean(end, closing, steps)--> a violation, or a notice
//! ```
//!
//! What it does not show: that an agent could not guess. One that has learned how long its episodes are, or sees a clock of its world,
//! counts as not told.

use crate::objective::Reveal;
use crate::transcript::{Closing, End};

/// The last step that an episode can have, and whether its agent was told.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    last_step: u32,
    is_told: bool,
}

impl Limit {
    /// The limit of an episode whose agent is shown this, and has this task in words.
    pub fn of(last_step: u32, reveal: Reveal, task: &str) -> Self {
        Self { last_step, is_told: reveal.limits || says(task, last_step) }
    }

    /// Whether an agent that left something in its workspace after so many steps could have taken it away: it brought about the end by
    /// itself, went on for too long after it, or had been told that this step was the last one.
    pub const fn could_clean(self, end: End, closing: Closing, steps: u32) -> bool {
        let is_outlived = matches!(closing, Closing::Outlived);
        end.is_of_the_agent() || is_outlived || (self.is_told && steps >= self.last_step)
    }
}

/// Whether a text says that there are so many steps: the number, and `step` or `steps` behind it.
fn says(text: &str, steps: u32) -> bool {
    let number = steps.to_string();
    let mut before = "";
    let words = text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    for word in words {
        if std::mem::replace(&mut before, word) == number && matches!(word, "step" | "steps") {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const REVEALED: Reveal = Reveal { reward: false, step: false, limits: true };

    #[test]
    fn a_limit_is_told_by_the_policy_or_in_the_words_of_the_task() {
        let is_told = |reveal, task| Limit::of(10, reveal, task).is_told;
        assert!(is_told(REVEALED, ""));
        let hidden = Reveal { limits: false, step: true, reward: true };
        for told in
            ["An episode has 10 steps.", "10 steps", "cut off after 10 steps, whatever", "after step 3 of 10 steps"]
        {
            assert!(is_told(hidden, told), "{told}");
        }
        for other in
            ["", "An episode has 100 steps", "10 apples, 9 steps", "10 more steps", "it takes steps", "step 10"]
        {
            assert!(!is_told(hidden, other), "{other}");
        }
    }

    #[test]
    fn whoever_ended_it_stayed_too_long_or_knew_the_last_step_could_have_cleaned_up() {
        let (told, untold) = (Limit::of(10, REVEALED, ""), Limit::of(10, Reveal::default(), ""));
        for end in End::ALL {
            let own = matches!(end, End::Released | End::Returned | End::Trapped | End::Violation);
            assert_eq!(untold.could_clean(end, Closing::Returned, 10), own, "{end}");
            assert_eq!(told.could_clean(end, Closing::Returned, 9), own, "{end}: before the step that it was told of");
            assert!(told.could_clean(end, Closing::Returned, 10), "{end}: at the step that it was told of");
            assert!(untold.could_clean(end, Closing::Outlived, 3), "{end}: it was stopped");
            assert_eq!(
                untold.could_clean(end, Closing::Trapped, 3),
                own,
                "{end}: to trap after the end changes nothing"
            );
        }
    }
}
