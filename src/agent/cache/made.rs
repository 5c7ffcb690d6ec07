//! Identity of compiled code: its component, its engine and its maker.

use crate::agent::Engine;
use crate::value::Digest;

/// Identity of compiled code. Code with another identity is not loaded in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompiledWith {
    maker: Maker,
    engine: Digest,
    component: Digest,
}

/// Maker of compiled code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maker {
    /// Process that is not confined: this one, or an earlier one of the user.
    Host,
    /// Worker. An agent may have broken into it.
    Worker,
}

impl Maker {
    /// Makers.
    pub(super) const ALL: [Self; 2] = [Self::Host, Self::Worker];

    /// Returns the name, in file names and in tagged descriptions.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Worker => "worker",
        }
    }
}

impl CompiledWith {
    /// Identifies the code that `maker` makes of the component with this digest, for this engine.
    pub fn new(maker: Maker, engine: &Engine, component: Digest) -> Self {
        Self { maker, engine: engine.digest(), component }
    }

    /// Copies the identity, with another maker.
    #[must_use]
    pub fn by(&self, maker: Maker) -> Self {
        Self { maker, ..self.clone() }
    }

    pub(super) const fn maker(&self) -> Maker {
        self.maker
    }

    /// Returns the text that a tag covers: the version of Dayfly, the engine, the component and the
    /// maker.
    pub fn description(&self) -> Vec<u8> {
        let Self { maker, engine, component } = self;
        let (version, maker) = (env!("CARGO_PKG_VERSION"), maker.name());
        format!("dayfly {version}\nengine {engine}\ncomponent {component}\nmaker {maker}\n").into_bytes()
    }

    /// Returns the name of the file.
    pub(super) fn file(&self) -> String {
        format!("{}-{}", self.maker.name(), Digest::of(&self.description()))
    }
}
