//! Names of the actions and states of a world, as far as its definition gives them.

use crate::environment::World;
use crate::value::{Seed, Value};

/// World, as far as its definition can be read. Without one values have no names.
#[derive(Debug)]
pub(super) struct WorldNames(Option<World>);

impl WorldNames {
    /// Returns the names in the world with this definition.
    pub(super) fn of(definition: &str) -> Self {
        Self(World::defined(definition).ok())
    }

    /// Returns the first observation of an episode with this seed, in a fresh world.
    pub(super) fn first(&self, seed: u64) -> Option<String> {
        let first = self.0.as_ref()?.made().open(Seed(seed).derive("environment", 0)).ok()?;
        Some(self.observation(&first))
    }

    pub(super) fn action(&self, value: &Value) -> String {
        named(self.0.as_ref().and_then(|world| world.action_name(value)), value)
    }

    pub(super) fn observation(&self, value: &Value) -> String {
        named(self.0.as_ref().and_then(|world| world.observation_name(value)), value)
    }
}

/// Returns the name of a number and the number, or else the value.
fn named(name: Option<String>, value: &Value) -> String {
    match (value, name) {
        (Value::Discrete(index), Some(name)) => format!("{name} ({index})"),
        (Value::Discrete(index), None) => index.to_string(),
        (Value::Real(real), _) => real.to_string(),
        (Value::MultiDiscrete(indices), _) => list(indices),
        (Value::Box(reals), _) => list(reals),
        (Value::Text(text), _) => format!("\"{}\"", shortened(text)),
        (Value::Bytes(bytes), _) => format!("{} bytes", bytes.len()),
    }
}

/// Maximum number of items of a list that are shown, and of characters of a text.
const NUMBERS: usize = 12;
const CHARACTERS: usize = 400;

fn list<T: std::fmt::Display>(numbers: &[T]) -> String {
    let shown: Vec<String> = numbers.iter().take(NUMBERS).map(ToString::to_string).collect();
    let more = numbers.len().saturating_sub(NUMBERS);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("[{}{more}]", shown.join(" "))
}

/// Returns the beginning of a text, as far as it is shown on one line.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(CHARACTERS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
