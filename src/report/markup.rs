//! Text within SVG and HTML.

/// The text with all that a reader of markup would take for markup, and all that moves a cursor or turns the direction, out of it.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            _ if letter.is_control() || is_invisible(letter) => escaped.push(' '),
            _ => escaped.push(letter),
        }
    }
    escaped
}

/// Whether a letter has no shape and changes how others are shown: separators of lines, directions, tags.
const fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_name_is_markup_or_turns_the_text_around() {
        assert_eq!(escaped("<script>&\"x\"\u{7}"), "&lt;script&gt;&amp;&quot;x&quot; ");
        assert_eq!(escaped("a\u{202e}b\u{2028}c\u{e0041}d\u{9b}e"), "a b c d e");
        assert_eq!(escaped("é ü 漢"), "é ü 漢");
    }
}
