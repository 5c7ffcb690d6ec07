//! Sources of agents, before they are read and compiled.

use std::borrow::Cow;

use super::{Agent, Compiler, Engine, Error, ParsedAgent, SHIPPED};
use crate::value::{Digest, handed};

/// Source of an agent: the bytes of a component, its name, and its instructions.
#[derive(Clone, Debug)]
pub struct AgentSource {
    /// Text of the agent on the command line.
    pub text: String,
    /// Name, for people.
    pub name: String,
    /// Bytes of the component.
    pub bytes: Cow<'static, [u8]>,
    /// Text that is added to the end of every task.
    pub instructions: Option<String>,
}

impl AgentSource {
    /// Splits `NAME`, `PATH`, or either with `:INSTRUCTIONS`, into the name or path and the
    /// instructions.
    #[doc(hidden)]
    pub fn split(text: &str) -> (&str, Option<&str>) {
        match text.split_once(':') {
            Some((name, "")) => (name, None),
            Some((name, instructions)) => (name, Some(instructions)),
            None => (text, None),
        }
    }

    /// Returns a shipped agent from its text on the command line.
    pub fn shipped(text: &str) -> Option<Self> {
        let (name, instructions) = Self::split(text);
        let shipped = SHIPPED.iter().find(|shipped| shipped.name == name)?;
        Some(Self {
            text: text.to_owned(),
            name: name.to_owned(),
            bytes: shipped.bytes.into(),
            instructions: instructions.map(str::to_owned),
        })
    }

    /// Returns the digest of everything that is handed to it under the task of its world, as
    /// [`ParsedAgent::handed`] does.
    #[doc(hidden)]
    pub fn handed(&self) -> Digest {
        handed(Digest::of(&self.bytes), self.instructions.as_deref(), None)
    }

    /// Reads the component without compiling it.
    ///
    /// # Errors
    ///
    /// Returns [`Error`] for any fault that shows before compilation.
    pub fn read(&self) -> Result<ParsedAgent, Error> {
        let known = ParsedAgent::read(&self.name, &self.bytes).map_err(|error| self.placed(error))?;
        Ok(match &self.instructions {
            Some(instructions) => known.instructed(instructions),
            None => known,
        })
    }

    /// Compiles the component. It uses no cache, and reports nothing.
    ///
    /// # Errors
    ///
    /// Returns [`Error`] if the component is not a valid agent.
    #[doc(hidden)]
    pub fn load(&self, engine: &Engine) -> Result<Agent, Error> {
        Compiler::default().compile(self.read()?, engine)
    }

    /// Adds the path of the file to an error.
    fn placed(&self, mut error: Error) -> Error {
        if let Error::Text { cause, .. } = &mut error {
            cause.0.set_path(Self::split(&self.text).0);
        }
        error
    }
}
