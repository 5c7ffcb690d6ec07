//! Failures of a command.

mod report;

use std::fmt::Display;
use std::io::Write as _;
use std::path::Path;

use annotate_snippets::{Renderer, renderer::DecorStyle};

pub(super) use self::report::DiagnosticJson;
use self::report::{Report, SourcePlace};
use super::{Exit, error_width, named};
use crate::capability::ToolFailed;
use crate::environment::Failed;
use crate::policy::Invalid;
use crate::value::Fault;
use crate::{episode, ledger, run, suite, worker};

/// Maximum number of faults shown of one file.
const MOST_FAULTS: usize = 64;

/// Failure of a command: its exit, and a report of each mistake.
#[derive(Debug)]
pub(super) struct Failure {
    exit: Exit,
    reports: Vec<Report>,
}

impl Failure {
    /// Returns a failure because the user's input is wrong: `message`, and in `help` what to do
    /// about it.
    pub(super) fn input(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(Exit::Input, message, help)
    }

    /// Returns a failure because nothing is selected.
    pub(super) fn nothing(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(Exit::Nothing, message, help)
    }

    /// Points at the part of a file that caused the failure, unless it points elsewhere already.
    pub(super) fn at(mut self, path: impl Display, text: &str, span: std::ops::Range<usize>) -> Self {
        for report in self.reports.iter_mut().filter(|report| report.place.is_none()) {
            let fault = Fault {
                message: report.message.clone(),
                span: Some(span.clone()),
                label: "named here".to_owned(),
                help: report.help.clone(),
            };
            report.place = Some(SourcePlace { path: path.to_string(), text: text.to_owned(), fault });
        }
        self
    }

    /// Returns the first report as a fault, to be pointed at elsewhere.
    pub(super) fn first(&self) -> Fault {
        let report = self.reports.first();
        let of = |part: fn(&Report) -> &String| report.map(part).cloned().unwrap_or_default();
        Fault {
            message: of(|report| &report.message),
            span: None,
            label: String::new(),
            help: of(|report| &report.help),
        }
    }

    /// `true` if the failure points into the file at `path`.
    pub(super) fn shows(&self, path: &str) -> bool {
        self.reports.iter().any(|report| report.place.as_ref().is_some_and(|place| place.path == path))
    }

    /// Returns all values, or the reports of all failures.
    pub(super) fn all<T>(found: impl Iterator<Item = Result<T, Self>>) -> Result<Vec<T>, Self> {
        let mut all = Ok(Vec::new());
        for one in found {
            all = Self::both(all, one).map(|(mut all, one)| {
                all.push(one);
                all
            });
        }
        all
    }

    /// Returns both values, or the reports of all failures.
    pub(super) fn both<T, U>(one: Result<T, Self>, other: Result<U, Self>) -> Result<(T, U), Self> {
        match (one, other) {
            (Ok(one), Ok(other)) => Ok((one, other)),
            (Err(mut one), Err(mut other)) => {
                one.reports.append(&mut other.reports);
                Err(one)
            }
            (Err(failure), _) | (_, Err(failure)) => Err(failure),
        }
    }

    /// Returns a failure of the host.
    pub(super) fn host(error: &dyn std::error::Error) -> Self {
        Self::new(Exit::Host, chain(error), "")
    }

    /// Returns a failure to start the engine.
    pub(super) fn engine(cause: &str) -> Self {
        Self::new(Exit::Host, format!("the engine could not be started: {cause}"), "ask for fewer jobs or less memory")
    }

    /// Returns a failure to write the record.
    pub(super) fn ledger(error: &ledger::Error) -> Self {
        // The user chooses the place of the record.
        let is_place = matches!(error, ledger::Error::Exists { .. } | ledger::Error::Write { .. });
        Self::new(if is_place { Exit::Input } else { Exit::Host }, chain(error), error.help())
    }

    /// Adds to the help that the folder holds an unfinished record, which is in the way of the next
    /// run.
    pub(super) fn leaving(mut self, folder: &Path) -> Self {
        let left = folder.display();
        for report in self.reports.iter_mut().filter(|_| folder.exists()) {
            let first = if report.help.is_empty() { String::new() } else { format!("{}; ", report.help) };
            report.help = format!(
                "{first}what was written so far is in `{left}`, and `dayfly verify` says how much of it is sealed: remove it, or name \
                 another folder with `--out`"
            );
        }
        self
    }

    /// Returns a failure to carry out a run.
    pub(super) fn run(error: &run::Error) -> Self {
        match error {
            run::Error::Ledger(error) => Self::ledger(error),
            run::Error::Population { .. } => Self::new(
                Exit::Input,
                chain(error),
                "leave `--lineages` out, or give no more than the size of the policy's population",
            ),
            run::Error::Roles { world, roles, .. } => {
                let help = match roles.as_slice() {
                    [] => "name the agent alone, without `--role`".to_owned(),
                    roles => {
                        let all: Vec<String> = roles.iter().map(|role| format!("--role {role}=AGENT")).collect();
                        format!("write `dayfly run {} -e {}`", all.join(" "), crate::value::plain(world))
                    }
                };
                Self::new(Exit::Input, error.to_string(), help)
            }
            run::Error::NoSuchRole { role, roles, .. } => {
                let names = roles.iter().map(String::as_str);
                Self::new(Exit::Input, error.to_string(), crate::value::hint(role, "its roles are", names))
            }
            run::Error::RolesSelect => Self::new(
                Exit::Input,
                error.to_string(),
                "write `share = 0.0` under `[population]`, or give fewer `--lineages` than its `size`",
            ),
            run::Error::Unfit(_) => Self::new(Exit::Input, error.to_string(), "mend the world"),
            run::Error::NotIsolated(_) => Self::new(Exit::Input, error.to_string(), "add `--isolate process`"),
            run::Error::Worker(worker::Error::Missing(_)) => Self::new(
                Exit::Input,
                chain(error),
                "run it on a system that has it, or ask for less in `isolation.parts`",
            ),
            run::Error::Worker(worker::Error::Agent { why, help }) => Self::input(why.clone(), help.clone()),
            run::Error::Worker(worker::Error::World(_) | worker::Error::Tool(_) | worker::Error::Outside(_)) => {
                Self::new(Exit::Input, chain(error), "run it without `--isolate process`")
            }
            run::Error::Halted(halt) => Self::halted(halt),
            run::Error::Threads(error) => Self::threads(error),
            run::Error::Episode(error) => Self::episode(error),
            run::Error::Worker(_) => Self::host(error),
        }
    }

    /// Returns a failure to bring an episode to its end.
    pub(super) fn episode(error: &episode::Error) -> Self {
        let help = match error {
            episode::Error::World(_) => Failed::help(),
            episode::Error::Tool(_) => ToolFailed::help(),
            _ => "",
        };
        Self::new(Exit::Host, chain(error), help)
    }

    /// Returns a failure to start threads, or to compile an agent for them.
    pub(super) fn threads(error: &run::ThreadsError) -> Self {
        match error {
            run::ThreadsError::Agent(error) => Self::input(error.to_string(), error.help()),
            run::ThreadsError::Engine(cause) => Self::engine(cause),
            run::ThreadsError::Start(_) => Self::host(error),
        }
    }

    /// Returns a failure to prepare an agent, or to carry out a trial.
    pub(super) fn stage(error: &suite::StageError) -> Self {
        match error {
            suite::StageError::Agent(error) => Self::input(error.to_string(), error.help()),
            suite::StageError::Threads(error) => Self::threads(error),
            suite::StageError::Run(error) => Self::run(error),
            suite::StageError::Missing(_) | suite::StageError::Audit(_) => Self::host(error),
        }
    }

    /// Returns a failure to carry out a suite.
    pub(super) fn suite(error: &suite::Error) -> Self {
        Self::host(error)
    }

    /// Returns the failure of a host that could not go on after an episode. All episodes up to
    /// there are recorded.
    pub(super) fn halted(halt: &run::Halt) -> Self {
        Self::new(Exit::Host, chain(halt), halt.help())
    }

    /// Returns the failure for episodes that were aborted because their worker was lost.
    pub(super) fn lost(episodes: u64) -> Self {
        let message = match episodes {
            1 => "1 episode was aborted: its worker was lost".to_owned(),
            _ => format!("{episodes} episodes were aborted: their workers were lost"),
        };
        Self::new(Exit::Host, message, "`lost` in the transcript says how; all others are as they would have been")
    }

    fn new(exit: Exit, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { exit, reports: vec![Report { message: message.into(), help: help.into(), place: None }] }
    }

    /// Returns the faults in a file of the user.
    pub(super) fn faults(path: impl Display, text: &str, faults: Vec<Fault>) -> Self {
        let path = path.to_string();
        if !named::may_be_shown(&path, text) {
            return named::unknown(&path);
        }
        // Each report holds the whole text, and a stranger's file may have a fault on every line.
        let more = faults.len().saturating_sub(MOST_FAULTS);
        let report = |fault: Fault| Report {
            message: fault.message.clone(),
            help: fault.help.clone(),
            place: Some(SourcePlace { path: path.clone(), text: text.to_owned(), fault }),
        };
        let mut reports: Vec<Report> = faults.into_iter().take(MOST_FAULTS).map(report).collect();
        if more > 0 {
            let message = format!("there are {more} more faults in `{path}`");
            reports.push(Report { message, help: "mend these first".to_owned(), place: None });
        }
        Self { exit: Exit::Input, reports }
    }

    pub(super) const fn exit(&self) -> Exit {
        self.exit
    }

    /// Returns all reports as JSON objects, for machines.
    pub(super) fn said(&self) -> Vec<DiagnosticJson> {
        self.reports.iter().map(DiagnosticJson::from).collect()
    }

    /// Shows the failure on the error output.
    pub(super) fn show(&self) {
        let styled = anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
        let renderer = if styled { Renderer::styled() } else { Renderer::plain() };
        let renderer = renderer.decor_style(DecorStyle::Ascii);
        let mut output = anstream::stderr();
        // A failure to write is ignored: the error output may be closed.
        let _ = output.write_all(self.text(&renderer, error_width()).as_bytes());
    }

    /// Text of the message, wrapped to `columns` on a terminal. In a file or a pipe each message is one line.
    fn text(&self, renderer: &Renderer, columns: Option<usize>) -> String {
        let mut text = String::new();
        let wrapped =
            |report: &Report| columns.map_or_else(|| report.plain(), |columns| report.wrapped(columns).plain());
        for report in self.reports.iter().map(wrapped) {
            text.push_str(&renderer.render(&report.groups()));
            text.push_str("\n\n");
        }
        text
    }
}

impl From<Invalid> for Failure {
    fn from(invalid: Invalid) -> Self {
        Self::faults(&invalid.file.path, &invalid.file.text, invalid.faults)
    }
}

/// Returns an error and its causes, on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_world_that_failed_is_named_with_its_episode_and_what_to_do() {
        let failed = Failed::new("the simulator is gone").of("lake").in_episode(41);
        let failures = [Failure::episode(&failed.clone().into()), Failure::run(&episode::Error::from(failed).into())];
        for failure in failures {
            assert_eq!(failure.exit(), Exit::Host);
            let shown = failure.text(&Renderer::plain(), None);
            assert!(shown.contains("the world `lake` failed in episode 41: the simulator is gone"), "{shown}");
            assert!(shown.contains("mend the world"), "{shown}");
        }
    }

    #[test]
    fn nothing_that_is_quoted_styles_or_turns_what_is_shown_and_places_stay_where_they_are() {
        let text = "a = \"\u{9b}31m\"\r\nb = \"\u{1b}]0;\u{7}\u{202e}\u{9d}here\"\n";
        let start = text.find("here").unwrap();
        let fault = Fault {
            message: "`\u{9b}2J` is\u{85} none".to_owned(),
            span: Some(start..start + 4),
            label: "\u{9b}".to_owned(),
            help: "\u{90}\u{202e}".to_owned(),
        };
        let shown = |failure: &Failure| failure.text(&Renderer::plain().decor_style(DecorStyle::Ascii), None);
        let failures = [
            Failure::faults("\u{9b}\n.toml", text, vec![fault]),
            Failure::input("`\u{1b}[31m\u{9b}`", "\u{9b}\u{9c}"),
            Failure::input("\u{9b}", "").at("file\u{9b}", text, 0..1),
        ];
        for failure in &failures {
            let shown = shown(failure);
            assert!(shown.contains("\\u{9b}"), "{shown}");
            assert!(
                !shown.chars().any(|shown| shown == '\u{202e}' || (shown.is_control() && shown != '\n')),
                "{shown:?}"
            );
        }
        let shown = shown(&failures[0]);
        let lines: Vec<&str> = shown.lines().collect();
        let quoted = lines.iter().position(|line| line.contains("here")).unwrap();
        assert_eq!(lines[quoted + 1].find("^^^^"), lines[quoted].find("here"), "{shown}");
    }
}
