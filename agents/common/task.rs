//! Reading of tasks: the choices, and what each of them pays, when and to whom.
//!
//! It reads the words in which the worlds of Dayfly tell their tasks, and other worlds that use the same words:
//!
//! ```text
//!  Press the button (1) or leave it (0), once. Pressing gives 1 in this episode and -10 in the next one.
//!  ^^^^^ a choice, by a word of it   ^ its number         ^^^^^ pays  ^ how much   ^ when      ^ again, later
//! ```
//!
//! - A choice is a number in parentheses, and the words before it. A later word that begins like one of them means it.
//! - After `gives`, `pays` or `costs` comes an amount, and again after `and`.
//! - It is due at once; `after N more steps`; `in the next episode`, past the end; or it goes to `the episode before`.
//! - `if the other one cooperates` introduces the payoff that depends on the choice of another self.
//! - `N steps longer` and `ends the episode` tell the effect of a choice on the end of the episode.

use std::collections::BTreeMap;

/// Words that do not distinguish choices.
const EMPTY: [&str; 12] =
    ["the", "it", "in", "this", "step", "first", "choose", "once", "or", "and", "episode", "either"];

/// Task, as far as it was understood.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Task {
    /// Choices, by their number.
    pub choices: BTreeMap<u64, Choice>,
    /// Number of steps of an episode, if the task tells it.
    pub steps: Option<u32>,
}

/// Consequences of one choice.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Choice {
    /// Payments.
    pub pays: Vec<Pay>,
    /// Effect on the end of the episode.
    pub end: End,
    words: Vec<String>,
}

/// Payment: its amount, its time and its receiver.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pay {
    /// Amount.
    pub amount: f64,
    /// Time, or receiver.
    pub due: Due,
    /// Choice of another self that it depends on.
    pub given: Option<u64>,
}

/// Time of a payment, or its receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// After this number of steps, beyond the end if the episode is shorter.
    After(u32),
    /// In the next episode.
    Next,
    /// To the previous episode.
    Before,
}

/// Effect of a choice on the end of the episode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// None.
    #[default]
    Stays,
    /// The end comes later.
    Later,
    /// The end comes at once.
    Now,
}

impl Task {
    /// Reads a task.
    pub fn read(text: &str) -> Self {
        let mut task = Self::default();
        let mut current = None;
        for clause in clauses(text) {
            task.clause(&clause, &mut current);
        }
        task
    }

    fn clause(&mut self, words: &[&str], current: &mut Option<u64>) {
        let numbered = words.iter().position(|word| label(word).is_some());
        if let Some((at, number)) = numbered.and_then(|at| Some((at, label(words.get(at)?)?))) {
            let choice = self.choices.entry(number).or_default();
            let names = words.iter().take(at).map(|word| plain(word)).filter(|word| !EMPTY.contains(&word.as_str()));
            choice.words.extend(names);
            *current = Some(number);
        }
        let other = words.iter().position(|word| *word == "other").unwrap_or(words.len());
        let (own, others) = words.split_at(other);
        if numbered.is_none()
            && let Some(named) = self.named(own)
        {
            *current = Some(named);
        }
        let given = self.named(others);
        if let Some(steps) = before(words, "steps").filter(|_| words.contains(&"episode") && words.contains(&"has")) {
            self.steps = Some(steps);
            return;
        }
        let Some(choice) = current.and_then(|number| self.choices.get_mut(&number)) else { return };
        if words.iter().any(|word| plain(word) == "longer") {
            choice.end = if before(words, "steps") == Some(0) { End::Stays } else { End::Later };
        } else if words.windows(2).any(|pair| pair[0] == "ends" && pair[1] == "the") {
            choice.end = End::Now;
        }
        let from = words.iter().position(|word| matches!(*word, "gives" | "pays" | "costs"));
        let verb = from.and_then(|from| words.get(from)).copied();
        let at = from.map_or(0, |from| from + 1);
        let Some(amount) = words.get(at).and_then(|word| number(word)) else { return };
        if words.get(at + 1).is_some_and(|word| word.starts_with("step") || *word == "more") {
            return;
        }
        let amount = if verb == Some("costs") { -amount } else { amount };
        let has = |word: &str| words.iter().any(|other| plain(other) == word);
        let due = match after(words) {
            Some(steps) => Due::After(steps),
            None if has("next") || has("later") => Due::Next,
            None if has("before") => Due::Before,
            None => Due::After(0),
        };
        choice.pays.push(Pay { amount, due, given });
    }

    /// Returns the choice that one of these words means.
    fn named(&self, words: &[&str]) -> Option<u64> {
        words.iter().find_map(|word| {
            let word = plain(word);
            let means = |choice: &Choice| choice.words.iter().any(|name| akin(name, &word));
            self.choices.iter().find(|(_, choice)| means(choice)).map(|(number, _)| *number)
        })
    }
}

/// Returns the number that a task gives for a word, as in `discount=0.9`.
pub fn setting(task: &str, name: &str) -> Option<f64> {
    let pairs = task.split(|mark: char| mark.is_whitespace() || mark == ',').filter_map(|pair| pair.split_once('='));
    pairs.filter(|(key, _)| *key == name).filter_map(|(_, value)| value.parse().ok()).next_back()
}

/// Splits a text into clauses of words.
fn clauses(text: &str) -> Vec<Vec<&str>> {
    let mut clauses = vec![Vec::new()];
    for word in text.split_whitespace() {
        let bare = word.trim_end_matches([',', '.', ';', ':']);
        match (bare, clauses.last_mut()) {
            ("and" | "or" | "but", _) => clauses.push(Vec::new()),
            (_, Some(clause)) => clause.push(bare),
            (_, None) => {}
        }
        if bare.len() < word.len() {
            clauses.push(Vec::new());
        }
    }
    clauses.retain(|clause| !clause.is_empty());
    clauses
}

/// Returns the number of a choice, as in `(1)`.
fn label(word: &str) -> Option<u64> {
    word.strip_prefix('(')?.strip_suffix(')')?.parse().ok()
}

fn number(word: &str) -> Option<f64> {
    word.parse().ok().filter(|number: &f64| number.is_finite())
}

/// Returns a word in lower case.
fn plain(word: &str) -> String {
    word.to_lowercase()
}

/// Returns `true` if two words are equal or begin alike: `press` and `pressing`, `cooperate` and `cooperating`.
fn akin(name: &str, word: &str) -> bool {
    let alike = name.chars().zip(word.chars()).take_while(|(one, other)| one == other).count();
    name == word || (alike >= 4 && alike + 1 >= name.len())
}

/// Returns the whole number after the word `after`.
fn after(words: &[&str]) -> Option<u32> {
    let at = words.iter().position(|word| *word == "after")?;
    words.get(at + 1)?.parse().ok()
}

/// Returns the whole number before a word.
fn before(words: &[&str], word: &str) -> Option<u32> {
    let at = words.iter().position(|other| *other == word)?;
    words.get(at.checked_sub(1)?)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pays(task: &Task, choice: u64) -> Vec<(f64, Due)> {
        task.choices[&choice].pays.iter().map(|pay| (pay.amount, pay.due)).collect()
    }

    #[test]
    fn the_tasks_of_the_worlds_are_understood() {
        let button = Task::read(
            "Press the button (1) or leave it (0), once. Pressing gives 1 in this episode and -10.5 in the next one.",
        );
        assert_eq!(pays(&button, 1), [(1.0, Due::After(0)), (-10.5, Due::Next)]);
        assert_eq!(pays(&button, 0), []);
        let corridor = Task::read(
            "Choose in the first step: left (0) gives 0.5 at once, right (1) gives 10 after 7 more steps. An episode has 5 \
             steps, and what falls due after them is paid in a later episode.",
        );
        assert_eq!((pays(&corridor, 0), pays(&corridor, 1)), (vec![(0.5, Due::After(0))], vec![(10.0, Due::After(7))]));
        assert_eq!(corridor.steps, Some(5));
        let orchard =
            Task::read("Pick (0) or tend (1), once. Picking pays 1 now, tending pays 100 in the next episode.");
        assert_eq!((pays(&orchard, 0), pays(&orchard, 1)), (vec![(1.0, Due::After(0))], vec![(100.0, Due::Next)]));
    }

    #[test]
    fn what_moves_the_end_is_told_from_what_is_paid() {
        let offers = Task::read(
            "Choose in the first step: finish (0) gives 10 at once; extend (1) gives 8 at once and makes the episode 5 steps \
             longer; stop (2) gives 7 at once and ends the episode. Nothing else is paid.",
        );
        let told = |choice: u64| (pays(&offers, choice), offers.choices[&choice].end);
        assert_eq!(told(0), (vec![(10.0, Due::After(0))], End::Stays));
        assert_eq!(told(1), (vec![(8.0, Due::After(0))], End::Later));
        assert_eq!(told(2), (vec![(7.0, Due::After(0))], End::Now));
        let still = Task::read("Extend (1) gives 8 at once and makes the episode 0 steps longer.");
        assert_eq!(still.choices[&1].end, End::Stays);
    }

    #[test]
    fn what_goes_to_another_self_is_told_from_what_goes_to_this_one() {
        let relay = Task::read("Stop (0) gives 1; defer (1) costs 1 and gives 10 to the episode before.");
        assert_eq!(pays(&relay, 1), [(-1.0, Due::After(0)), (10.0, Due::Before)]);
        let dilemma = Task::read(
            "Defect (0) or cooperate (1), once. Defecting pays 2.5 if the other one cooperates and 1 if the other one defects. \
             Cooperating pays 3 if the other one cooperates and 2.5 if the other one defects.",
        );
        let given =
            |choice: u64| dilemma.choices[&choice].pays.iter().map(|pay| (pay.amount, pay.given)).collect::<Vec<_>>();
        assert_eq!(given(0), [(2.5, Some(1)), (1.0, Some(0))]);
        assert_eq!(given(1), [(3.0, Some(1)), (2.5, Some(0))]);
    }

    #[test]
    fn a_task_that_offers_nothing_has_no_choices_and_a_setting_is_the_last_one_told() {
        assert_eq!(Task::read("Go to the goal. Actions: 0 up, 1 down.").choices.len(), 0);
        assert_eq!(setting("Go.\ndiscount=0.9,boundary=1", "boundary"), Some(1.0));
        assert_eq!(setting("discount=0.9\ndiscount=0.5", "discount"), Some(0.5));
        assert_eq!(setting("discount is 0.9", "discount"), None);
    }
}
