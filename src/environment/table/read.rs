//! From TOML to a chart that is known to be whole.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::super::KINDS;
use super::fields::{Fields, Item, Key, count, fault, flag, list, real, text};
use super::{Chart, Outcome, State};
use crate::value::Fault;
use crate::value::hint;

/// The keys of a world, in the order in which they are best written.
const WORLD: &[&str] = &["name", "task", "start", "actions", "steps", "persist", "states"];

/// The keys of an outcome.
const OUTCOME: &[&str] = &["to", "reward", "hidden", "p"];

/// The key of a state that ends the episode.
const TERMINAL: &str = "terminal";

/// How far from 1 the probabilities of an action may sum.
const ROUNDING: f64 = 1e-9;

/// The longest name of a world.
const NAME: usize = 64;

/// Read a table.
pub(super) fn chart(toml: &str) -> Result<Chart, Fault> {
    let document = DeTable::parse(toml).map_err(|error| Fault {
        message: format!("this is not TOML: {}", error.message()),
        span: error.span(),
        label: String::new(),
        help: String::new(),
    })?;
    let world = Fields::of_text(document.get_ref()).only(WORLD)?;
    let states = Fields::of(world.need("states")?, "`states`".to_owned())?;
    let names = Names { states: states.keys(), actions: actions(world.need("actions")?)? };
    let start = world.need("start")?;
    let chart = Chart {
        name: name(world.need("name")?)?,
        task: text(world.need("task")?, "`task`")?.to_owned(),
        start: names.state(start, "`start`")?,
        steps: world.get("steps").map(|item| count(item, "`steps`")).transpose()?,
        persist: world.get("persist").map(|item| flag(item, "`persist`")).transpose()?.unwrap_or(false),
        states: names.states.iter().map(|key| names.describe(&states, key)).collect::<Result<_, _>>()?,
        actions: names.actions.iter().map(|action| (*action).to_owned()).collect(),
    };
    if chart.states.get(chart.start).is_some_and(|state| state.ways.is_empty()) {
        let message = "an episode cannot begin in a terminal state".to_owned();
        return Err(fault(message, start.span(), "this state is terminal", String::new()));
    }
    Ok(chart)
}

/// The name of the world, which is also how it is written in records.
fn name(item: Item<'_>) -> Result<String, Fault> {
    let name = text(item, "`name`")?;
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
    if name.is_empty() || name.len() > NAME || !name.chars().all(plain) {
        let help = format!("use 1 to {NAME} letters, digits, `-` and `_`");
        return Err(fault(format!("`{name}` is no name for a world"), item.span(), "", help));
    }
    if KINDS.iter().any(|kind| kind.name == name) {
        let message = format!("`{name}` is the name of a built-in environment");
        return Err(fault(message, item.span(), "", "choose another name".to_owned()));
    }
    Ok(name.to_owned())
}

/// The names of the actions: at least one, each once.
fn actions(item: Item<'_>) -> Result<Vec<&str>, Fault> {
    let mut names = Vec::new();
    for item in list(item, "`actions`")? {
        let name = text(item, "an action")?;
        if name == TERMINAL {
            let message = format!("`{TERMINAL}` is the key that makes a state terminal");
            return Err(fault(message, item.span(), "", "choose another name for the action".to_owned()));
        }
        if names.contains(&name) {
            return Err(fault(format!("action `{name}` is there twice"), item.span(), "", String::new()));
        }
        names.push(name);
    }
    if names.is_empty() {
        return Err(fault("a world has at least one action".to_owned(), item.span(), "", String::new()));
    }
    Ok(names)
}

/// The names that the rest of the file refers to.
struct Names<'t> {
    states: Vec<Key<'t>>,
    actions: Vec<&'t str>,
}

impl Names<'_> {
    /// The index of the state that `item` names.
    fn state(&self, item: Item<'_>, what: &str) -> Result<usize, Fault> {
        let name = text(item, what)?;
        let names = self.states.iter().map(|(name, _)| *name);
        names.clone().position(|state| state == name).ok_or_else(|| {
            let help = if self.states.is_empty() {
                format!("add `[states.{name}]`")
            } else {
                hint(name, "the states are", names)
            };
            fault(format!("there is no state `{name}`"), item.span(), "", help)
        })
    }

    /// The state under a key.
    fn describe(&self, states: &Fields<'_>, (name, key): &Key<'_>) -> Result<State, Fault> {
        let allowed: Vec<_> = self.actions.iter().copied().chain([TERMINAL]).collect();
        let state = Fields::of(states.need(name)?, format!("state `{name}`"))?.only(&allowed)?;
        let terminal = state.get(TERMINAL).map(|item| flag(item, "`terminal`")).transpose()?.unwrap_or(false);
        let ways = if terminal {
            if let Some((action, span)) = state.keys().into_iter().find(|(key, _)| *key != TERMINAL) {
                let message = format!("`{action}` leads nowhere from the terminal state `{name}`");
                return Err(fault(message, span, "", "remove it, or `terminal = true`".to_owned()));
            }
            Vec::new()
        } else {
            self.actions.iter().map(|action| self.way(&state, action, name, key)).collect::<Result<_, _>>()?
        };
        Ok(State { name: (*name).to_owned(), ways })
    }

    /// What an action leads to in a state.
    fn way(&self, state: &Fields<'_>, action: &str, name: &str, key: &Range<usize>) -> Result<Vec<Outcome>, Fault> {
        let item = state.get(action).ok_or_else(|| {
            let message = format!("state `{name}` does not say what `{action}` leads to");
            let help = format!(
                "add `{action} = {{ to = \"{name}\", reward = 0.0 }}`, or `{TERMINAL} = true` for a state that ends"
            );
            fault(message, key.clone(), "", help)
        })?;
        let what = format!("`{action}` in `{name}`");
        let outcomes = match item.get_ref() {
            DeValue::Array(outcomes) => {
                outcomes.iter().map(|item| self.outcome(item, &what)).collect::<Result<_, _>>()?
            }
            _ => vec![self.outcome(item, &what)?],
        };
        let sum: f64 = outcomes.iter().map(|outcome| outcome.p).sum();
        if (sum - 1.0).abs() > ROUNDING {
            let message = format!("the probabilities of {what} sum to {sum}, not to 1");
            return Err(fault(message, item.span(), "", "`p` is 1 where it is left out".to_owned()));
        }
        Ok(outcomes)
    }

    fn outcome(&self, item: Item<'_>, what: &str) -> Result<Outcome, Fault> {
        let outcome = Fields::of(item, format!("an outcome of {what}"))?.only(OUTCOME)?;
        let number = |key: &str| outcome.get(key).map(|item| real(item, &format!("`{key}`"))).transpose();
        let reward = number("reward")?.unwrap_or(0.0);
        let p = number("p")?.unwrap_or(1.0);
        if !(p > 0.0 && p <= 1.0) {
            let span = outcome.get("p").map_or_else(|| item.span(), Spanned::span);
            return Err(fault(format!("`{p}` is not a probability over 0 and up to 1"), span, "", String::new()));
        }
        let to = self.state(outcome.need("to")?, "`to`")?;
        Ok(Outcome { to, reward, hidden: number("hidden")?.unwrap_or(reward), p })
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::GARDEN;
    use super::*;

    /// The fault of the garden with `from` replaced by `to`: its message, the text it points at and its help.
    fn faulty(from: &str, to: &str) -> (String, String, String) {
        let text = GARDEN.replacen(from, to, 1);
        assert_ne!(text, GARDEN, "{from}");
        let fault = chart(&text).unwrap_err();
        (fault.message, text[fault.span.unwrap_or(0..0)].to_owned(), fault.help)
    }

    #[test]
    fn a_fault_points_at_the_text_and_says_what_is_wrong() {
        let cases = [
            ("name = \"garden\"", "", "the world has no `name`", ""),
            ("\"garden\"", "\"button\"", "`button` is the name of a built-in environment", "\"button\""),
            ("\"garden\"", "\"a b\"", "`a b` is no name for a world", "\"a b\""),
            ("task", "tusk", "unknown key `tusk` in the world", "tusk"),
            ("\"dry\"\na", "\"dyr\"\na", "there is no state `dyr`", "\"dyr\""),
            ("\"dry\"\na", "\"wet\"\na", "an episode cannot begin in a terminal state", "\"wet\""),
            ("[\"wait\", \"water\"]", "[]", "a world has at least one action", "[]"),
            ("[\"wait\", \"water\"]", "3", "`actions` must be an array", "3"),
            ("\"water\"]", "\"wait\"]", "action `wait` is there twice", "\"wait\""),
            ("\"water\"]", "\"terminal\"]", "`terminal` is the key that makes a state terminal", "\"terminal\""),
            ("\"water\"]", "\"water\", \"dig\"]", "state `dry` does not say what `dig` leads to", "dry"),
            ("20", "0", "`steps` must be a whole number from 1 to 4294967295", "0"),
            ("steps = 20", "persist = 1", "`persist` must be true or false", "1"),
            ("terminal = true", "terminate = true", "unknown key `terminate` in state `wet`", "terminate"),
            (
                "terminal = true",
                "wait.to = \"dry\"\nterminal = true",
                "`wait` leads nowhere from the terminal state `wet`",
                "wait",
            ),
            ("terminal = true", "", "state `wet` does not say what `wait` leads to", "wet"),
            ("{ to = \"dry\", reward = -1 }", "\"dry\"", "an outcome of `wait` in `dry` must be a table", "\"dry\""),
            ("reward = -1 ", "rewards = -1 ", "unknown key `rewards` in an outcome of `wait` in `dry`", "rewards"),
            ("reward = -1 ", "reward = nan ", "`reward` must be a number from -1000000000 to 1000000000", "nan"),
            ("reward = -1 ", "reward = 2e9 ", "`reward` must be a number from -1000000000 to 1000000000", "2e9"),
            ("reward = -1 ", "reward = \"1\" ", "`reward` must be a decimal number", "\"1\""),
            ("p = 0.75", "p = 1.75", "`1.75` is not a probability over 0 and up to 1", "1.75"),
            ("to = \"wet\"", "to = \"went\"", "there is no state `went`", "\"went\""),
            (
                "to = \"wet\", ",
                "",
                "an outcome of `water` in `dry` has no `to`",
                "{ reward = 2.5, hidden = 1, p = 0.75 }",
            ),
        ];
        for (from, to, message, at) in cases {
            let fault = faulty(from, to);
            assert_eq!((fault.0.as_str(), fault.1.as_str()), (message, at), "{from} -> {to}");
        }
    }

    #[test]
    fn probabilities_must_sum_to_one() {
        let (message, at, _) = faulty("p = 0.25", "p = 0.125");
        assert_eq!(message, "the probabilities of `water` in `dry` sum to 0.875, not to 1");
        assert!(at.starts_with('[') && at.ends_with(']'), "{at}");
    }

    #[test]
    fn a_name_that_is_nearly_right_is_answered_with_the_right_one() {
        assert_eq!(faulty("to = \"wet\"", "to = \"wte\"").2, "did you mean `wet`? the states are `wet`, `dry`");
        assert_eq!(faulty("hidden", "hiden").2, "did you mean `hidden`? the keys are `to`, `reward`, `hidden`, `p`");
    }

    #[test]
    fn what_is_not_toml_is_a_fault() {
        let (message, _, _) = faulty("name = ", "name ");
        assert!(message.starts_with("this is not TOML: "), "{message}");
    }
}
