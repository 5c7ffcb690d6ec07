//! Where an agent comes from, before it is compiled.

use std::borrow::Cow;

use super::{Agent, Compiler, Engine, Error, Known, SHIPPED};
use crate::value::{Digest, handed};

/// The bytes of a component, its name, and what it is told beside its task.
#[derive(Clone, Debug)]
pub struct Source {
    /// As it is written on the command line.
    pub text: String,
    /// Its name, for people.
    pub name: String,
    /// The component.
    pub bytes: Cow<'static, [u8]>,
    /// What it is told at the end of every task.
    pub instructions: Option<String>,
}

impl Source {
    /// The name or path of an agent that is written `NAME`, `PATH`, or either with `:INSTRUCTIONS`; and those.
    #[doc(hidden)]
    pub fn split(text: &str) -> (&str, Option<&str>) {
        match text.split_once(':') {
            Some((name, "")) => (name, None),
            Some((name, instructions)) => (name, Some(instructions)),
            None => (text, None),
        }
    }

    /// An agent that comes with Dayfly, as it is written on the command line.
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

    /// The digest of all that it is handed under the task of its world, as [`Known::handed`] has it.
    #[doc(hidden)]
    pub fn handed(&self) -> Digest {
        handed(Digest::of(&self.bytes), self.instructions.as_deref(), None)
    }

    /// Read it, and compile nothing.
    ///
    /// # Errors
    ///
    /// [`Error`] says what is wrong with the component, as far as that shows.
    pub fn read(&self) -> Result<Known, Error> {
        let known = Known::read(&self.name, &self.bytes).map_err(|error| self.placed(error))?;
        Ok(match &self.instructions {
            Some(instructions) => known.instructed(instructions),
            None => known,
        })
    }

    /// Compile it, keep nothing and say nothing.
    ///
    /// # Errors
    ///
    /// [`Error`] says what is wrong with the component.
    #[doc(hidden)]
    pub fn load(&self, engine: &Engine) -> Result<Agent, Error> {
        Compiler::default().compile(self.read()?, engine)
    }

    /// The same error, with the file that it points into.
    fn placed(&self, mut error: Error) -> Error {
        if let Error::Text { cause, .. } = &mut error {
            cause.0.set_path(Self::split(&self.text).0);
        }
        error
    }
}
