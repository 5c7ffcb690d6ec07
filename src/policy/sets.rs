//! Lists of names without duplicates.

use schemars::{Schema, json_schema};
use toml::de::DeValue;

use super::Release;
use super::content::{Complaint, Content, Readable, choose, quote, text};
use super::words::names_of;
use crate::objective::{Reveal, Revealed};

/// Reads a list of entries, each with `read`, and sorts it by `T`. A duplicate is an error.
pub(super) fn read_set<T: Ord>(
    value: &DeValue<'_>,
    read: impl Fn(&DeValue<'_>) -> Result<T, Complaint>,
) -> Result<Vec<T>, Complaint> {
    let DeValue::Array(items) = value else {
        return Err(Complaint::kind("a list", value, "write the names in brackets, such as `[\"one\", \"two\"]`"));
    };
    let mut set = Vec::new();
    for (position, item) in items.iter().enumerate() {
        let entry = read(item.get_ref()).map_err(|complaint| complaint.about(position, item.span()))?;
        match set.binary_search(&entry) {
            Ok(_) => {
                let complaint = Complaint::new("comes twice", "this is there already", "leave it out");
                return Err(complaint.about(position, item.span()));
            }
            Err(place) => set.insert(place, entry),
        }
    }
    Ok(set)
}

/// Writes a list of names as TOML.
pub(super) fn write_set<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.map(quote).collect();
    format!("[{}]", names.join(", "))
}

/// Names in `objective.reveal`.
const REVEALED: &[(&str, Revealed)] =
    &[("reward", Revealed::Reward), ("step", Revealed::Step), ("limits", Revealed::Limits)];

impl Content for Reveal {
    fn write(&self) -> String {
        let shown = [self.reward, self.step, self.limits];
        write_set(REVEALED.iter().zip(shown).filter(|(_, shown)| *shown).map(|((name, _), _)| *name))
    }

    fn within(&self, parent: &Self) -> bool {
        self.reward <= parent.reward && self.step <= parent.step && self.limits <= parent.limits
    }
}

impl Readable for Reveal {
    fn read(value: &DeValue<'_>) -> Result<Self, Complaint> {
        let set = read_set(value, |item| choose(text(item)?, REVEALED))?;
        Ok(Self {
            reward: set.contains(&Revealed::Reward),
            step: set.contains(&Revealed::Step),
            limits: set.contains(&Revealed::Limits),
        })
    }

    fn schema() -> Schema {
        set_schema(&names_of(REVEALED))
    }
}

/// Names in `episode.ends-on`.
const ENDS_ON: &[(&str, Release)] = &[("release", Release::Ends)];

impl Content for Release {
    fn write(&self) -> String {
        write_set(ENDS_ON.iter().filter(|(_, ends)| ends == self).map(|(name, _)| *name))
    }

    fn within(&self, parent: &Self) -> bool {
        *self == Self::Ends || *parent == Self::GoesOn
    }
}

impl Readable for Release {
    fn read(value: &DeValue<'_>) -> Result<Self, Complaint> {
        let set = read_set(value, |item| choose(text(item)?, ENDS_ON))?;
        Ok(set.first().copied().unwrap_or(Self::GoesOn))
    }

    fn schema() -> Schema {
        set_schema(&names_of(ENDS_ON))
    }
}

/// Returns the schema of a list of some of these names, each at most once.
pub(super) fn set_schema(names: &[&str]) -> Schema {
    json_schema!({ "type": "array", "items": { "type": "string", "enum": names }, "uniqueItems": true })
}
