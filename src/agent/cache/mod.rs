//! Compiled agents, kept between runs in a folder of the user.
//!
//! ```text
//!  component, engine, Dayfly, who compiled it --> Made --file name--> folder of the cache: tag, code
//!                                                  |                            |
//!  key file, in another folder --key of the maker--+------------ load: the tag fits, or it is compiled again
//! ```
//!
//! | who | can | so |
//! |---|---|---|
//! | an agent | write nowhere but its workspace | it reaches neither folder |
//! | a worker that an agent has broken into | hand code of its own agent to its supervisor, before it has lived anything | it is kept under the key of workers, and given to workers of this agent alone |
//! | whoever can write to the folder of the cache: another user, a cache of CI that is restored | put any file there | without the key none of it is loaded |
//! | whoever can read the user's key, so any program of the user | make code that is loaded | such a program can replace Dayfly as well |
//!
//! 1. Nothing is loaded but what a key vouches for, as the code of this component, for this engine, by this maker.
//! 2. What a worker has compiled is loaded by workers alone. What this process has compiled may be given to them too.
//! 3. Files are made for their user alone, and no folder or key is used that others can write to.
//! 4. A file takes its place as a whole. Where two processes write the same one, either is as good.
//! 5. Where something is not to be had (no home, no right to write, no room), there is no cache, and no error.

mod files;
mod key;
mod made;
mod place;

use std::path::{Path, PathBuf};

use dayfly_compiled::{Key, Refused, TAG};
use wasmtime::component::Component;

pub(super) use key::random;
pub use made::{Made, Maker};

use super::Engine;

/// The most bytes of all that is kept: ten interpreters.
const MOST: u64 = 1 << 30;
/// The most bytes of one file that is read, or kept.
const MOST_OF_ONE: u64 = 512 << 20;

/// Compiled agents of a user.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
    key: Key,
    most: u64,
}

/// Why there is no cache.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// The user has turned it off.
    #[error("the cache is turned off by `DAYFLY_CACHE`")]
    Off,
    /// The user has no folder.
    #[error("there is no folder for it: neither `HOME` nor `XDG_CACHE_HOME` names one")]
    Nowhere,
    /// A folder or file that others can write to, or that is another user's.
    #[error("`{0}` belongs to another user, or others can write to it")]
    Shared(PathBuf),
    /// It cannot be read or written.
    #[error("`{path}` cannot be used: {source}")]
    Io {
        /// What.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// How much is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// How many compiled agents.
    pub agents: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Cache {
    /// The cache of this user: in `DAYFLY_CACHE`, or else in `dayfly` below `XDG_CACHE_HOME` or `~/.cache`. Its key is in `dayfly` below
    /// `XDG_STATE_HOME` or `~/.local/state`.
    ///
    /// # Errors
    ///
    /// [`Unusable`] says why there is none.
    pub fn of_user() -> Result<Self, Unusable> {
        let (folder, state) = (place::cache()?, place::state()?);
        Self::open(&folder, &state)
    }

    /// The cache in `folder`, with its key in `state`. Both are made where they are missing.
    ///
    /// # Errors
    ///
    /// [`Unusable`] says why there is none.
    pub fn open(folder: &Path, state: &Path) -> Result<Self, Unusable> {
        let folder = folder.join("compiled");
        place::make(&folder)?;
        place::make(state)?;
        Ok(Self { folder, key: key::of(state)?, most: MOST })
    }

    /// The same cache, which holds no more bytes than that.
    #[must_use]
    pub fn holding(self, most: u64) -> Self {
        Self { most, ..self }
    }

    /// Where it lies.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// How much is kept.
    pub fn held(&self) -> Held {
        files::held(&self.folder)
    }

    /// Remove all that is kept, and say how much that was.
    ///
    /// # Errors
    ///
    /// A file that cannot be removed.
    pub fn clean(&self) -> std::io::Result<Held> {
        files::clean(&self.folder)
    }

    /// The most bytes that it holds.
    pub const fn most(&self) -> u64 {
        self.most
    }

    /// The component that was made so, or why it is not loaded; nothing where it is not kept.
    pub(super) fn load(&self, engine: &Engine, made: &Made) -> Option<Result<Component, Refused>> {
        let (tag, code) = files::read(&self.folder.join(made.file()))?;
        // INVARIANT 1
        let key = self.key_of(made.maker());
        Some(dayfly_compiled::load(&engine.inner, &key, &made.description(), &tag, &code))
    }

    /// The code of the component that was made so, where it is kept: to be given to a process that may load it.
    pub fn code(&self, made: &Made) -> Option<Vec<u8>> {
        let (tag, code) = files::read(&self.folder.join(made.file()))?;
        self.key_of(made.maker()).vouches(&made.description(), &tag, &code).then_some(code)
    }

    /// Keep the code of a component that was made so. It is no error where that cannot be.
    pub fn keep(&self, made: &Made, code: &[u8]) {
        let bytes = u64::try_from(code.len().saturating_add(TAG)).unwrap_or(u64::MAX);
        if bytes > MOST_OF_ONE.min(self.most) {
            return;
        }
        files::make_room(&self.folder, self.most.saturating_sub(bytes));
        let tag = self.key_of(made.maker()).tag(&made.description(), code);
        // INVARIANT 5: it is compiled again next time.
        let _ = files::write(&self.folder, &made.file(), &tag, code);
    }

    /// INVARIANT 2: each maker has a key of its own.
    fn key_of(&self, maker: Maker) -> Key {
        self.key.of(maker.name())
    }
}

#[cfg(unix)]
#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test reads and writes files of its own")]
mod tests;
