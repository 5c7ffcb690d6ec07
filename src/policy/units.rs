//! Numbers with a unit: sizes such as `16 MiB`, durations such as `2s`.

use schemars::{Schema, json_schema};
use toml::de::DeValue;

use super::content::Complaint;
use super::numbers;

/// Notation of a number with a unit.
pub(super) struct Notation {
    /// Name of the quantity in messages, such as "a size".
    what: &'static str,
    /// Text between the number and the unit.
    space: &'static str,
    /// Units, each with its worth in the first unit.
    units: &'static [(&'static str, u64)],
    /// Common misspellings, in lower case, each with the unit that was probably meant.
    slips: &'static [(&'static str, &'static str)],
    /// Unit that is proposed for a number without one.
    usual: (&'static str, u64),
}

/// Notation of a number of bytes.
pub(super) const SIZE: Notation = Notation {
    what: "a size",
    space: " ",
    units: &[("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)],
    slips: &[
        ("b", "B"),
        ("byte", "B"),
        ("bytes", "B"),
        ("k", "KiB"),
        ("kb", "KiB"),
        ("kib", "KiB"),
        ("m", "MiB"),
        ("mb", "MiB"),
        ("mib", "MiB"),
        ("g", "GiB"),
        ("gb", "GiB"),
        ("gib", "GiB"),
    ],
    usual: ("MiB", 1 << 20),
};

/// Notation of a time, in milliseconds.
pub(super) const DURATION: Notation = Notation {
    what: "a duration",
    space: "",
    units: &[("ms", 1), ("s", 1_000), ("m", 60_000)],
    slips: &[
        ("millis", "ms"),
        ("milliseconds", "ms"),
        ("sec", "s"),
        ("secs", "s"),
        ("second", "s"),
        ("seconds", "s"),
        ("min", "m"),
        ("mins", "m"),
        ("minute", "m"),
        ("minutes", "m"),
    ],
    usual: ("s", 1_000),
};

impl Notation {
    /// Reads a number between bounds, in the first unit.
    pub(super) fn read(&self, value: &DeValue<'_>, least: u64, most: u64) -> Result<u64, Complaint> {
        let number = match value {
            DeValue::String(text) => self.parse(text, least, most)?,
            DeValue::Integer(integer) => {
                let help =
                    numbers::whole(integer).map_or_else(|| self.example(), |number| self.propose(number, least, most));
                return Err(Complaint::kind(self.what, value, help));
            }
            _ => return Err(Complaint::kind(self.what, value, self.example())),
        };
        numbers::bounded(number, least, most, |bound| self.print(bound))
    }

    fn parse(&self, text: &str, least: u64, most: u64) -> Result<u64, Complaint> {
        let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, rest) = text.split_at(digits);
        let complain = |label: String, help: String| Complaint::new(format!("must be {}", self.what), label, help);
        if number.is_empty() {
            return Err(complain("there is no whole number at its beginning".into(), self.example()));
        }
        // A number with too many digits for 64 bits is above any bound.
        let number = number.parse::<u64>().unwrap_or(u64::MAX);
        if let Some((_, worth)) = self.units.iter().find(|(unit, _)| rest.strip_prefix(self.space) == Some(unit)) {
            return Ok(number.saturating_mul(*worth));
        }
        let unit = rest.trim();
        if unit.is_empty() {
            return Err(complain("it needs a unit".into(), self.propose(number, least, most)));
        }
        if unit.starts_with(['.', ',', '_']) {
            return Err(complain("the number must be whole, and digits alone".into(), self.example()));
        }
        let known = self.units.iter().map(|(unit, _)| *unit).find(|known| *known == unit);
        let slip = unit.to_lowercase();
        let meant = known.or_else(|| self.slips.iter().find(|(slipped, _)| *slipped == slip).map(|(_, meant)| *meant));
        let label = match (known, self.space) {
            (Some(_), "") => "there is no space before the unit".into(),
            (Some(_), _) => "there is one space before the unit".into(),
            (None, _) => format!("`{unit}` is no unit"),
        };
        Err(complain(
            label,
            meant.map_or_else(|| self.example(), |unit| format!("write `\"{number}{}{unit}\"`", self.space)),
        ))
    }

    /// Proposes a correction of a number without a unit.
    fn propose(&self, number: u64, least: u64, most: u64) -> String {
        let (unit, worth) = self.usual;
        let printed = self.print(number);
        let meant = number.saturating_mul(worth);
        if number < worth && (least..=most).contains(&meant) && !self.is_round(number) {
            format!("write `\"{number}{}{unit}\"`", self.space)
        } else {
            format!("write `\"{printed}\"`")
        }
    }

    /// Returns `true` if a number is a multiple of a unit above the first.
    fn is_round(&self, number: u64) -> bool {
        self.units.iter().skip(1).any(|(_, worth)| number.is_multiple_of(*worth))
    }

    fn example(&self) -> String {
        let units: Vec<&str> = self.units.iter().map(|(unit, _)| *unit).collect();
        let (usual, _) = self.usual;
        format!("write a whole number and one of {}, such as `\"16{}{usual}\"`", units.join(", "), self.space)
    }

    /// Writes a number with the greatest unit that leaves it whole.
    pub(super) fn print(&self, number: u64) -> String {
        let fitting = self.units.iter().rev().find(|(_, worth)| number > 0 && number.is_multiple_of(*worth));
        let (unit, worth) = fitting.or(self.units.first()).copied().unwrap_or(("", 1));
        format!("{}{}{unit}", number / worth, self.space)
    }

    /// Returns the schema of the notation.
    pub(super) fn schema(&self) -> Schema {
        let units: Vec<&str> = self.units.iter().map(|(unit, _)| *unit).collect();
        json_schema!({ "type": "string", "pattern": format!("^[0-9]+{}({})$", self.space, units.join("|")) })
    }
}
