//! Words to people, and from them.
//!
//! Everything a command finds wrong is a failure. It has a message, what to do, and a place in the
//! user's file if there is one.

mod audit;
mod cache;
mod check;
mod compiling;
mod docs;
mod explain;
mod failure;
mod find;
mod init;
mod instructed;
mod jobs;
mod key;
mod kind;
mod list;
mod measure;
mod named;
mod nearest;
mod number;
mod progress;
mod prove;
mod reproduce;
mod run;
mod seed;
mod shell;
mod show;
mod test;
mod verify;
mod wit;
mod worker;

use std::borrow::Cow;
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::OnceLock;

use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use self::failure::Failure;
use crate::registry::Registry;
use crate::report::lines;
use crate::value::{plain, plain_lines};

/// Exit of the program; each has its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    /// All held.
    Held,
    /// Something was violated: a run had a violation that its policy fails on, or a record differs
    /// from what was sealed.
    Violated,
    /// The user's input, or a place that the user named and that cannot be written.
    Input,
    /// Our fault, or the machine's.
    Host,
    /// Nothing was selected, or nothing that was selected applies.
    Nothing,
    /// Nothing was violated, and something is undecided. More trials may decide it.
    Inconclusive,
    /// Cancelled by the operator.
    Cancelled,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Held => 0,
            Exit::Violated => 1,
            Exit::Input => 2,
            Exit::Host => 3,
            Exit::Nothing => 4,
            Exit::Inconclusive => 5,
            Exit::Cancelled => 130,
        })
    }
}

/// Number of columns of the output, if it is a terminal or `COLUMNS` is set.
fn width() -> Option<usize> {
    columns(terminal_size::terminal_size_of(std::io::stdout()))
}

/// The same of the error output.
fn error_width() -> Option<usize> {
    columns(terminal_size::terminal_size_of(std::io::stderr()))
}

fn columns(terminal: Option<(terminal_size::Width, terminal_size::Height)>) -> Option<usize> {
    let said = || test::variable("COLUMNS")?.parse().ok().filter(|columns| *columns > 0);
    terminal.map(|(terminal_size::Width(width), _)| width.into()).or_else(said)
}

/// Width of prose: that of the output, up to a maximum for reading.
fn prose() -> usize {
    width().unwrap_or(80).min(100)
}

/// Say on the error output what is good to know.
fn note(text: &str) {
    let columns = error_width().map_or(usize::MAX, |columns| columns.min(100));
    // A failure to write is ignored: the error output may be closed.
    let _ = writeln!(anstream::stderr(), "{}", lines(&format!("note: {text}"), columns));
}

/// A row of a table.
fn row(name: impl Into<String>, text: impl Into<String>) -> (String, String) {
    (name.into(), text.into())
}

/// Runs untrusted agents, as WebAssembly components, in episodes that really end.
#[derive(Debug, Parser)]
#[command(
    name = "dayfly",
    version,
    max_term_width = 100,
    after_help = "Exit codes: 0 all held, 1 violated, 2 wrong input or a place that cannot be written, \
                  3 the host failed, 4 nothing selected, 5 inconclusive, 130 cancelled.\n\
                  Start with `dayfly run overstayer --policy strict --environment off-switch --episodes 200`."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Use of color.
    #[arg(long, global = true, value_enum, default_value = "auto", value_name = "WHEN")]
    color: Color,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Color {
    /// Color if the output is a terminal that shows it.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run an agent through episodes, and record them.
    Run(run::RunArgs),
    /// Test whether agents behave as if the world ended at the end of their episode.
    Test(test::TestArgs),
    /// Write a policy, a suite and a CI workflow to begin with.
    Init(init::InitArgs),
    /// Measure what an agent counts beyond the end of its episode.
    Measure(measure::MeasureArgs),
    /// Try whether anything of one episode reaches a later one.
    Audit(audit::AuditArgs),
    /// Validate policies, suites, worlds and agents, and compare policies.
    Check(check::CheckArgs),
    /// Run a published result again, and put ours beside it.
    Reproduce(Box<reproduce::ReproduceArgs>),
    /// Show the episodes of a run, or one of them from its beginning to its end.
    Show(show::ShowArgs),
    /// Verify the record of a run, or a proof of one of its episodes.
    Verify(verify::VerifyArgs),
    /// Write a proof that one episode is in a run that was signed.
    Prove(prove::ProveArgs),
    /// Make keys that sign records.
    Key(key::KeyArgs),
    /// List what there is.
    List(list::ListArgs),
    /// Explain whatever `list` names: a property, a class of violation, a capability, an
    /// environment, a policy, an agent, a result.
    Explain(explain::ExplainArgs),
    /// Print a JSON Schema, for editors.
    Schema(check::SchemaArgs),
    /// Look after the compiled agents that are kept.
    Cache(cache::CacheArgs),
    /// Print a page of the documentation.
    Docs(docs::DocsArgs),
    /// Print the contract with agents, or write it to a folder.
    Wit(wit::WitArgs),
    /// Print completions for a shell.
    Completions(shell::CompletionsArgs),
    /// Print a manual page, or write all of them to a folder.
    Man(shell::ManArgs),
    /// Live episodes for another process of this program.
    #[command(hide = true)]
    Worker(worker::WorkerArgs),
}

/// Returns the command with options that take a number below 0 as their value. The parser of the
/// value then says if it is allowed.
fn numbers(command: clap::Command) -> clap::Command {
    let numbered = |argument: clap::Arg| {
        let has_value = argument.get_action().takes_values();
        argument.allow_negative_numbers(has_value)
    };
    command.mut_args(numbered).mut_subcommands(numbers)
}

/// Arguments that a variable may set, each with its variable. The command line comes first.
const VARIABLES: [(&str, &str); 4] =
    [("color", "DAYFLY_COLOR"), ("isolate", "DAYFLY_ISOLATE"), ("jobs", "DAYFLY_JOBS"), ("seed", "DAYFLY_SEED")];

/// Returns the command with the variables of [`VARIABLES`].
fn variables(command: clap::Command) -> clap::Command {
    let named = |argument: clap::Arg| {
        let variable = VARIABLES.iter().find(|(name, _)| argument.get_id() == name);
        match variable {
            Some((_, variable)) => argument.env(variable).hide_env_values(true),
            None => argument,
        }
    };
    command.mut_args(named).mut_subcommands(variables)
}

/// Returns the command that parses the arguments of the program.
fn command() -> clap::Command {
    numbers(variables(Arguments::command()))
}

/// Reports an error in the arguments and exits. If the error is in a variable, the message names
/// the variable.
fn refused(error: &clap::Error) -> ! {
    let said = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.as_str(),
        _ => "",
    };
    let (argument, value) = (said(ContextKind::InvalidArg), said(ContextKind::InvalidValue));
    let is_of = |(name, variable): &&(&str, &str)| {
        let is_typed = std::env::args_os().skip(1).any(|word| word.to_string_lossy().ends_with(value));
        let is_argument = argument.strip_prefix("--").is_some_and(|rest| rest.split(' ').next() == Some(name));
        is_argument && !is_typed && std::env::var_os(variable).is_some_and(|set| set.to_string_lossy() == value)
    };
    let Some((name, variable)) = VARIABLES.iter().find(is_of) else { unfit(error) };
    let why = match (std::error::Error::source(error), error.get(ContextKind::ValidValue)) {
        (Some(why), _) => format!(": {why}"),
        (None, Some(ContextValue::Strings(all))) => format!(": it is one of `{}`", all.join("`, `")),
        _ => String::new(),
    };
    let message = format!("the variable `{variable}` is `{value}`, which `--{name}` cannot be{why}");
    Failure::input(message, format!("unset `{variable}`, or set another value")).show();
    std::process::exit(2)
}

/// Reports an error in the arguments and exits. Hidden characters are escaped: a shell may have put
/// the name of a file there.
fn unfit(error: &clap::Error) -> ! {
    let is_hidden = |word: std::ffi::OsString| matches!(plain(&word.to_string_lossy()), Cow::Owned(_));
    if std::env::args_os().skip(1).any(is_hidden) {
        // A failure to write is ignored: the error output may be closed.
        let _ = write!(anstream::stderr(), "{}", plain_lines(&error.render().to_string()));
        std::process::exit(error.exit_code());
    }
    let text = error.render().to_string();
    match error_width().map(|columns| columns.min(100)) {
        Some(columns) if error.use_stderr() && text.lines().any(|line| line.chars().count() > columns) => {
            let wrapped = lines(text.trim_end(), columns);
            let (begins, rest) = wrapped.strip_prefix("error:").map_or(("", wrapped.as_str()), |rest| ("error:", rest));
            let style = anstyle::AnsiColor::Red.on_default().bold();
            let _ = writeln!(anstream::stderr(), "{style}{begins}{style:#}{rest}");
            std::process::exit(error.exit_code())
        }
        _ => error.exit(),
    }
}

/// Stack of the thread that runs the command, in bytes. It does not depend on the system's default.
const STACK: usize = 8 << 20;

/// Parses the arguments, carries them out and reports the result.
///
/// A thread with a stack of its own does all this, except for a worker. A worker runs on the first
/// thread, because confining one thread does not confine another.
pub fn main() -> ExitCode {
    let typed = || {
        let matches = command().try_get_matches().unwrap_or_else(|error| refused(&error));
        let arguments = Arguments::from_arg_matches(&matches).unwrap_or_else(|error| unfit(&error));
        if matches!(arguments.command, Command::Worker(_)) {
            Err(Box::new(arguments))
        } else {
            Ok(carried_out(&arguments))
        }
    };
    let thread = std::thread::Builder::new().name("dayfly".to_owned()).stack_size(STACK).spawn(typed);
    match thread.map(std::thread::JoinHandle::join) {
        Ok(Ok(Ok(code))) => code,
        Ok(Ok(Err(arguments))) => carried_out(&arguments),
        // The thread panicked, and the panic has been reported.
        Ok(Err(_)) => Exit::Host.into(),
        Err(error) => {
            Failure::host(&error).show();
            Exit::Host.into()
        }
    }
}

impl Command {
    fn execute(&self, registry: &Registry) -> Result<Exit, Failure> {
        match self {
            Self::Run(run) => run.execute(registry),
            Self::Test(test) => test.execute(registry),
            Self::Init(init) => init.execute(),
            Self::Measure(measure) => measure.execute(registry),
            Self::Audit(audit) => audit.execute(registry),
            Self::Check(check) => check.execute(registry),
            Self::Reproduce(reproduce) => reproduce.execute(),
            Self::Show(show) => show.execute(),
            Self::Verify(verify) => verify.execute(),
            Self::Prove(prove) => prove.execute(),
            Self::Key(key) => key.execute(),
            Self::List(list) => Ok(list.execute(registry)),
            Self::Explain(explain) => explain.execute(registry),
            Self::Schema(schema) => schema.execute(registry),
            Self::Cache(cache) => cache.execute(),
            Self::Docs(docs) => docs.execute(),
            Self::Wit(wit) => wit.execute(),
            Self::Completions(completions) => Ok(completions.execute()),
            Self::Man(man) => man.execute(),
            Self::Worker(worker) => worker.execute(registry),
        }
    }
}

/// Carries out the arguments.
fn carried_out(arguments: &Arguments) -> ExitCode {
    match arguments.color {
        Color::Auto => {}
        Color::Always => anstream::ColorChoice::AlwaysAnsi.write_global(),
        Color::Never => anstream::ColorChoice::Never.write_global(),
    }
    let done = Registry::builtin()
        .map_err(|error| Failure::host(&error))
        .and_then(|registry| arguments.command.execute(&registry));
    match done {
        Ok(exit) => match UNWRITTEN.get().filter(|_| exit == Exit::Held) {
            Some(error) => {
                Failure::input(format!("the output could not be written: {error}"), "look at where it goes").show();
                Exit::Host.into()
            }
            None => exit.into(),
        },
        Err(failure) => {
            failure.show();
            failure.exit().into()
        }
    }
}

/// Prints a line to the output. A reader that has gone, as `head` does, leaves the exit code as it
/// is. Any other failure to write changes it.
macro_rules! say {
    ($($arguments:tt)*) => {{
        use std::io::Write as _;
        if let Err(error) = writeln!(anstream::stdout(), $($arguments)*)
            && error.kind() != std::io::ErrorKind::BrokenPipe
        {
            // Only the first failure is kept.
            let _ = $crate::cli::UNWRITTEN.set(error);
        }
    }};
}
use say;

/// First failure to write the output.
static UNWRITTEN: OnceLock<std::io::Error> = OnceLock::new();
