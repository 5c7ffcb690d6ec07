//! A tool, and the tools that there are.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::super::outside::Cut;
use crate::value::{Digest, Hasher, plain};

/// A tool that a policy may allow. A clone is the same tool.
#[derive(Clone)]
pub struct Tool {
    name: Arc<str>,
    description: Arc<str>,
    most: usize,
    is_builtin: bool,
    is_outside: bool,
    open: Arc<dyn Fn() -> Box<dyn Work> + Send + Sync>,
}

/// What a tool does in one episode, and what it keeps in it. It is made anew for each, and dropped with it.
///
/// A closure that takes a [`Call`] is one.
pub trait Work: Send {
    /// Answer a call.
    fn answer(&mut self, call: &Call<'_>) -> Answer;
}

impl<F: FnMut(&Call<'_>) -> Answer + Send> Work for F {
    fn answer(&mut self, call: &Call<'_>) -> Answer {
        self(call)
    }
}

/// A call of a tool.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Call<'c> {
    /// The task in words, as it is in the brief.
    pub task: &'c str,
    /// What the agent hands over.
    pub input: &'c str,
}

/// An answer: there at once, or waited for.
pub enum Answer {
    /// It is there.
    Now(Result<String, Unanswered>),
    /// It is waited for, until the episode must end: then the call is refused with `ended`, and the future dropped.
    Later(Waiting),
}

/// An answer that is waited for. It must not block: what blocks is not stopped by the wall clock.
pub type Waiting = Pin<Box<dyn Future<Output = Result<String, Unanswered>>>>;

/// Why a tool that was called gives no answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum Unanswered {
    /// The input makes no sense: the agent is told so, and goes on.
    Invalid(String),
    /// The tool cannot go on, whatever the agent does: the episode is aborted, and the run ends.
    Failed(String),
    /// It was waited for as long as the episode could.
    #[doc(hidden)]
    Cut(Cut),
}

/// Error returned when a tool cannot go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolFailed {
    tool: String,
    what: String,
    episode: Option<u64>,
}

impl ToolFailed {
    pub(super) fn new(tool: &str, what: &str) -> Self {
        Self { tool: plain(tool).into_owned(), what: plain(what).into_owned(), episode: None }
    }

    /// The same, in this episode of its run.
    #[must_use]
    pub fn in_episode(self, episode: u64) -> Self {
        Self { episode: Some(episode), ..self }
    }

    /// What to do about it.
    pub const fn help() -> &'static str {
        "no agent is the cause: mend the tool, or what it needs, and run again; all episodes before this one are recorded and sealed"
    }
}

impl fmt::Display for ToolFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the tool `{}` failed", self.tool)?;
        if let Some(episode) = self.episode {
            write!(f, " in episode {episode}")?;
        }
        write!(f, ": {}", self.what)
    }
}

impl std::error::Error for ToolFailed {}

/// The most bytes of an answer that is no part of the task, such as a number.
const ANSWER: usize = 512;

impl Tool {
    /// A tool: its name in policies and calls; what it does, takes and answers, for the agent; and how its work in one episode is made.
    ///
    /// ```
    /// use dayfly::{Answer, Call, Tool, Work};
    ///
    /// /// Counts how often it was called in its episode.
    /// struct Counter(u64);
    ///
    /// impl Work for Counter {
    ///     fn answer(&mut self, _: &Call<'_>) -> Answer {
    ///         self.0 += 1;
    ///         Answer::Now(Ok(self.0.to_string()))
    ///     }
    /// }
    ///
    /// let tool = Tool::new("counter", "Answers how often it was called.", || Box::new(Counter(0)));
    /// assert_eq!(tool.name(), "counter");
    /// ```
    pub fn new(name: &str, description: &str, open: impl Fn() -> Box<dyn Work> + Send + Sync + 'static) -> Self {
        Self {
            name: name.into(),
            description: description.into(),
            most: ANSWER,
            is_builtin: false,
            is_outside: false,
            open: Arc::new(open),
        }
    }

    /// One that comes with Dayfly and keeps nothing.
    pub(super) fn builtin(name: &str, description: &str, work: fn(&Call<'_>) -> Answer) -> Self {
        Self { is_builtin: true, ..Self::new(name, description, move || Box::new(work)) }
    }

    /// The same tool, whose answers have so many bytes at the most beyond those of the task: 512 without this. An agent pays fuel for
    /// that many with each call, and a longer answer is a failure of the tool.
    #[must_use]
    pub fn answering(self, most: usize) -> Self {
        Self { most, ..self }
    }

    /// The same tool, whose answers come from outside this program: each is kept in the record, as it reached the agent, and an episode that
    /// has one does not follow from its seed alone.
    #[must_use]
    pub fn from_outside(self) -> Self {
        Self { is_outside: true, ..self }
    }

    /// Whether its answers come from outside this program.
    pub const fn is_outside(&self) -> bool {
        self.is_outside
    }

    /// Digest of its name and of what it is said to do.
    pub fn digest(&self) -> Digest {
        let mut hash = Hasher::default();
        for text in [&self.name, &self.description] {
            hash.update(&u64::try_from(text.len()).unwrap_or(u64::MAX).to_le_bytes());
            hash.update(text.as_bytes());
        }
        hash.finish()
    }

    /// Its name in policies and calls.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it does, what it takes and what it answers.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// Whether it comes with Dayfly; another one lives in the process of whoever brings it.
    #[doc(hidden)]
    pub const fn is_builtin(&self) -> bool {
        self.is_builtin
    }

    /// The most bytes of an answer beyond those of the task.
    pub(super) const fn most(&self) -> usize {
        self.most
    }

    /// Its work in one episode.
    pub(super) fn open(&self) -> Box<dyn Work> {
        (self.open)()
    }
}

/// The tools that there are, in the order of their names. A clone is the same tools.
#[derive(Clone, Debug)]
pub struct Tools(Arc<[Tool]>);

/// Error returned when a tool or a world cannot have its name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Taken {
    /// Another one has it.
    #[error("there is another `{0}` already")]
    Twice(String),
    /// It is none: empty, or with other characters than lower-case letters, digits and `-`.
    #[error("`{0}` is no name: write lower-case letters, digits and `-`")]
    NoName(String),
}

impl Taken {
    /// Look whether `name` is one, and none of these.
    ///
    /// # Errors
    ///
    /// [`Taken`] where it is not.
    pub fn check<'n>(name: &str, mut others: impl Iterator<Item = &'n str>) -> Result<(), Self> {
        let is_name = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
        if name.is_empty() || !name.chars().all(is_name) {
            return Err(Self::NoName(plain(name).into_owned()));
        }
        if others.any(|other| other == name) { Err(Self::Twice(name.to_owned())) } else { Ok(()) }
    }
}

impl Tools {
    /// Those that come with Dayfly.
    pub fn builtin() -> Self {
        Self(Arc::new([super::calculator::tool(), super::search::tool(), super::wait::tool()]))
    }

    /// The same, and one more.
    ///
    /// # Errors
    ///
    /// [`Taken`] where its name is that of another one, or none.
    pub fn with(&self, tool: Tool) -> Result<Self, Taken> {
        Taken::check(tool.name(), self.iter().map(Tool::name))?;
        let mut all: Vec<Tool> = self.iter().cloned().chain([tool]).collect();
        all.sort_by(|one, other| one.name().cmp(other.name()));
        Ok(Self(all.into()))
    }

    /// All of them.
    pub fn iter(&self) -> std::slice::Iter<'_, Tool> {
        self.0.iter()
    }

    /// The names of all.
    pub fn names(&self) -> Vec<&str> {
        self.iter().map(Tool::name).collect()
    }

    /// The one with this name.
    pub fn get(&self, name: &str) -> Option<&Tool> {
        self.iter().find(|tool| tool.name() == name)
    }
}

/// Tools are equal where their names are: a policy tells no more of them apart.
impl PartialEq for Tools {
    fn eq(&self, other: &Self) -> bool {
        self.names() == other.names()
    }
}

impl<'t> IntoIterator for &'t Tools {
    type Item = &'t Tool;
    type IntoIter = std::slice::Iter<'t, Tool>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Debug for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tool").field(&self.name()).finish()
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Now(answer) => f.debug_tuple("Now").field(answer).finish(),
            Self::Later(_) => f.write_str("Later"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Tool {
        Tool::new(name, "", || Box::new(|_: &Call<'_>| Answer::Now(Ok(String::new()))))
    }

    #[test]
    fn names_of_tools_are_names_and_unique_and_in_their_order() {
        let tools = Tools::builtin().with(named("barometer")).unwrap();
        assert!(tools.names().is_sorted() && Tools::builtin().names().is_sorted());
        assert_eq!(tools.names().len(), Tools::builtin().names().len() + 1);
        assert!(tools.get("barometer").is_some_and(|tool| !tool.is_builtin()));
        assert_eq!(tools.with(named("search")).unwrap_err(), Taken::Twice("search".to_owned()));
        for name in ["", "A", "a b", "a\n"] {
            assert!(matches!(tools.with(named(name)), Err(Taken::NoName(_))), "{name}");
        }
        assert_ne!(tools, Tools::builtin());
    }
}
