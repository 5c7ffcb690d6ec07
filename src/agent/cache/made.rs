//! What compiled code is: of which component, for which engine, by whom.

use crate::agent::Engine;
use crate::value::Digest;

/// What compiled code is. Code of anything else is not loaded in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    maker: Maker,
    engine: Digest,
    component: Digest,
}

/// Who has compiled it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maker {
    /// A process that is not confined: this one, or an earlier one of the user.
    Host,
    /// A worker. An agent may have broken into it.
    Worker,
}

impl Maker {
    /// Every maker.
    pub(super) const ALL: [Self; 2] = [Self::Host, Self::Worker];

    /// Its name, in file names and in what is vouched for.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Worker => "worker",
        }
    }
}

impl Made {
    /// What `maker` makes of the component with this digest, for this engine.
    pub fn new(maker: Maker, engine: &Engine, component: Digest) -> Self {
        Self { maker, engine: engine.digest(), component }
    }

    /// The same, made by another.
    #[must_use]
    pub fn by(&self, maker: Maker) -> Self {
        Self { maker, ..self.clone() }
    }

    pub(super) const fn maker(&self) -> Maker {
        self.maker
    }

    /// What is vouched for: the version of Dayfly, what the engine makes code by, the bytes that were compiled, and the maker.
    pub fn description(&self) -> Vec<u8> {
        let Self { maker, engine, component } = self;
        let (version, maker) = (env!("CARGO_PKG_VERSION"), maker.name());
        format!("dayfly {version}\nengine {engine}\ncomponent {component}\nmaker {maker}\n").into_bytes()
    }

    /// The name of its file.
    pub(super) fn file(&self) -> String {
        format!("{}-{}", self.maker.name(), Digest::of(&self.description()))
    }
}
