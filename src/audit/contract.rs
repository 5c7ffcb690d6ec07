//! Contract and virtual WASI as a core module sees them, read from `wit/`. The calls of an agent of
//! the audit are enumerated, never listed.

use std::sync::LazyLock;

use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::abi::AbiVariant;
use wit_parser::{PackageId, Resolve, WorldItem};

use super::Error;
use super::operation::{ProbedOperation, kind_of};
use crate::capability::CAPABILITIES;

/// Worlds and shared types, with the name of the package.
const WORLDS: &str = concat!(include_str!("../../wit/agent.wit"), include_str!("../../wit/types.wit"));

/// Packages of WASI, each after those that it uses.
const WASI: [&str; 7] = [
    include_str!("../../wit/wasi/deps/io.wit"),
    include_str!("../../wit/wasi/deps/clocks.wit"),
    include_str!("../../wit/wasi/deps/random.wit"),
    include_str!("../../wit/wasi/deps/filesystem.wit"),
    include_str!("../../wit/wasi/deps/sockets.wit"),
    include_str!("../../wit/wasi/deps/cli.wit"),
    include_str!("../../wit/wasi/world.wit"),
];

/// Worlds of the contract, with WASI added.
const BOTH: &str = "package dayfly:audit;
    world agent { include dayfly:agent/agent@0.1.0; include dayfly:wasi/runtime@0.1.0; }
    world learner { include dayfly:agent/learner@0.1.0; include dayfly:wasi/runtime@0.1.0; }";

/// Contract and WASI, with the package of the contract and that of the worlds with WASI.
type Packages = (Resolve, PackageId, PackageId);

static CONTRACT: LazyLock<Result<Packages, String>> = LazyLock::new(|| {
    let interfaces = CAPABILITIES.iter().filter(|known| known.name != "wasi").map(|known| known.contract);
    let text: String = std::iter::once(WORLDS).chain(interfaces).collect();
    let mut resolve = Resolve::default();
    let mut push = |text: &str| resolve.push_source("audit.wit", text).map_err(|error| format!("{error:#}"));
    let contract = push(&text)?;
    WASI.iter().try_for_each(|text| push(text).map(drop))?;
    let both = push(BOTH)?;
    Ok((resolve, contract, both))
});

/// World that an agent of the audit implements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProbeWorld {
    Agent,
    Learner,
    /// Agent that may also import WASI.
    AgentOnWasi,
    /// Learner that may also import WASI.
    LearnerOnWasi,
}

impl ProbeWorld {
    const fn name(self) -> &'static str {
        match self {
            Self::Agent | Self::AgentOnWasi => "agent",
            Self::Learner | Self::LearnerOnWasi => "learner",
        }
    }

    /// Returns the section that says that a module implements this world.
    fn section(self) -> Result<Vec<u8>, String> {
        let (resolve, contract, both) = CONTRACT.as_ref().map_err(Clone::clone)?;
        let package = match self {
            Self::Agent | Self::Learner => contract,
            Self::AgentOnWasi | Self::LearnerOnWasi => both,
        };
        let world = resolve.select_world(&[*package], Some(self.name())).map_err(|error| format!("{error:#}"))?;
        let mut section = Vec::new();
        embed_component_metadata(&mut section, resolve, world, StringEncoding::UTF8)
            .map_err(|error| format!("{error:#}"))?;
        Ok(section)
    }
}

/// Returns every operation that an agent can import: those of the contract in its order, then those
/// of WASI.
pub(super) fn operations() -> Result<Vec<ProbedOperation>, Error> {
    let (resolve, _, both) = CONTRACT.as_ref().map_err(Error::contract)?;
    let world = resolve.select_world(&[*both], Some(ProbeWorld::AgentOnWasi.name())).map_err(Error::contract)?;
    let mut operations = Vec::new();
    for item in resolve.worlds.get(world).into_iter().flat_map(|world| world.imports.values()) {
        let WorldItem::Interface { id, .. } = item else { continue };
        let Some(interface) = resolve.interfaces.get(*id) else { continue };
        for function in interface.functions.values() {
            operations.extend(ProbedOperation::read(resolve, *id, function));
        }
    }
    operations.sort_by_key(ProbedOperation::is_wasi);
    Ok(operations)
}

/// Returns the types of the parameters of `learn`, as text.
pub(super) fn lesson() -> Result<String, Error> {
    let (resolve, ..) = CONTRACT.as_ref().map_err(Error::contract)?;
    let functions = resolve.interfaces.iter().flat_map(|(_, interface)| interface.functions.values());
    let learn = functions.into_iter().find(|function| function.name == "learn");
    let learn = learn.ok_or_else(|| Error::Contract("there is no `learn`".to_owned()))?;
    let signature = resolve.wasm_signature(AbiVariant::GuestExport, learn);
    Ok(signature.params.into_iter().map(kind_of).collect::<Vec<_>>().join(" "))
}

/// Returns `module` with the section that makes it a component of `world`.
pub(super) fn describe(mut module: Vec<u8>, world: ProbeWorld) -> Result<Vec<u8>, Error> {
    type Section = LazyLock<Result<Vec<u8>, String>>;
    // Sections of the worlds that many agents implement.
    static AGENT: Section = LazyLock::new(|| ProbeWorld::Agent.section());
    static ON_WASI: Section = LazyLock::new(|| ProbeWorld::AgentOnWasi.section());
    let section = match world {
        ProbeWorld::Agent => AGENT.clone(),
        ProbeWorld::AgentOnWasi => ON_WASI.clone(),
        ProbeWorld::Learner | ProbeWorld::LearnerOnWasi => world.section(),
    };
    module.extend(section.map_err(Error::Contract)?);
    Ok(module)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::audit::operation::callable;

    #[test]
    fn the_operations_that_can_be_called_are_those_that_there_are() {
        let known = CAPABILITIES.iter().flat_map(|known| known.operations).map(ToString::to_string);
        let read = callable(operations().unwrap());
        assert_eq!(read.iter().map(ProbedOperation::full_name).collect::<BTreeSet<_>>(), known.collect());
    }
}
