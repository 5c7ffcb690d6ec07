//! The JSON writer of the record, and of output for programs.
//!
//! [Hidden](is_hidden) characters in a text are written as `\u` escapes, in pairs above U+FFFF. JSON demands this
//! only below U+0020. A terminal, or a tool that works by lines, may act on the others. All other text stands as it
//! is. A reader gets the original text.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};

use super::text::is_hidden;

/// Writes `value` on one line.
///
/// # Errors
///
/// Returns an error when `value` has no JSON, or `to` fails.
pub fn write(to: impl Write, value: &(impl Serialize + ?Sized)) -> serde_json::Result<()> {
    value.serialize(&mut serde_json::Serializer::with_formatter(to, Plain(CompactFormatter)))
}

/// Returns `value` on one line.
///
/// # Errors
///
/// Returns an error when `value` has no JSON.
pub fn line(value: &(impl Serialize + ?Sized)) -> serde_json::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(768);
    write(&mut bytes, value)?;
    Ok(bytes)
}

/// Returns `value` on indented lines, without a newline at the end.
///
/// # Errors
///
/// Returns an error when `value` has no JSON.
pub fn pretty(value: &(impl Serialize + ?Sized)) -> serde_json::Result<String> {
    let mut bytes = Vec::with_capacity(1024);
    write_pretty(&mut bytes, value)?;
    String::from_utf8(bytes).map_err(serde::ser::Error::custom)
}

/// Writes `value` on indented lines, without a newline at the end.
///
/// # Errors
///
/// Returns an error when `value` has no JSON, or `to` fails.
pub fn write_pretty(to: impl Write, value: &(impl Serialize + ?Sized)) -> serde_json::Result<()> {
    value.serialize(&mut serde_json::Serializer::with_formatter(to, Plain(PrettyFormatter::new())))
}

/// Returns a line of JSON that somebody else wrote with hidden characters escaped. Its value stays the same: outside of
/// texts, such a character is white space.
pub fn plain_line(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    for character in line.chars() {
        match character {
            '\0'..='\u{1f}' => plain.push(' '),
            hidden if is_hidden(hidden) => {
                plain.extend(
                    units(hidden).into_iter().flat_map(|unit| format!("\\u{unit:04x}").into_bytes()).map(char::from),
                );
            }
            other => plain.push(other),
        }
    }
    plain
}

/// Formatter that escapes hidden characters, and passes everything else to another formatter.
struct Plain<F>(F);

/// Defines methods that pass each call to the inner formatter.
macro_rules! within {
    ($($name:ident($($argument:ident: $kind:ty),*);)*) => {
        $(
            #[inline]
            fn $name<W: ?Sized + Write>(&mut self, to: &mut W $(, $argument: $kind)*) -> io::Result<()> {
                self.0.$name(to $(, $argument)*)
            }
        )*
    };
}

impl<F: Formatter> Formatter for Plain<F> {
    within! {
        begin_array();
        end_array();
        begin_array_value(first: bool);
        end_array_value();
        begin_object();
        end_object();
        begin_object_key(first: bool);
        end_object_key();
        begin_object_value();
        end_object_value();
    }

    #[inline]
    fn write_string_fragment<W: ?Sized + Write>(&mut self, to: &mut W, fragment: &str) -> io::Result<()> {
        // serde_json escapes characters below U+0020 itself. All other hidden ones are DEL, or not ASCII.
        if fragment.bytes().all(|byte| byte < 0x7f) {
            return to.write_all(fragment.as_bytes());
        }
        let mut rest = fragment;
        while let Some((before, after)) = rest.find(is_hidden).and_then(|at| rest.split_at_checked(at)) {
            to.write_all(before.as_bytes())?;
            let mut characters = after.chars();
            for unit in characters.next().into_iter().flat_map(units) {
                write!(to, "\\u{unit:04x}")?;
            }
            rest = characters.as_str();
        }
        to.write_all(rest.as_bytes())
    }
}

/// Returns a character in UTF-16.
fn units(character: char) -> Vec<u16> {
    character.encode_utf16(&mut [0; 2]).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_somebody_else_keeps_its_value_and_has_nothing_hidden() {
        let line = "{\t\"a\": \"\u{9b}31m\u{202e}\u{e0041}\u{7f} \u{fc}\\n\"}";
        let shown = plain_line(line);
        assert!(!shown.contains(is_hidden), "{shown:?}");
        assert!(shown.contains("\\u009b31m\\u202e\\udb40\\udc41\\u007f \u{fc}\\n"), "{shown}");
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(value(&shown), value(line));
    }

    #[test]
    fn what_is_hidden_is_escaped_and_read_as_it_was() {
        let text: String = ('\0'..=char::MAX).filter(|character| is_hidden(*character)).collect();
        for json in [String::from_utf8(line(&text).unwrap()).unwrap(), pretty(&text).unwrap()] {
            assert!(json.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{json}");
            assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
        assert_eq!(line("a\u{7f}\u{9b}b\u{202e}\u{e0041}").unwrap(), br#""a\u007f\u009bb\u202e\udb40\udc41""#);
    }

    #[test]
    fn ordinary_text_is_written_as_it_always_was() {
        let text = "ü\"\\\n\u{1}日本語 \u{1f469}\u{200d}\u{1f680}";
        let value = serde_json::json!({ "a": [1, 2.5, text, {}, []], text: null });
        assert_eq!(line(&value).unwrap(), serde_json::to_vec(&value).unwrap());
        assert_eq!(pretty(&value).unwrap(), serde_json::to_string_pretty(&value).unwrap());
    }
}
