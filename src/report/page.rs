//! Page of every report in words: lines, and labels with their text, wrapped where words allow it.
//!
//! ```text
//!  what others chose --escaped--> Styled --painted, joined by `text!`--> Page --wrapped--> String
//! ```
//!
//! Whatever is shown is first a [`Styled`], and no text becomes one unescaped. Only [`painted`]
//! adds sequences that style.

use std::fmt;

use anstyle::{AnsiColor, Style};

use crate::value::{self, plural};

/// Text that a terminal can be given as it is. Hidden characters in it are escaped, and all
/// sequences that style are ours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Styled(String);

/// Piece that a text can be put together from: anything that can be displayed, which is escaped, or
/// a text.
pub(super) trait Piece {
    /// Puts this piece at the end of a text.
    fn put(self, text: &mut Styled);
}

impl<T: fmt::Display> Piece for T {
    fn put(self, text: &mut Styled) {
        text.0.push_str(&value::plain(&self.to_string()));
    }
}

impl Piece for Styled {
    fn put(self, text: &mut Styled) {
        text.0.push_str(&self.0);
    }
}

impl Styled {
    /// Returns the text of one piece.
    pub(super) fn of(piece: impl Piece) -> Self {
        let mut text = Self::default();
        piece.put(&mut text);
        text
    }

    /// Returns the number of characters that are shown.
    pub(super) fn width(&self) -> usize {
        visible(&self.0)
    }

    /// Returns the first `columns` characters, without blanks at the end. A mark stands for the
    /// rest, if there is one.
    pub(super) fn cut(&self, columns: usize) -> String {
        if self.width() <= columns {
            return self.0.trim_end().to_owned();
        }
        let cut: String = self.0.chars().take(columns.saturating_sub(1)).collect();
        cut + "…"
    }
}

impl From<Styled> for String {
    fn from(text: Styled) -> Self {
        text.0
    }
}

/// Returns a text put together from pieces.
macro_rules! text {
    ($($piece:expr),+ $(,)?) => {{
        let mut text = $crate::report::page::Styled::default();
        $($crate::report::page::Piece::put($piece, &mut text);)+
        text
    }};
}
pub(super) use text;

/// Returns a piece in a style.
pub(super) fn painted(style: Style, piece: impl Piece) -> Styled {
    let Styled(text) = Styled::of(piece);
    Styled(format!("{style}{text}{style:#}"))
}

/// Returns a piece in bold letters.
pub(super) fn bold(piece: impl Piece) -> Styled {
    painted(Style::new().bold(), piece)
}

/// Returns a piece in dim letters.
pub(super) fn dim(piece: impl Piece) -> Styled {
    painted(Style::new().dimmed(), piece)
}

/// Returns a piece as good news.
pub(super) fn good(piece: impl Piece) -> Styled {
    painted(AnsiColor::Green.on_default().bold(), piece)
}

/// Returns a piece as something to look at: what an agent did, which was refused.
pub(super) fn notable(piece: impl Piece) -> Styled {
    painted(AnsiColor::Yellow.on_default().bold(), piece)
}

/// Returns a piece as bad news.
pub(super) fn bad(piece: impl Piece) -> Styled {
    painted(AnsiColor::Red.on_default().bold(), piece)
}

/// Page that is being written.
#[derive(Debug)]
pub(super) struct Page {
    text: String,
    width: usize,
    label: usize,
}

/// Width of the labels, unless a page sets another.
const LABEL: usize = 12;
/// Minimum width of a page: below that a terminal wraps better than we do.
const LEAST: usize = 40;

impl Page {
    pub(super) fn new(width: usize) -> Self {
        Self::labelled(width, LABEL)
    }

    /// Returns a page with labels of this width.
    pub(super) fn labelled(width: usize, label: usize) -> Self {
        Self { text: String::new(), width: width.max(LEAST), label }
    }

    /// `true` if a text has room on one line.
    pub(super) fn fits(&self, text: &Styled) -> bool {
        text.width() <= self.width
    }

    /// Adds an empty line.
    pub(super) fn blank(&mut self) {
        self.text.push('\n');
    }

    /// Adds a line of its own.
    pub(super) fn line(&mut self, piece: impl Piece) {
        self.wrap("", &Styled::of(piece), 0);
    }

    /// Adds a label and its text. Further lines are indented like the first line of the text.
    pub(super) fn row(&mut self, label: impl Piece, piece: impl Piece) {
        let text = Styled::of(piece);
        let inner = text.0.len().saturating_sub(text.0.trim_start().len());
        let hang = self.label.saturating_add(2).saturating_add(inner);
        let label = self.padded(label);
        self.wrap(&label, &text, hang);
    }

    /// A text behind what it begins with, whose further lines begin below it.
    pub(super) fn hanging(&mut self, start: &str, piece: impl Piece) {
        let start = Styled::of(start);
        let hang = start.width();
        self.wrap(&start.0, &Styled::of(piece), hang);
    }

    /// Adds a line that stays one however wide it is: a line to copy, or one of a table.
    pub(super) fn unwrapped(&mut self, piece: impl Piece) {
        self.text.push_str(&Styled::of(piece).0);
        self.text.push('\n');
    }

    /// Adds a label and its text, on a line that stays one.
    pub(super) fn unwrapped_row(&mut self, label: impl Piece, piece: impl Piece) {
        let label = self.padded(label);
        self.text.push_str(&label);
        self.unwrapped(piece);
    }

    /// Returns a label padded to the width of the labels, and the gap before its text.
    fn padded(&self, label: impl Piece) -> String {
        let Styled(label) = Styled::of(label);
        let room = self.label.saturating_sub(visible(&label));
        format!("{}{label}  ", " ".repeat(room))
    }

    fn wrap(&mut self, start: &str, text: &Styled, hang: usize) {
        self.text.push_str(start);
        let mut used = visible(start);
        let mut is_first = true;
        for word in pieces(&text.0) {
            let wide = visible(word);
            if !is_first && used.saturating_add(1).saturating_add(wide) > self.width && used > hang {
                self.text.truncate(self.text.trim_end_matches(' ').len());
                self.text.push('\n');
                self.text.extend(std::iter::repeat_n(' ', hang));
                used = hang;
            } else if !is_first {
                self.text.push(' ');
                used = used.saturating_add(1);
            }
            self.text.push_str(word);
            used = used.saturating_add(wide);
            is_first = false;
        }
        self.text.push('\n');
    }

    /// Returns the whole text.
    pub(super) fn finish(self) -> String {
        self.text
    }
}

/// A text in pieces, between which a line may be broken: at a space, but neither before a `%` nor beside a `=`, nor within short quotes.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut pieces = Vec::new();
    let (mut from, mut skipped, mut end_of_long) = (0, 0, None);
    for (at, mark) in text.match_indices([' ', '`']) {
        if at < skipped {
            continue;
        }
        let (before, after) =
            (text.get(from..at).unwrap_or_default(), text.get(at.saturating_add(1)..).unwrap_or_default());
        if mark == " " {
            if !after.starts_with(['%', '=']) && !before.ends_with('=') {
                pieces.push(before);
                from = at.saturating_add(1);
            }
        } else if end_of_long.take() != Some(at)
            && let Some(quoted) = after.find('`')
        {
            let end = at.saturating_add(1).saturating_add(quoted);
            if quoted <= QUOTED { skipped = end.saturating_add(1) } else { end_of_long = Some(end) }
        }
    }
    pieces.push(text.get(from..).unwrap_or_default());
    pieces.into_iter()
}

/// The longest quote in backticks that stays on one line, in bytes.
const QUOTED: usize = 56;

/// Returns the number of characters of a word that a terminal shows: all but the sequences that
/// style it.
fn visible(word: &str) -> usize {
    let mut rest = word.chars();
    let mut shown = 0_usize;
    while let Some(character) = rest.next() {
        if character == '\u{1b}' {
            // Our sequences end with `m`, and there are no others: text of others is escaped.
            rest.by_ref().find(|end| *end == 'm');
        } else {
            shown = shown.saturating_add(1);
        }
    }
    shown
}

/// Returns names and their meaning in two columns. The second column is wrapped if it is wider than
/// the page.
pub fn table(rows: &[(String, String)], width: usize) -> String {
    let column = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let mut page = Page::new(width);
    for (name, text) in rows {
        let name = Styled::of(format!("{name:column$}  "));
        page.wrap(&name.0, &Styled::of(text), column.saturating_add(2));
    }
    page.finish()
}

/// Returns text whose paragraphs are wrapped anew.
pub fn paragraphs(text: &str, width: usize) -> String {
    let mut page = Page::new(width);
    for (position, paragraph) in text.trim().split("\n\n").enumerate() {
        if position > 0 {
            page.blank();
        }
        page.line(paragraph.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    page.finish()
}

/// Text of several lines, each of which is wrapped by itself; one that begins with a blank stays as it is.
pub fn lines(text: &str, width: usize) -> String {
    let mut page = Page::new(width);
    for line in text.split('\n') {
        if line.starts_with(' ') { page.unwrapped(line) } else { page.line(line) }
    }
    let mut text = page.finish();
    text.truncate(text.trim_end_matches('\n').len());
    text
}

/// Escapes text of others, so that a terminal takes each character for no more than a character.
pub fn plain(text: &str) -> String {
    value::plain(text).into_owned()
}

/// Escapes several lines as [`plain`] does, but keeps line ends and tabs.
pub fn plain_lines(text: &str) -> String {
    value::plain_lines(text).into_owned()
}

/// Formats a number with its digits in groups of three.
pub(super) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len().saturating_add(6));
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && digits.len().saturating_sub(position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Formats a number of things, with the digits in groups of three.
pub(super) fn count(count: u64, what: &str) -> String {
    format!("{} {}", number(count), plural(count, what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_wrapped_below_their_own_column() {
        let mut page = Page::new(40);
        page.row("label", "one two three four five six seven");
        page.row("", "    one two three four five six seven");
        let expected = "       label  one two three four five\n              six seven\n                  one two three four\n                  five six seven\n";
        assert_eq!(page.finish(), expected);
    }

    #[test]
    fn a_number_and_its_unit_stay_in_one_line() {
        assert_eq!(
            pieces("  of 5 % (n = 72, 95 %) now").collect::<Vec<_>>(),
            ["", "", "of", "5 %", "(n = 72,", "95 %)", "now"]
        );
        assert_eq!(pieces("").collect::<Vec<_>>(), [""]);
        let text = paragraphs("no preference is found in it (n = 72, 95 %)", 42);
        assert_eq!(text, "no preference is found in it (n = 72,\n95 %)\n");
    }

    #[test]
    fn a_short_quote_stays_in_one_line_and_a_long_one_does_not() {
        let text = "write `dayfly run AGENT -e WORLD` for `a b";
        assert_eq!(pieces(text).collect::<Vec<_>>(), ["write", "`dayfly run AGENT -e WORLD`", "for", "`a", "b"]);
        let long = format!("`{}`", "word ".repeat(20));
        assert!(pieces(&long).count() > 10);
        let after = format!("{long}. `even` calls `a step`, and waits");
        assert!(pieces(&after).collect::<Vec<_>>().ends_with(&["calls", "`a step`,", "and", "waits"]));
    }

    #[test]
    fn paragraphs_are_wrapped_and_stay_apart() {
        let text = "one two three four\nfive six seven eight nine ten\n\neleven\n";
        let wrapped = "one two three four five six seven eight\nnine ten\n\neleven\n";
        assert_eq!(paragraphs(text, 40), wrapped);
    }

    #[test]
    fn a_style_takes_no_room_and_a_long_word_is_not_cut() {
        let mut page = Page::new(40);
        page.line(text!(bold("a".repeat(20)), " ", "b".repeat(19)));
        page.row("path", "x".repeat(60));
        let text = page.finish();
        assert_eq!(text.lines().count(), 2, "{text}");
    }

    #[test]
    fn no_piece_of_a_page_styles_or_turns_it_and_what_is_ours_does() {
        let evil = "\u{1b}[31m\u{202e}\n";
        let mut page = Page::new(80);
        page.line(text!(evil, bold(evil)));
        page.row(evil, evil);
        page.unwrapped(dim(text!(evil, " ", bold(evil))));
        page.unwrapped_row(evil, evil);
        let cut = Styled::of(evil).cut(80);
        let text = page.finish() + &cut + &table(&[(evil.to_owned(), evil.to_owned())], 80) + &paragraphs(evil, 80);
        let plain = anstream::adapter::strip_str(&text).to_string();
        assert!(!plain.chars().any(|shown| shown == '\u{202e}' || (shown.is_control() && shown != '\n')), "{text:?}");
        // Sequences that would be stripped as a style are still there, escaped: twice in each of
        // four lines, and five times below.
        assert_eq!(plain.matches("\\u{1b}[31m").count(), 12, "{text}");
        assert_eq!(text.matches("\u{1b}[1m").count(), 2, "{text:?}");
    }

    #[test]
    fn text_of_others_cannot_style_or_turn_what_is_shown() {
        assert_eq!(plain("a\u{1b}[31mb\n\u{202e}c"), "a\\u{1b}[31mb\\u{a}\\u{202e}c");
        assert_eq!(plain("ünïcode `x`"), "ünïcode `x`");
        assert_eq!(plain_lines("a\tb\n\u{9b}31mc\u{7f}"), "a\tb\n\\u{9b}31mc\\u{7f}");
    }

    #[test]
    fn digits_are_in_groups_of_three() {
        for (given, shown) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(number(given), shown);
        }
        assert_eq!([1, 1000].map(|calls| count(calls, "call")), ["1 call", "1,000 calls"]);
    }
}
