//! Pages in Markdown, as a terminal shows them: headings, paragraphs, lists and tables are wrapped, code stays as it is.
//!
//! ```text
//!  text --lines--> Block: heading | paragraph | item | table | code --Page--> String
//! ```
//!
//! It reads what the pages of this project are written in, and no other Markdown: what it does not know is a paragraph.

use super::page::{Page, bold, text};

/// Indentation of code.
const CODE: &str = "    ";

/// The most columns that the first cells of a row may take beside the last one.
const BESIDE: usize = 40;

/// A part of a page.
#[derive(Debug, PartialEq)]
enum Block {
    Blank,
    Heading(String),
    /// A paragraph, or an entry of a list: how far it is moved in, what it begins with, and the text.
    Text {
        indent: usize,
        mark: String,
        text: String,
    },
    Code(String),
    Table(Vec<Vec<String>>),
}

/// The page for a terminal of so many columns.
pub fn rendered(markdown: &str, columns: usize) -> String {
    let mut page = Page::labelled(columns, 0);
    for block in blocks(markdown) {
        match block {
            Block::Blank => page.blank(),
            Block::Heading(text) => page.line(bold(text)),
            Block::Code(line) if line.is_empty() => page.blank(),
            Block::Code(line) => page.unwrapped(format!("{CODE}{line}")),
            Block::Text { indent, mark, text } => page.hanging(&format!("{:indent$}{mark}", ""), text),
            Block::Table(rows) => tabled(&mut page, &rows, columns),
        }
    }
    page.finish()
}

fn blocks(markdown: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    // The fence that code ends with.
    let mut fence: Option<&str> = None;
    let mut is_open = false;
    for line in markdown.trim_end().lines() {
        let trimmed = line.trim();
        if let Some(end) = fence {
            if trimmed == end {
                fence = None;
            } else {
                blocks.push(Block::Code(line.to_owned()));
            }
            is_open = false;
        } else if trimmed.starts_with("```") {
            fence = Some("```");
            is_open = false;
        } else if trimmed.is_empty() {
            blocks.push(Block::Blank);
            is_open = false;
        } else if let Some(heading) = headed(trimmed) {
            blocks.push(Block::Heading(inline(heading)));
            is_open = false;
        } else if trimmed.starts_with('|') {
            row(&mut blocks, trimmed);
            is_open = false;
        } else if let Some((mark, text)) = marked(trimmed) {
            let indent = line.len().saturating_sub(line.trim_start().len());
            blocks.push(Block::Text { indent, mark: mark.to_owned(), text: text.to_owned() });
            is_open = true;
        } else {
            match blocks.last_mut() {
                Some(Block::Text { text, .. }) if is_open => {
                    text.push(' ');
                    text.push_str(trimmed);
                }
                _ => blocks.push(Block::Text { indent: 0, mark: String::new(), text: trimmed.to_owned() }),
            }
            is_open = true;
        }
    }
    for block in &mut blocks {
        if let Block::Text { text, .. } = block {
            *text = inline(text);
        }
    }
    blocks
}

/// The words of a heading.
fn headed(line: &str) -> Option<&str> {
    let rest = line.trim_start_matches('#');
    (rest.len() < line.len()).then(|| rest.strip_prefix(' ')).flatten()
}

/// Splits an entry of a list into its mark and its text.
fn marked(line: &str) -> Option<(&str, &str)> {
    let digits = line.len().saturating_sub(line.trim_start_matches(|letter: char| letter.is_ascii_digit()).len());
    let rest = line.get(digits..)?;
    let end = match digits {
        0 => rest.strip_prefix("- ").or_else(|| rest.strip_prefix("* "))?,
        _ => rest.strip_prefix(". ")?,
    };
    line.split_at_checked(line.len().saturating_sub(end.len()))
}

/// A row of a table: the next one of the table that stands before it, where one does.
fn row(blocks: &mut Vec<Block>, line: &str) {
    let cells = cells(line);
    let is_rule = cells.iter().all(|cell| !cell.is_empty() && cell.chars().all(|letter| "-: ".contains(letter)));
    match blocks.last_mut() {
        Some(Block::Table(_)) if is_rule => {}
        Some(Block::Table(rows)) => rows.push(cells),
        _ => blocks.push(Block::Table(vec![cells])),
    }
}

/// The cells of a row: a bar within quotes, or behind a backslash, parts nothing.
fn cells(line: &str) -> Vec<String> {
    let line = line.strip_prefix('|').unwrap_or(line);
    let line = line.strip_suffix('|').unwrap_or(line);
    let (mut cells, mut cell, mut is_quoted, mut is_escaped) = (Vec::new(), String::new(), false, false);
    for letter in line.chars() {
        match letter {
            '|' if is_escaped => {
                cell.pop();
                cell.push('|');
            }
            '|' if !is_quoted => cells.push(inline(std::mem::take(&mut cell).trim())),
            _ => {
                is_quoted ^= letter == '`';
                cell.push(letter);
            }
        }
        is_escaped = letter == '\\';
    }
    cells.push(inline(cell.trim()));
    cells
}

/// Text without what Markdown marks in it: of a link its words, and its address where that leads out.
fn inline(markdown: &str) -> String {
    let (mut text, mut rest) = (String::new(), markdown);
    while let Some(at) = rest.find(['[', '`', '*', '!', '<']) {
        let (before, here) = rest.split_at_checked(at).unwrap_or((rest, ""));
        text.push_str(before);
        if let Some((code, after)) = here.strip_prefix('`').and_then(|code| code.split_once('`')) {
            text.extend(["`", code, "`"]);
            rest = after;
        } else if let Some(after) = here.strip_prefix("**") {
            rest = after;
        } else if let Some((power, after)) = here.strip_prefix("<sup>").and_then(|power| power.split_once("</sup>")) {
            text.extend(["^", power]);
            rest = after;
        } else if let Some((words, address, after)) = here.strip_prefix('!').and_then(link) {
            text.extend(["(", address, ": ", words, ")"]);
            rest = after;
        } else if let Some((words, address, after)) = link(here) {
            text.push_str(&inline(words));
            if address.contains("://") {
                text.extend([" <", address, ">"]);
            }
            rest = after;
        } else {
            let mut letters = here.chars();
            text.extend(letters.next());
            rest = letters.as_str();
        }
    }
    text + rest
}

/// The words and the address of the link that a text begins with, and what follows.
fn link(text: &str) -> Option<(&str, &str, &str)> {
    let (words, rest) = text.strip_prefix('[')?.split_once("](")?;
    let (address, after) = rest.split_once(')')?;
    let is_even = words.matches('[').count() == words.matches(']').count();
    (is_even && !address.contains(' ')).then_some((words, address, after))
}

/// A table: in columns where these have room; else a row's first cell with all others below it.
fn tabled(page: &mut Page, rows: &[Vec<String>], columns: usize) {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let wide = |column: usize| rows.iter().filter_map(|row| Some(row.get(column)?.chars().count())).max().unwrap_or(0);
    let widths: Vec<usize> = (0..count).map(wide).collect();
    let (last, first) = widths.split_last().map_or((0, &[][..]), |(last, first)| (*last, first));
    let beside: usize = first.iter().map(|width| width.saturating_add(2)).sum();
    let padded = |row: &[String]| -> String {
        first.iter().zip(row).map(|(width, cell)| format!("{cell:<width$}  ")).collect::<Vec<_>>().concat()
    };
    if beside.saturating_add(last) <= columns || beside <= BESIDE {
        for (position, row) in rows.iter().enumerate() {
            let end = row.get(first.len()).cloned().unwrap_or_default();
            if position == 0 { page.hanging(&padded(row), bold(end)) } else { page.hanging(&padded(row), end) }
        }
        return;
    }
    let (head, rows) = rows.split_first().map_or((&[][..], rows), |(head, rows)| (head.as_slice(), rows));
    for row in rows {
        let (name, cells) = row.split_first().map_or(("", &[][..]), |(name, cells)| (name.as_str(), cells));
        page.line(bold(name));
        for (title, cell) in head.iter().skip(1).zip(cells).filter(|(_, cell)| !cell.is_empty()) {
            let title = if title.is_empty() { String::new() } else { format!("{title}: ") };
            page.hanging("    ", text!(title, cell));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(markdown: &str, columns: usize) -> String {
        anstream::adapter::strip_str(&rendered(markdown, columns)).to_string()
    }

    #[test]
    fn headings_lists_links_and_code_are_as_people_read_them() {
        let page = "# A **page**\n\nSee [`docs/x.md`](x.md) and\n[there](https://example.org).\n\n- one entry that is longer than \
                    the line is\n  and goes on\n- two\n\n```sh\n$ a command that stays on one line whatever its length is\n```\n";
        let expected = "A page\n\nSee `docs/x.md` and there\n<https://example.org>.\n\n- one entry that is longer than the line\n  \
                        is and goes on\n- two\n\n    $ a command that stays on one line whatever its length is\n";
        assert_eq!(plain(page, 40), expected);
        assert_eq!(inline("2<sup>8</sup> of `a*b` and a*b"), "2^8 of `a*b` and a*b");
        assert_eq!(inline("![a run](docs/run.svg)"), "(docs/run.svg: a run)");
    }

    #[test]
    fn a_table_has_columns_where_there_is_room_and_rows_below_each_other_where_not() {
        let page = "| a | b |\n|---|---|\n| one | `x|y` and \\| more |\n";
        assert_eq!(plain(page, 80), "a    b\none  `x|y` and | more\n");
        let long = "word ".repeat(12);
        let page = format!("| key | is | default |\n|---|---|---|\n| one | {long}| none |\n");
        let text = plain(&page, 60);
        assert!(text.starts_with("one\n    is: word") && text.ends_with("    default: none\n"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 60), "{text}");
    }
}
