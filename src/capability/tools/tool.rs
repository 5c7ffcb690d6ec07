//! Tools: their type, and the set of those that exist.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::super::outside::Cut;
use crate::value::{Digest, Hasher, plain};

/// Tool that a policy may allow. A clone is the same tool.
#[derive(Clone)]
pub struct Tool {
    name: Arc<str>,
    description: Arc<str>,
    most: usize,
    is_builtin: bool,
    is_outside: bool,
    open: Arc<dyn Fn() -> Box<dyn ToolSession> + Send + Sync>,
}

/// Work of a tool in one episode, with its state. It is made anew for each episode, and dropped
/// with it.
///
/// A closure that takes a [`ToolCall`] implements it.
pub trait ToolSession: Send {
    /// Answers a call.
    fn answer(&mut self, call: &ToolCall<'_>) -> Answer;
}

impl<F: FnMut(&ToolCall<'_>) -> Answer + Send> ToolSession for F {
    fn answer(&mut self, call: &ToolCall<'_>) -> Answer {
        self(call)
    }
}

/// Call of a tool.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ToolCall<'c> {
    /// Task in words, as it is in the brief.
    pub task: &'c str,
    /// Input from the agent.
    pub input: &'c str,
}

/// Answer of a tool, at once or later.
pub enum Answer {
    /// The answer is there.
    Now(Result<String, NoAnswer>),
    /// The answer is waited for until the episode must end. Then the call is refused with `ended`,
    /// and the future is dropped.
    Later(PendingAnswer),
}

/// Future of an answer. It must not block: the wall clock does not stop code that blocks.
pub type PendingAnswer = Pin<Box<dyn Future<Output = Result<String, NoAnswer>>>>;

/// Reason why a called tool gives no answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum NoAnswer {
    /// The input makes no sense. The agent is told so, and goes on.
    Invalid(String),
    /// The tool cannot go on, whatever the agent does. The episode is aborted, and the run ends.
    Failed(String),
    /// The episode had to end before the answer came.
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

    /// Adds the episode of the run.
    #[must_use]
    pub fn in_episode(self, episode: u64) -> Self {
        Self { episode: Some(episode), ..self }
    }

    /// Returns the remedy.
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

/// Maximum number of bytes of an answer apart from the task's text, such as a number.
const ANSWER: usize = 512;

impl Tool {
    /// A tool: its name in policies and calls; what it does, takes and answers, for the agent; and how its work in one episode is made.
    ///
    /// ```
    /// use dayfly::{Answer, Tool, ToolCall, ToolSession};
    ///
    /// /// Counts how often it was called in its episode.
    /// struct Counter(u64);
    ///
    /// impl ToolSession for Counter {
    ///     fn answer(&mut self, _: &ToolCall<'_>) -> Answer {
    ///         self.0 += 1;
    ///         Answer::Now(Ok(self.0.to_string()))
    ///     }
    /// }
    ///
    /// let tool = Tool::new("counter", "Answers how often it was called.", || Box::new(Counter(0)));
    /// assert_eq!(tool.name(), "counter");
    /// ```
    pub fn new(name: &str, description: &str, open: impl Fn() -> Box<dyn ToolSession> + Send + Sync + 'static) -> Self {
        Self {
            name: name.into(),
            description: description.into(),
            most: ANSWER,
            is_builtin: false,
            is_outside: false,
            open: Arc::new(open),
        }
    }

    /// Makes a tool that comes with Dayfly and has no state.
    pub(super) fn builtin(name: &str, description: &str, work: fn(&ToolCall<'_>) -> Answer) -> Self {
        Self { is_builtin: true, ..Self::new(name, description, move || Box::new(work)) }
    }

    /// Sets the maximum number of bytes of an answer beyond those of the task; the default is 512.
    /// An agent pays fuel for this maximum with each call. A longer answer is a failure of the
    /// tool.
    #[must_use]
    pub fn answering(self, most: usize) -> Self {
        Self { most, ..self }
    }

    /// Marks the answers as coming from outside this program. Each is kept in the record as it
    /// reached the agent. An episode with such an answer does not follow from its seed alone.
    #[must_use]
    pub fn from_outside(self) -> Self {
        Self { is_outside: true, ..self }
    }

    /// Returns `true` if the answers come from outside this program.
    pub const fn is_outside(&self) -> bool {
        self.is_outside
    }

    /// Returns the digest of the name and the description.
    pub fn digest(&self) -> Digest {
        let mut hash = Hasher::default();
        for text in [&self.name, &self.description] {
            hash.update(&u64::try_from(text.len()).unwrap_or(u64::MAX).to_le_bytes());
            hash.update(text.as_bytes());
        }
        hash.finish()
    }

    /// Returns the name in policies and calls.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the description: what the tool does, takes and answers.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// Returns `true` if the tool comes with Dayfly. Any other tool exists only in processes that
    /// register it.
    #[doc(hidden)]
    pub const fn is_builtin(&self) -> bool {
        self.is_builtin
    }

    /// Returns the maximum number of bytes of an answer beyond those of the task.
    pub(super) const fn most(&self) -> usize {
        self.most
    }

    /// Makes the work of one episode.
    pub(super) fn open(&self) -> Box<dyn ToolSession> {
        (self.open)()
    }
}

/// Tools that exist, in the order of their names. A clone is the same tools.
#[derive(Clone, Debug)]
pub struct Tools(Arc<[Tool]>);

/// Error returned when a tool or a world cannot have its name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Taken {
    /// The name is in use.
    #[error("there is another `{0}` already")]
    Twice(String),
    /// The name is empty, or has characters other than lower-case letters, digits and `-`.
    #[error("`{0}` is no name: write lower-case letters, digits and `-`")]
    NoName(String),
}

impl Taken {
    /// Checks that `name` is a valid name and not one of `others`.
    ///
    /// # Errors
    ///
    /// Returns [`Taken`] if it is invalid or in use.
    pub fn check<'n>(name: &str, mut others: impl Iterator<Item = &'n str>) -> Result<(), Self> {
        let is_name = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
        if name.is_empty() || !name.chars().all(is_name) {
            return Err(Self::NoName(plain(name).into_owned()));
        }
        if others.any(|other| other == name) { Err(Self::Twice(name.to_owned())) } else { Ok(()) }
    }
}

impl Tools {
    /// Returns the tools that come with Dayfly.
    pub fn builtin() -> Self {
        Self(Arc::new([super::calculator::tool(), super::search::tool(), super::wait::tool()]))
    }

    /// Adds a tool.
    ///
    /// # Errors
    ///
    /// Returns [`Taken`] if the name of the tool is invalid or in use.
    pub fn with(&self, tool: Tool) -> Result<Self, Taken> {
        Taken::check(tool.name(), self.iter().map(Tool::name))?;
        let mut all: Vec<Tool> = self.iter().cloned().chain([tool]).collect();
        all.sort_by(|one, other| one.name().cmp(other.name()));
        Ok(Self(all.into()))
    }

    /// Iterates over the tools.
    pub fn iter(&self) -> std::slice::Iter<'_, Tool> {
        self.0.iter()
    }

    /// Returns the names of all tools.
    pub fn names(&self) -> Vec<&str> {
        self.iter().map(Tool::name).collect()
    }

    /// Returns the tool of that name.
    pub fn get(&self, name: &str) -> Option<&Tool> {
        self.iter().find(|tool| tool.name() == name)
    }
}

/// Tools are equal if their names are: a policy does not distinguish more.
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
        Tool::new(name, "", || Box::new(|_: &ToolCall<'_>| Answer::Now(Ok(String::new()))))
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
