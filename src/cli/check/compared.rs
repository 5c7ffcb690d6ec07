//! Comparison of two policies.

use serde::Serialize;

use super::super::failure::Failure;
use super::super::{Exit, find, say};
use crate::policy::{KeyDifference, Relation, compare};
use crate::registry::Registry;
use crate::value::many;

/// Key on which two policies differ.
#[derive(Debug, Serialize)]
pub(super) struct DifferenceRow {
    pub(super) key: String,
    pub(super) one: Option<String>,
    pub(super) other: Option<String>,
    pub(super) is: Relation,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) times: Option<f64>,
}

impl From<KeyDifference> for DifferenceRow {
    fn from(KeyDifference { key, one, other, side, times }: KeyDifference) -> Self {
        Self { key, one, other, is: side, times }
    }
}

impl DifferenceRow {
    /// Returns the ratio in words; empty if there is none.
    pub(super) fn by(&self) -> String {
        match self.times {
            Some(0.0) | None => String::new(),
            Some(times) if times > 1.0 => format!(", {} times as much", rounded(times)),
            Some(times) => format!(", {} as much", part(times)),
        }
    }
}

/// Object that `--against --json` prints.
#[derive(Serialize)]
struct ComparisonJson<'a> {
    version: u32,
    one: &'a str,
    other: &'a str,
    differences: Vec<DifferenceRow>,
}

/// Prints the comparison of a policy with another one.
pub(super) fn against(registry: &Registry, one: &str, other: &str, json: bool) -> Result<Exit, Failure> {
    let (own, others) = Failure::both(find::policy(registry, one), find::policy(registry, other))?;
    let rows: Vec<DifferenceRow> = compare(&own, &others).into_iter().map(DifferenceRow::from).collect();
    if json {
        let object = ComparisonJson { version: 1, one, other, differences: rows };
        say!("{}", crate::value::json::pretty(&object).map_err(|error| Failure::host(&error))?);
        return Ok(Exit::Held);
    }
    if rows.is_empty() {
        say!("`{one}` allows what `{other}` allows");
        return Ok(Exit::Held);
    }
    let count = |side| rows.iter().filter(|row| row.is == side).count();
    let parts = [Relation::Tighter, Relation::Looser, Relation::Otherwise].map(|side| (side, count(side)));
    let parts = parts.iter().filter(|(_, count)| *count > 0);
    let parts: Vec<String> = parts.map(|(side, count)| format!("{} {}", count, side.name())).collect();
    let differ = if rows.len() == 1 { "differs" } else { "differ" };
    say!("`{one}` against `{other}`: {} {differ}, {}\n", many(rows.len(), "key"), parts.join(", "));
    for line in table(&rows, [one, other]) {
        say!("{line}");
    }
    Ok(Exit::Held)
}

/// Returns the rows as lines, under the names of the two policies.
fn table(rows: &[DifferenceRow], names: [&str; 2]) -> Vec<String> {
    let absent = || "not there".to_owned();
    let shown = |row: &DifferenceRow| {
        let DifferenceRow { key, one, other, is, .. } = row;
        let says = format!("{}{}", is.name(), row.by());
        [key.clone(), one.clone().unwrap_or_else(absent), other.clone().unwrap_or_else(absent), says]
    };
    let [one, other] = names;
    let head = ["key", one, other, one].map(str::to_owned);
    let [key, own, others, _] = head;
    let head = [key, own, others, format!("`{one}` is")];
    let all: Vec<[String; 4]> = std::iter::once(head).chain(rows.iter().map(shown)).collect();
    let wide = |column: usize| all.iter().filter_map(|row| Some(row.get(column)?.chars().count())).max().unwrap_or(0);
    let (key, one, other) = (wide(0), wide(1), wide(2));
    let line = |[a, b, c, d]: &[String; 4]| format!("{a:key$}  {b:one$}  {c:other$}  {d}");
    all.iter().map(line).collect()
}

/// Formats a ratio without digits that mean nothing.
fn rounded(times: f64) -> String {
    let text = if times < 100.0 { format!("{times:.1}") } else { format!("{times:.0}") };
    text.trim_end_matches(".0").to_owned()
}

/// Formats a ratio below 1 in words.
fn part(times: f64) -> String {
    if (times - 0.5).abs() < 1e-9 { "half".to_owned() } else { format!("1/{}", rounded(1.0 / times)) }
}
