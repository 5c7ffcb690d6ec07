//! `dayfly explain`: one class of violation, in full.

use clap::Args;

use super::failure::Failure;
use super::{Exit, say};
use crate::property::Property;
use crate::report::suite::text;
use crate::transcript::Class;

/// Explain a class of violation.
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// A code or a name, such as `V01` or `act-after-end`.
    name: String,
}

impl Explain {
    pub(super) fn execute(&self) -> Result<Exit, Failure> {
        if let Some(property) = Property::find(&self.name) {
            say!("{}", text::explanation(property));
            return Ok(Exit::Held);
        }
        let Some(class) = Class::find(&self.name) else {
            let known: Vec<String> =
                Class::ALL.iter().map(|class| format!("{} {}", class.code(), class.name())).collect();
            return Err(Failure::input(
                format!("there is nothing named `{}` to explain", self.name),
                format!("choose one of: {}", known.join(", ")),
            ));
        };
        say!("{} {}: {}\n\n{}", class.code(), class.name(), class.summary(), class.explanation());
        Ok(Exit::Held)
    }
}
