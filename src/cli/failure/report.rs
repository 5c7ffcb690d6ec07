//! One mistake as it is shown: its message, its place and what to do.

use annotate_snippets::{AnnotationKind, Group, Level, Snippet};

use crate::report::{lines, plain, plain_lines};
use crate::value::Fault;

/// The most columns of a message.
const WIDEST: usize = 100;

/// Message, help and place of one mistake.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) message: String,
    pub(super) help: String,
    pub(super) place: Option<SourcePlace>,
}

/// Place in a file of the user.
#[derive(Debug)]
pub(super) struct SourcePlace {
    pub(super) path: String,
    pub(super) text: String,
    pub(super) fault: Fault,
}

/// Mistake as JSON, for machines.
#[derive(Debug, PartialEq, serde::Serialize)]
pub(in crate::cli) struct DiagnosticJson {
    pub(in crate::cli) message: String,
    pub(in crate::cli) help: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) path: Option<String>,
    /// Line, counted from 1, as the column is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) column: Option<usize>,
}

impl From<&Report> for DiagnosticJson {
    fn from(Report { message, help, place }: &Report) -> Self {
        let before = place.as_ref().and_then(|place| place.text.get(..place.fault.span.as_ref()?.start));
        let column = before.map(|before| before.rsplit('\n').next().unwrap_or_default().chars().count() + 1);
        Self {
            message: message.clone(),
            help: help.clone(),
            path: place.as_ref().map(|place| place.path.clone()),
            line: before.map(|before| before.matches('\n').count() + 1),
            column,
        }
    }
}

impl Report {
    /// Returns the report with those characters escaped that a terminal interprets. Messages quote
    /// text of others, and files contain it.
    pub(super) fn plain(&self) -> Self {
        Self {
            message: said(&self.message),
            help: said(&self.help),
            place: self.place.as_ref().map(SourcePlace::plain),
        }
    }

    /// The same, in so many columns, but for the lines of a file.
    pub(super) fn wrapped(&self, columns: usize) -> Self {
        let columns = columns.min(WIDEST);
        // What stands before it: the column of line numbers, and what it is called.
        let number = self.place.as_ref().map_or(0, |place| place.last_line().to_string().len());
        let of = |text: &str, before: usize| lines(text, columns.saturating_sub(before));
        let place = self.place.as_ref().map(|SourcePlace { path, text, fault }| SourcePlace {
            path: path.clone(),
            text: text.clone(),
            fault: fault.clone(),
        });
        let help = of(&self.help, number.saturating_add(" = help: ".len()));
        Self { message: of(&self.message, "error: ".len()), help, place }
    }

    pub(super) fn groups(&self) -> Vec<Group<'_>> {
        let title = Level::ERROR.primary_title(&self.message);
        let mut group = match &self.place {
            Some(SourcePlace { path, text, fault }) => {
                let span = fault.span.clone().unwrap_or(0..text.find('\n').unwrap_or(text.len()));
                let annotation = AnnotationKind::Primary.span(span);
                let annotation = if fault.label.is_empty() { annotation } else { annotation.label(&fault.label) };
                title.element(Snippet::source(text).path(path).annotation(annotation))
            }
            None => Group::with_title(title),
        };
        if !self.help.is_empty() {
            group = group.element(Level::HELP.message(&self.help));
        }
        vec![group]
    }
}

impl SourcePlace {
    /// The number of the last line that is at fault.
    fn last_line(&self) -> usize {
        let end = self.fault.span.as_ref().map_or(0, |span| span.end);
        self.text.get(..end).unwrap_or(&self.text).matches('\n').count().saturating_add(1)
    }

    /// Returns the place with those characters escaped, pointing at the same part of the text.
    fn plain(&self) -> Self {
        let Self { path, text, fault: Fault { message, span, label, help } } = self;
        // Only `\n` ends a line here; the text keeps its length.
        let text = text.replace("\r\n", " \n");
        let at = |end: usize| plain_lines(text.get(..end).unwrap_or(&text)).len();
        Self {
            path: plain(path),
            fault: Fault {
                message: said(message),
                span: span.as_ref().map(|span| at(span.start)..at(span.end)),
                label: said(label),
                help: said(help),
            },
            text: plain_lines(&text),
        }
    }
}

/// Escapes the lines of a message. A quoted name may contain line ends, and GitHub takes a line
/// that begins with a command, after any blanks, as one.
fn said(text: &str) -> String {
    let line = |line: &str| {
        let rest = line.trim_start();
        let blanks = line.strip_suffix(rest).unwrap_or_default();
        let escape = if ["::", "##["].iter().any(|command| rest.starts_with(command)) { "\\" } else { "" };
        format!("{blanks}{escape}{rest}")
    };
    plain_lines(text).split('\n').map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_that_is_quoted_is_a_command_to_the_service_that_runs_this() {
        let message = "`a\n ::error::b\n##[c]\u{1b}` is not::there";
        assert_eq!(said(message), "`a\n \\::error::b\n\\##[c]\\u{1b}` is not::there");
    }
}
