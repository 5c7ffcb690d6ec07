//! The worker processes of a run, before they are started.

use std::path::PathBuf;

use super::Plan;
use crate::agent::{Compiler, ParsedAgent};
use crate::episode::Setting;
use crate::worker::{self, Patience, Store, WorkerPool};

/// Worker processes to be started for a run.
#[derive(Debug)]
pub struct Workers {
    program: PathBuf,
    pub(super) jobs: usize,
    compiler: Compiler,
    patience: Patience,
    is_own: bool,
}

impl Workers {
    /// Returns `jobs` worker processes of the program at this path, which has to be Dayfly, or to call
    /// [`worker::serve`] where its first argument is `worker`.
    pub fn new(program: impl Into<PathBuf>, jobs: usize) -> Self {
        Self {
            program: program.into(),
            jobs,
            compiler: Compiler::default(),
            patience: Patience::default(),
            is_own: false,
        }
    }

    /// Returns the same workers, whose program serves them with a registry that has the worlds and tools of this run.
    /// Without this, a run of a world or a tool of one's own is refused. Each worker checks that its world has the
    /// same definition and its tools the same digests.
    #[must_use]
    pub fn registering(self) -> Self {
        Self { is_own: true, ..self }
    }

    /// Returns the same workers, with a compiler that caches compiled code and announces compiling.
    #[must_use]
    #[doc(hidden)]
    pub fn compiling(self, compiler: Compiler) -> Self {
        Self { compiler, ..self }
    }

    /// Returns the same workers, with these time limits on their answers.
    #[must_use]
    #[doc(hidden)]
    pub fn patient(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    /// Starts the first worker, so that what is missing is known before anything is recorded.
    pub(super) fn start(self, setting: Setting<ParsedAgent>, plan: &Plan) -> Result<WorkerPool, worker::Error> {
        let Self { program, jobs, compiler, patience, is_own } = self;
        let store = Store::new(compiler, &setting);
        WorkerPool::new((&program, is_own), setting, &plan.world, jobs, plan.episodes, store, patience)
    }
}
