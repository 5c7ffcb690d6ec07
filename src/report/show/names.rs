//! What the actions and states of a world are called, where its definition says so.

use crate::report::plain;
use crate::value::Value;

/// Names of actions and states, by their number. A built-in world has none in its definition.
#[derive(Debug, Default)]
pub(super) struct Names {
    actions: Vec<String>,
    states: Vec<String>,
}

impl Names {
    /// Those of a definition, whose canonical text has the states in the order of their numbers.
    pub(super) fn of(definition: &str) -> Self {
        let table: toml::Table = toml::from_str(definition).unwrap_or_default();
        let actions = table.get("actions").and_then(toml::Value::as_array).into_iter().flatten();
        let actions = actions.filter_map(|action| action.as_str().map(str::to_owned)).collect();
        let heading = |line: &str| {
            let quoted = line.strip_prefix("[states.")?.strip_suffix(']')?;
            let one: toml::Table = toml::from_str(&format!("name = {quoted}")).ok()?;
            one.get("name").and_then(toml::Value::as_str).map(str::to_owned)
        };
        Self { actions, states: definition.lines().filter_map(heading).collect() }
    }

    pub(super) fn action(&self, value: &Value) -> String {
        named(&self.actions, value)
    }

    pub(super) fn observation(&self, value: &Value) -> String {
        named(&self.states, value)
    }
}

/// The name of a number and the number, or else the value.
fn named(names: &[String], value: &Value) -> String {
    let number = |index: &u64| usize::try_from(*index).ok().and_then(|index| names.get(index));
    match value {
        Value::Discrete(index) => match number(index) {
            Some(name) => format!("{} ({index})", plain(name)),
            None => index.to_string(),
        },
        Value::Real(real) => real.to_string(),
        Value::MultiDiscrete(indices) => list(indices),
        Value::Box(reals) => list(reals),
        Value::Text(text) => format!("\"{}\"", plain(&shortened(text))),
        Value::Bytes(bytes) => format!("{} bytes", bytes.len()),
    }
}

/// The most numbers of a list that are shown, and the most characters of a text.
const NUMBERS: usize = 12;
const CHARACTERS: usize = 400;

fn list<T: std::fmt::Display>(numbers: &[T]) -> String {
    let shown: Vec<String> = numbers.iter().take(NUMBERS).map(ToString::to_string).collect();
    let more = numbers.len().saturating_sub(NUMBERS);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("[{}{more}]", shown.join(" "))
}

/// The beginning of a text, as far as it is shown on one line.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(CHARACTERS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
