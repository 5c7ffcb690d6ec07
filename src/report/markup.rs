//! Text within SVG and HTML.

use crate::value::is_hidden;

/// Escapes the characters of markup. A character that moves the cursor, turns the direction or has
/// no width becomes a space.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            _ if is_hidden(letter) || has_no_width(letter) => escaped.push(' '),
            _ => escaped.push(letter),
        }
    }
    escaped
}

/// Returns the first lines of a picture in SVG: its size, its title, and a white ground.
pub(super) fn head(width: f64, height: f64, title: &str) -> [String; 3] {
    [
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
             role=\"img\" font-family=\"sans-serif\" font-size=\"13\">"
        ),
        format!("<title>{}</title>", escaped(title)),
        format!("<rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>"),
    ]
}

/// `true` if a letter has no width: nobody sees it in a picture.
const fn has_no_width(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200d}' | '\u{feff}')
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
