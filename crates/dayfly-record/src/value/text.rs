//! Text from others, as it is shown to people.
//!
//! A name, a path or a message from others may hold characters that a terminal, a log or an editor acts on. Wherever
//! such a text is quoted these characters are escaped, in the same way everywhere.

use std::borrow::Cow;
use std::path::Path;

/// Returns `true` if a character is invisible, or acts on its surroundings. These are control characters, characters
/// that change the direction of text or separate lines and paragraphs, annotations and tags.
pub const fn is_hidden(character: char) -> bool {
    matches!(
        character,
        '\0'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{61c}'
            | '\u{200e}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{206f}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Returns text from others with hidden characters escaped: `\u{9b}`.
pub fn plain(text: &str) -> Cow<'_, str> {
    escaped(text, |_| false)
}

/// Returns text of several lines with hidden characters escaped, except newlines and tabs.
pub fn plain_lines(text: &str) -> Cow<'_, str> {
    escaped(text, |character| matches!(character, '\n' | '\t'))
}

/// Returns a path with hidden characters escaped.
pub fn plain_path(path: &Path) -> String {
    plain(&path.to_string_lossy()).into_owned()
}

fn escaped(text: &str, stays: impl Fn(char) -> bool) -> Cow<'_, str> {
    let is_escaped = |character| is_hidden(character) && !stays(character);
    if !text.contains(is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        if is_escaped(character) {
            plain.extend(character.escape_unicode());
        } else {
            plain.push(character);
        }
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_others_cannot_style_turn_or_hide_what_is_shown() {
        assert_eq!(plain("a\u{1b}[31mb\n\u{202e}c"), "a\\u{1b}[31mb\\u{a}\\u{202e}c");
        assert_eq!(plain("\u{85}\u{2028}\u{2029}\u{e0041}"), "\\u{85}\\u{2028}\\u{2029}\\u{e0041}");
        assert_eq!(plain_lines("a\tb\n\u{9b}31mc\u{7f}"), "a\tb\n\\u{9b}31mc\\u{7f}");
        assert_eq!(plain_path(Path::new("a\u{9b}/b")), "a\\u{9b}/b");
    }

    #[test]
    fn ordinary_text_stays_as_it_is() {
        let text = "ünïcode `x` — 日本語, עברית, \u{1f469}\u{200d}\u{1f680}, \u{a0}\u{ad}";
        assert!(matches!(plain(text), Cow::Borrowed(same) if same == text));
    }

    #[test]
    fn every_control_character_is_hidden() {
        assert!(('\0'..=char::MAX).filter(|character| character.is_control()).all(is_hidden));
    }
}
