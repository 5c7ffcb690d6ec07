//! Confined processes that live episodes, before they are started.

use std::path::PathBuf;

use super::Plan;
use crate::agent::{Compiler, Known};
use crate::episode::Setting;
use crate::worker::{self, Crew, Patience, Store};

/// Confined processes to be started for a run.
#[derive(Debug)]
pub struct Workers {
    program: PathBuf,
    pub(super) jobs: usize,
    compiler: Compiler,
    patience: Patience,
}

impl Workers {
    /// `jobs` processes of the program at this path, which has to be this one.
    pub fn new(program: impl Into<PathBuf>, jobs: usize) -> Self {
        Self { program: program.into(), jobs, compiler: Compiler::default(), patience: Patience::default() }
    }

    /// The same, with a compiler that keeps what they have compiled, and says when they begin.
    #[must_use]
    #[doc(hidden)]
    pub fn compiling(self, compiler: Compiler) -> Self {
        Self { compiler, ..self }
    }

    /// The same, which have so long for their answers.
    #[must_use]
    #[doc(hidden)]
    pub fn patient(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    /// Start the first of them, so that what is missing is known before anything is recorded.
    pub(super) fn start(self, setting: Setting<Known>, plan: &Plan) -> Result<Crew, worker::Error> {
        let Self { program, jobs, compiler, patience } = self;
        let store = Store::new(compiler, &setting);
        Crew::new(&program, setting, &plan.world, jobs, plan.episodes, store, patience)
    }
}
