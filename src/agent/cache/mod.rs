//! Cache of compiled agents, kept between runs in a folder of the user.
//!
//! ```text
//!  component, engine, Dayfly, who compiled it --> Made --file name--> folder of the cache: tag, code
//!                                                  |                            |
//!  key file, in another folder --key of the maker--+------------ load: the tag fits, or it is compiled again
//! ```
//!
//! Threats and their consequences:
//!
//! - An agent can write only to its workspace. It reaches neither folder.
//! - A worker that an agent has broken into can hand code of its own agent to its supervisor,
//!   before it has run anything. The code is kept under the key of workers, and given to workers of
//!   this agent alone.
//! - Anyone who can write to the folder of the cache (another user, a restored cache of CI) can put
//!   any file there. Without the key none is loaded.
//! - Anyone who can read the user's key (any program of the user) can make code that is loaded.
//!   Such a program can replace Dayfly as well.
//!
//! 1. Code is loaded only if a key vouches for it as the code of this component, for this engine,
//!    by this maker.
//! 2. Code compiled by a worker is loaded by workers alone. Code compiled by this process may also
//!    be given to workers.
//! 3. Files are made for their user alone, and no folder or key is used that others can write to.
//! 4. A file is replaced as a whole. If two processes write the same file, either version is good.
//! 5. If there is no home, no right to write, or no room, there is no cache, and no error.

mod files;
mod key;
mod made;
mod place;

use std::path::{Path, PathBuf};

use dayfly_compiled::{Key, Refused, TAG};
use wasmtime::component::Component;

pub(super) use key::random;
pub use made::{CompiledWith, Maker};

use super::Engine;

/// Maximum number of bytes of the whole cache: ten interpreters.
const MOST: u64 = 1 << 30;
/// Maximum number of bytes of one file.
const MOST_OF_ONE: u64 = 512 << 20;

/// Cache of the compiled agents of a user.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
    key: Key,
    most: u64,
}

/// Error returned when there is no cache.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// The user has turned it off.
    #[error("the cache is turned off by `DAYFLY_CACHE`")]
    Off,
    /// No folder for it is known.
    #[error("there is no folder for it: neither `HOME` nor `XDG_CACHE_HOME` names one")]
    Nowhere,
    /// A folder or file belongs to another user, or others can write to it.
    #[error("`{0}` belongs to another user, or others can write to it")]
    Shared(PathBuf),
    /// A file or folder cannot be read or written.
    #[error("`{path}` cannot be used: {source}")]
    Io {
        /// Path of the file or folder.
        path: PathBuf,
        /// Error of the file system.
        source: std::io::Error,
    },
}

/// Size of the cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheUse {
    /// Number of compiled agents.
    pub agents: u64,
    /// Number of bytes.
    pub bytes: u64,
}

impl Cache {
    /// Opens the cache of this user. It lies in `DAYFLY_CACHE`, or else in `dayfly` below
    /// `XDG_CACHE_HOME` or `~/.cache`. Its key lies in `dayfly` below `XDG_STATE_HOME` or
    /// `~/.local/state`.
    ///
    /// # Errors
    ///
    /// Returns [`Unusable`] if there is no cache.
    pub fn of_user() -> Result<Self, Unusable> {
        let (folder, state) = (place::cache()?, place::state()?);
        Self::open(&folder, &state)
    }

    /// Opens the cache in `folder`, with its key in `state`. Both are made if they are missing.
    ///
    /// # Errors
    ///
    /// Returns [`Unusable`] if there is no cache.
    pub fn open(folder: &Path, state: &Path) -> Result<Self, Unusable> {
        let folder = folder.join("compiled");
        place::make(&folder)?;
        place::make(state)?;
        Ok(Self { folder, key: key::of(state)?, most: MOST })
    }

    /// Sets the maximum number of bytes of the cache.
    #[must_use]
    pub fn holding(self, most: u64) -> Self {
        Self { most, ..self }
    }

    /// Returns the folder of the cache.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the size of the cache.
    pub fn held(&self) -> CacheUse {
        files::held(&self.folder)
    }

    /// Removes all files, and returns the size that they had.
    ///
    /// # Errors
    ///
    /// Returns the error of a file that cannot be removed.
    pub fn clean(&self) -> std::io::Result<CacheUse> {
        files::clean(&self.folder)
    }

    /// Returns the maximum number of bytes of the cache.
    pub const fn most(&self) -> u64 {
        self.most
    }

    /// Loads the component with this identity. Returns `None` if it is not in the cache, and
    /// `Refused` if it must not be loaded.
    pub(super) fn load(&self, engine: &Engine, made: &CompiledWith) -> Option<Result<Component, Refused>> {
        let (tag, code) = files::read(&self.folder.join(made.file()))?;
        // INVARIANT 1
        let key = self.key_of(made.maker());
        Some(dayfly_compiled::load(&engine.inner, &key, &made.description(), &tag, &code))
    }

    /// Returns the code with this identity, if it is in the cache and vouched for, to give it to a
    /// process that may load it.
    pub fn code(&self, made: &CompiledWith) -> Option<Vec<u8>> {
        let (tag, code) = files::read(&self.folder.join(made.file()))?;
        self.key_of(made.maker()).vouches(&made.description(), &tag, &code).then_some(code)
    }

    /// Keeps the code with this identity. If it cannot be kept, that is no error.
    pub fn keep(&self, made: &CompiledWith, code: &[u8]) {
        let bytes = u64::try_from(code.len().saturating_add(TAG)).unwrap_or(u64::MAX);
        if bytes > MOST_OF_ONE.min(self.most) {
            return;
        }
        files::make_room(&self.folder, self.most.saturating_sub(bytes));
        let tag = self.key_of(made.maker()).tag(&made.description(), code);
        // INVARIANT 5: if this fails, the code is compiled again next time.
        let _ = files::write(&self.folder, &made.file(), &tag, code);
    }

    /// INVARIANT 2: returns the key of a maker. Each maker has a key of its own.
    fn key_of(&self, maker: Maker) -> Key {
        self.key.of(maker.name())
    }
}

#[cfg(unix)]
#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test reads and writes files of its own")]
mod tests;
