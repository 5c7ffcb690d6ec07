//! Printed text of a component, split into the lines of its log.
//!
//! ```text
//!  "one\ntw" "o\n" --> "one" "two"
//! ```
//!
//! A line keeps the place at which it was begun. Bytes that are not UTF-8 become U+FFFD. A
//! character may come in several pieces.

use super::wasi::OutputStream;

/// State of the streams of a component.
#[derive(Debug)]
pub(super) struct Printed {
    stdout: OpenLine,
    stderr: OpenLine,
}

/// Line that is not ended yet.
#[derive(Debug)]
struct OpenLine {
    /// Place among the lines.
    line: Option<usize>,
    /// Beginning of a character.
    rest: Vec<u8>,
}

/// Cost of a piece of printed text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PrintCost {
    /// Number of bytes of the text, with its line ends.
    pub(super) text: usize,
    /// Number of lines that it begins.
    pub(super) lines: usize,
}

impl Printed {
    pub(super) const fn new() -> Self {
        Self { stdout: OpenLine::NEW, stderr: OpenLine::NEW }
    }

    const fn open(&self, stream: OutputStream) -> &OpenLine {
        match stream {
            OutputStream::Stdout => &self.stdout,
            OutputStream::Stderr => &self.stderr,
        }
    }

    const fn open_mut(&mut self, stream: OutputStream) -> &mut OpenLine {
        match stream {
            OutputStream::Stdout => &mut self.stdout,
            OutputStream::Stderr => &mut self.stderr,
        }
    }

    /// Returns the cost of printing `bytes`.
    pub(super) fn cost(&self, stream: OutputStream, bytes: &[u8]) -> PrintCost {
        let open = self.open(stream);
        let (text, rest) = open.decode(bytes);
        let begun = text.split_inclusive('\n').count();
        let continued = usize::from(open.line.is_some() && !text.is_empty());
        let is_open = if text.is_empty() { open.line.is_some() } else { !text.ends_with('\n') };
        // An incomplete character may end as U+FFFD. It begins a line if none is open.
        let (pending, opened) = if rest.is_empty() { (0, false) } else { (REPLACEMENT.len_utf8(), !is_open) };
        let lines = begun.saturating_sub(continued).saturating_add(usize::from(opened));
        PrintCost { text: text.len().saturating_add(pending), lines }
    }

    /// Adds `bytes` to the lines.
    pub(super) fn print(&mut self, stream: OutputStream, bytes: &[u8], lines: &mut Vec<String>) {
        let open = self.open_mut(stream);
        let (text, rest) = open.decode(bytes);
        let is_pending = !rest.is_empty();
        open.rest = rest;
        for piece in text.split_inclusive('\n') {
            let ended = piece.strip_suffix('\n');
            open.add(ended.unwrap_or(piece), lines);
            if ended.is_some() {
                open.line = None;
            }
        }
        if is_pending {
            open.add("", lines);
        }
    }

    /// Ends open lines and incomplete characters.
    pub(super) fn finish(&mut self, lines: &mut Vec<String>) {
        for open in [&mut self.stdout, &mut self.stderr] {
            if !open.rest.is_empty() {
                open.rest.clear();
                open.add(REPLACEMENT.encode_utf8(&mut [0; 4]), lines);
            }
            open.line = None;
        }
    }
}

/// Replacement for bytes that are not text.
const REPLACEMENT: char = char::REPLACEMENT_CHARACTER;

impl OpenLine {
    const NEW: Self = Self { line: None, rest: Vec::new() };

    /// Decodes the bytes that came before and these. Returns the text, and the beginning of a
    /// character at the end.
    fn decode(&self, bytes: &[u8]) -> (String, Vec<u8>) {
        let whole = [self.rest.as_slice(), bytes].concat();
        let mut text = String::with_capacity(whole.len());
        let mut chunks = whole.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            text.push_str(chunk.valid());
            let is_cut = chunks.peek().is_none()
                && std::str::from_utf8(chunk.invalid()).is_err_and(|error| error.error_len().is_none());
            if is_cut {
                return (text, chunk.invalid().to_vec());
            }
            if !chunk.invalid().is_empty() {
                text.push(REPLACEMENT);
            }
        }
        (text, Vec::new())
    }

    /// Adds text to the open line, or to a new one if none is open.
    fn add(&mut self, text: &str, lines: &mut Vec<String>) {
        let place = self.line.unwrap_or(lines.len());
        match lines.get_mut(place) {
            Some(line) => line.push_str(text),
            None => lines.push(text.to_owned()),
        }
        self.line = Some(place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use OutputStream::{Stderr, Stdout};

    fn lines(pieces: &[(OutputStream, &[u8])]) -> Vec<String> {
        let (mut printed, mut lines) = (Printed::new(), Vec::new());
        for (stream, bytes) in pieces {
            let PrintCost { text, lines: begun } = printed.cost(*stream, bytes);
            let size = |lines: &[String]| lines.iter().map(String::len).sum::<usize>();
            let before = (size(&lines), lines.len());
            printed.print(*stream, bytes, &mut lines);
            assert!(size(&lines) - before.0 <= text, "{bytes:?} made more text than it cost");
            assert_eq!(lines.len() - before.1, begun, "{bytes:?} made more lines than it cost");
        }
        let begun = lines.len();
        printed.finish(&mut lines);
        assert_eq!(lines.len(), begun, "every line was paid for when it was begun");
        lines
    }

    #[test]
    fn a_line_is_one_message_however_it_comes() {
        assert_eq!(lines(&[(Stdout, b"one\ntw"), (Stdout, b"o\n"), (Stdout, b"")]), ["one", "two"]);
        assert_eq!(lines(&[(Stdout, b"\n\n"), (Stdout, b"end")]), ["", "", "end"]);
    }

    #[test]
    fn the_streams_do_not_run_into_each_other() {
        let pieces: &[(OutputStream, &[u8])] = &[(Stdout, b"a"), (Stderr, b"x\ny"), (Stdout, b"b\n")];
        assert_eq!(lines(pieces), ["ab", "x", "y"]);
    }

    #[test]
    fn a_character_may_come_in_pieces_and_what_is_none_is_replaced() {
        assert_eq!(lines(&[(Stdout, &[0xE2, 0x82]), (Stdout, &[0xAC, b'!'])]), ["\u{20AC}!"]);
        assert_eq!(lines(&[(Stdout, &[0xFF, b'a']), (Stderr, &[0xE2])]), ["\u{FFFD}a", "\u{FFFD}"]);
    }
}
