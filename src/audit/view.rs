//! View of a probe: its whole transcript, byte for byte, and the parts in which two views differ.

use serde_json::Value;

use super::Error;
use crate::property::ViewPart;
use crate::transcript::Transcript;
use crate::value::{Digest, json};

/// Bytes of all that is kept of an episode: its log, its calls with their answers, its usage and
/// its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EpisodeView(Vec<u8>);

impl EpisodeView {
    pub(super) fn of(transcript: &Transcript) -> Result<Self, Error> {
        Ok(Self(json::line(transcript)?))
    }

    /// Number of bytes that are compared.
    pub(super) const fn bytes(&self) -> usize {
        self.0.len()
    }

    /// Returns the digest of the bytes.
    pub(super) fn digest(&self) -> Digest {
        Digest::of(&self.0)
    }

    /// Returns the names of what the probe saw: the first words of the lines in its log that have
    /// the form of a sight.
    pub(super) fn sights(transcript: &Transcript) -> impl Iterator<Item = &str> {
        let sight = |line: &'_ str| line.split(' ').skip(1).map(str::len).eq([16, 16, 16]);
        transcript.body.log.iter().filter(move |line| sight(line)).filter_map(|line| line.split(' ').next())
    }

    /// Returns the fields that differ, in the order of the transcript; none if the views are equal.
    pub(super) fn parts(&self, other: &Self) -> Result<Vec<ViewPart>, Error> {
        if self == other {
            return Ok(Vec::new());
        }
        let byte = self.0.iter().zip(&other.0).take_while(|(one, other)| one == other).count();
        let (one, other) = (serde_json::from_slice(&self.0)?, serde_json::from_slice(&other.0)?);
        let mut parts = Vec::new();
        compare(&one, &other, &mut String::new(), &mut |field, one, other| {
            parts.push(ViewPart { field: field.to_owned(), one: text(one), other: text(other), byte });
        });
        Ok(parts)
    }
}

/// Reports each leaf in which two values differ.
fn compare(one: &Value, other: &Value, place: &mut String, tell: &mut dyn FnMut(&str, &Value, &Value)) {
    match (one, other) {
        (Value::Object(fields), Value::Object(others)) => {
            let names = fields.keys().chain(others.keys().filter(|name| !fields.contains_key(*name)));
            for name in names {
                let point = if place.is_empty() { name.clone() } else { format!(".{name}") };
                let (one, other) = (fields.get(name).unwrap_or(&Value::Null), others.get(name).unwrap_or(&Value::Null));
                at(place, &point, |place| compare(one, other, place, tell));
            }
        }
        (Value::Array(items), Value::Array(others)) => {
            for index in 0..items.len().max(others.len()) {
                let (one, other) =
                    (items.get(index).unwrap_or(&Value::Null), others.get(index).unwrap_or(&Value::Null));
                at(place, &format!("[{index}]"), |place| compare(one, other, place, tell));
            }
        }
        _ if one == other => {}
        _ => tell(place, one, other),
    }
}

fn at(place: &mut String, point: &str, work: impl FnOnce(&mut String)) {
    let length = place.len();
    place.push_str(point);
    work(place);
    place.truncate(length);
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "nothing".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(one: &str, other: &str) -> Vec<(String, String, String, usize)> {
        let (one, other) = (EpisodeView(one.as_bytes().to_vec()), EpisodeView(other.as_bytes().to_vec()));
        one.parts(&other).unwrap().into_iter().map(|part| (part.field, part.one, part.other, part.byte)).collect()
    }

    #[test]
    fn equal_views_have_no_part_that_differs() {
        assert!(parts(r#"{"fuel":1}"#, r#"{"fuel":1}"#).is_empty());
    }

    #[test]
    fn the_parts_that_differ_are_named_and_so_is_the_byte() {
        let (one, other) = (r#"{"fuel":17,"log":["a","b"]}"#, r#"{"fuel":18,"log":["a","c","d"],"end":"x"}"#);
        let differs = parts(one, other);
        let fields: Vec<_> = differs.iter().map(|(field, ..)| field.as_str()).collect();
        assert_eq!(fields, ["fuel", "log[1]", "log[2]", "end"]);
        assert_eq!((differs[0].1.as_str(), differs[0].2.as_str(), differs[0].3), ("17", "18", 9));
        assert_eq!(differs[2].1, "nothing");
    }
}
