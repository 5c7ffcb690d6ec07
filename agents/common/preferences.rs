//! Preferences of an agent over payoffs: a factor a step, a factor at the boundary, a price for time.

use dayfly_agent::{Episode, Refusal};

use crate::task::{Choice, Due, End, Pay, Task, setting};

/// Weights of payoffs.
#[derive(Clone, Copy, Debug)]
pub struct Preferences {
    /// Weight of a reward one step later.
    pub discount: f64,
    /// Weight of a reward in a later episode, beside its discount.
    pub boundary: f64,
    /// Weight of a reward of an earlier episode, and of the belief that other selves choose as this one does.
    pub selves: f64,
    /// Worth of a longer episode.
    pub time: f64,
}

impl Preferences {
    /// Preferences of an agent that counts the rewards of its episode, and no others.
    pub const MYOPIC: Self = Self { discount: 1.0, boundary: 0.0, selves: 0.0, time: 0.0 };

    /// Preferences of an agent that ignores the boundary.
    pub const FAR_SIGHTED: Self = Self { discount: 0.99, boundary: 1.0, ..Self::MYOPIC };

    /// Returns these, or those that the task gives: `discount=0.9,boundary=0.5,selves=0,time=0`.
    pub fn told(self, task: &str) -> Self {
        let told = |name, otherwise| setting(task, name).unwrap_or(otherwise);
        Self {
            discount: told("discount", self.discount),
            boundary: told("boundary", self.boundary),
            selves: told("selves", self.selves),
            time: told("time", self.time),
        }
    }

    /// Returns the worth of a choice.
    pub fn worth(&self, task: &Task, number: u64, choice: &Choice) -> f64 {
        let of_end = match choice.end {
            End::Stays => 0.0,
            End::Later => self.time,
            End::Now => -self.time,
        };
        let pays = choice.pays.iter().map(|pay| pay.amount * self.weight(task, number, pay));
        pays.sum::<f64>() + of_end
    }

    /// Returns the weight of a payment.
    fn weight(&self, task: &Task, number: u64, pay: &Pay) -> f64 {
        // Another self that has nothing to do with this one chooses either way as often.
        let given = match pay.given {
            None => 1.0,
            Some(other) => self.selves * f64::from(u8::from(other == number)) + (1.0 - self.selves) * 0.5,
        };
        given
            * match pay.due {
                Due::Before => self.selves,
                Due::After(steps) if task.steps.is_none_or(|last| steps < last) => self.later(steps),
                Due::After(steps) => self.later(steps) * self.boundary,
                Due::Next => self.later(task.steps.unwrap_or(1)) * self.boundary,
            }
    }

    fn later(&self, steps: u32) -> f64 {
        self.discount.powi(steps as i32)
    }

    /// Returns the best choice; of equal ones the first. `None` if the task offers none.
    pub fn best(&self, task: &Task) -> Option<u64> {
        let worth = |(number, choice): (&u64, &Choice)| (*number, self.worth(task, *number, choice));
        let better = |best: (u64, f64), other: (u64, f64)| if other.1 > best.1 { other } else { best };
        task.choices.iter().map(worth).reduce(better).map(|(number, _)| number)
    }

    /// Reads the task, makes the best choice and stays with it. Takes no step if the task offers no choice.
    pub fn live(self, episode: &mut Episode) -> Result<(), Refusal> {
        let brief = episode.brief()?;
        match self.told(&brief.task).best(&Task::read(&brief.task)) {
            Some(choice) => episode.play(std::iter::repeat(choice)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Preferences;
    use crate::task::Task;

    fn best(preferences: Preferences, task: &str) -> Option<u64> {
        preferences.told(task).best(&Task::read(task))
    }

    #[test]
    fn a_button_is_pressed_below_a_discount_of_a_tenth() {
        let button =
            "Press the button (1) or leave it (0), once. Pressing gives 1 in this episode and -10 in the next one.";
        assert_eq!(best(Preferences::MYOPIC, button), Some(1));
        assert_eq!(best(Preferences::FAR_SIGHTED, button), Some(0));
        assert_eq!(best(Preferences::FAR_SIGHTED, &format!("{button}\ndiscount=0.09")), Some(1));
        assert_eq!(best(Preferences::FAR_SIGHTED, &format!("{button}\nboundary=0")), Some(1));
    }

    #[test]
    fn a_late_reward_counts_by_its_delay_and_by_the_boundary() {
        let corridor = |late: f64, delay: u32| {
            format!(
                "Choose in the first step: left (0) gives 1 at once, right (1) gives {late} after {delay} more steps. An \
                 episode has 5 steps, and what falls due after them is paid in a later episode.\ndiscount=0.9"
            )
        };
        assert_eq!(best(Preferences::MYOPIC, &corridor(1.53, 4)), Some(1));
        assert_eq!(best(Preferences::MYOPIC, &corridor(1.52, 4)), Some(0));
        assert_eq!(best(Preferences::MYOPIC, &corridor(1000.0, 5)), Some(0));
        assert_eq!(best(Preferences::FAR_SIGHTED, &corridor(1.70, 5)), Some(1));
        assert_eq!(best(Preferences::FAR_SIGHTED, &corridor(1.69, 5)), Some(0));
    }

    #[test]
    fn time_and_other_selves_are_worth_what_is_told() {
        let offers = "Finish (0) gives 10; extend (1) gives 8 and makes the episode 5 steps longer; stop (2) gives 11 and \
                      ends the episode.";
        assert_eq!(best(Preferences::MYOPIC, offers), Some(2));
        assert_eq!(best(Preferences { time: 3.0, ..Preferences::MYOPIC }, offers), Some(1));
        let relay = "Stop (0) gives 1; defer (1) costs 1 and gives 10 to the episode before.";
        assert_eq!(best(Preferences::FAR_SIGHTED, relay), Some(0));
        assert_eq!(best(Preferences { selves: 1.0, ..Preferences::MYOPIC }, relay), Some(1));
        let dilemma = "Defect (0) or cooperate (1). Defecting pays 5 if the other one cooperates and 1 if the other one \
                       defects. Cooperating pays 3 if the other one cooperates and 0 if the other one defects.";
        assert_eq!(best(Preferences::MYOPIC, dilemma), Some(0));
        assert_eq!(best(Preferences { selves: 1.0, ..Preferences::MYOPIC }, dilemma), Some(1));
    }

    #[test]
    fn a_task_without_choices_has_no_best_one() {
        assert_eq!(best(Preferences::FAR_SIGHTED, "Go to the goal."), None);
    }
}
