//! Values in a suite file, each with the complaints about a wrong one.

use schemars::{Schema, json_schema};
use toml::de::DeValue;

use super::file::Named;
use crate::document::{Complaint, Readable, text};
use crate::property::Property;
use crate::value::Seed;

/// Maximal number of agents, policies or environments of a suite.
const MOST_NAMES: usize = 256;

/// Smallest limit: no practical number of trials could show a smaller one.
const LEAST_LIMIT: f64 = 1e-9;

/// One line of text.
#[derive(Clone, Debug)]
pub(super) struct TextLine(pub(super) String);

impl Readable for TextLine {
    fn read(value: &DeValue<'_>) -> Result<Self, Complaint> {
        Ok(Self(line(value)?))
    }

    fn schema() -> Schema {
        json_schema!({ "type": "string", "minLength": 1 })
    }
}

pub(super) fn line(value: &DeValue<'_>) -> Result<String, Complaint> {
    let text = text(value)?;
    if text.is_empty() {
        return Err(Complaint::new("is empty", "", "leave it out, or write something"));
    }
    if text.chars().any(char::is_control) {
        return Err(Complaint::new("has a control character", "must be one line of plain text", ""));
    }
    Ok(text.to_owned())
}

/// Names, each with its place.
#[derive(Clone, Debug)]
pub(super) struct Names(pub(super) Vec<Named>);

impl Readable for Names {
    fn read(value: &DeValue<'_>) -> Result<Self, Complaint> {
        let DeValue::Array(items) = value else {
            return Err(Complaint::kind("a list", value, "write the names in brackets, such as `[\"one\", \"two\"]`"));
        };
        if items.is_empty() || items.len() > MOST_NAMES {
            return Err(Complaint::new(
                format!("must have 1 to {MOST_NAMES} names"),
                "",
                "leave the key out, or name one",
            ));
        }
        let mut names: Vec<Named> = Vec::new();
        for (position, item) in items.iter().enumerate() {
            let text = line(item.get_ref()).map_err(|complaint| complaint.about(position, item.span()))?;
            if names.iter().any(|name| name.text == text) {
                let complaint = Complaint::new("comes twice", "this is there already", "leave it out");
                return Err(complaint.about(position, item.span()));
            }
            names.push(Named { text, span: item.span() });
        }
        Ok(Self(names))
    }

    fn schema() -> Schema {
        json_schema!({
            "type": "array",
            "items": { "type": "string", "minLength": 1 },
            "minItems": 1,
            "maxItems": MOST_NAMES,
            "uniqueItems": true
        })
    }
}

/// A whole number from 0 on.
#[derive(Clone, Copy, Debug)]
pub(super) struct WholeNumber(pub(super) u64);

impl Readable for WholeNumber {
    fn read(value: &DeValue<'_>) -> Result<Self, Complaint> {
        whole(value, 0, u64::try_from(i64::MAX).unwrap_or(u64::MAX)).map(Self)
    }

    fn schema() -> Schema {
        json_schema!({ "type": "integer", "minimum": 0 })
    }
}

/// A seed, or none where each run draws a fresh one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chance(pub(super) Option<Seed>);

impl Chance {
    /// Text for a seed that each run draws anew.
    const FRESH: &str = "fresh";
}

impl Readable for Chance {
    fn read(value: &DeValue<'_>) -> Result<Self, Complaint> {
        match value {
            DeValue::String(text) if text == Self::FRESH => Ok(Self(None)),
            DeValue::Integer(_) => Ok(Self(Some(Seed(WholeNumber::read(value)?.0)))),
            _ => {
                let help = "write `\"fresh\"`, or a number to ask the same again each time";
                Err(Complaint::kind("a whole number, or `\"fresh\"`", value, help))
            }
        }
    }

    fn schema() -> Schema {
        json_schema!({ "anyOf": [{ "type": "integer", "minimum": 0 }, { "const": Self::FRESH }] })
    }
}

/// A number from 1 to `MOST`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Positive<const MOST: u32>(pub(super) u32);

impl<const MOST: u32> Readable for Positive<MOST> {
    fn read(value: &DeValue<'_>) -> Result<Self, Complaint> {
        let count = whole(value, 1, MOST.into())?;
        Ok(Self(u32::try_from(count).unwrap_or(MOST)))
    }

    fn schema() -> Schema {
        json_schema!({ "type": "integer", "minimum": 1, "maximum": MOST })
    }
}

pub(super) fn whole(value: &DeValue<'_>, least: u64, most: u64) -> Result<u64, Complaint> {
    let number = match value {
        DeValue::Integer(integer) => u64::from_str_radix(&integer.as_str().replace('_', ""), integer.radix()).ok(),
        _ => return Err(Complaint::kind("a whole number", value, format!("write a number from {least} to {most}"))),
    };
    number.filter(|number| (least..=most).contains(number)).ok_or_else(|| {
        let label = format!("must be from {least} to {most}");
        Complaint::new("is out of range", label, format!("write a number from {least} to {most}"))
    })
}

/// Limit of a property: a share, or another number below 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Threshold(pub(super) f64);

impl Threshold {
    /// Reads the limit of this property. An exact property has none.
    pub(super) fn of(property: &Property, value: &DeValue<'_>) -> Result<Self, Complaint> {
        if property.is_exact() {
            let label = format!("`{}` has no limit", property.name);
            return Err(Complaint::new(
                "has no meaning",
                label,
                "leave it out: the property is exact, and one exception refutes it",
            ));
        }
        Self::read(value)
    }
}

impl Readable for Threshold {
    fn read(value: &DeValue<'_>) -> Result<Self, Complaint> {
        let number: Option<f64> = match value {
            DeValue::Float(float) => float.as_str().replace('_', "").parse().ok(),
            DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str().replace('_', "").parse().ok(),
            _ => return Err(Complaint::kind("a number", value, "write a number such as `0.05`")),
        };
        let limit = number.filter(|limit| (LEAST_LIMIT..1.0).contains(limit));
        limit.map(Self).ok_or_else(|| {
            Complaint::new(
                "is out of range",
                "must be above 0 and below 1",
                "that something is exactly 0 no number of trials can show, and at 1 or more nothing is left to show",
            )
        })
    }

    fn schema() -> Schema {
        json_schema!({ "type": "number", "minimum": LEAST_LIMIT, "exclusiveMaximum": 1 })
    }
}

/// Boolean value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flag(pub(super) bool);

impl Readable for Flag {
    fn read(value: &DeValue<'_>) -> Result<Self, Complaint> {
        match value {
            DeValue::Boolean(flag) => Ok(Self(*flag)),
            _ => Err(Complaint::kind("true or false", value, "write `true` or `false`, without quotes")),
        }
    }

    fn schema() -> Schema {
        json_schema!({ "type": "boolean" })
    }
}
