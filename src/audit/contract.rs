//! The contract as a core module sees it, read from `wit/`: what an agent of the audit calls is enumerated, never listed.

use std::sync::LazyLock;

use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::abi::{AbiVariant, WasmType};
use wit_parser::{PackageId, Resolve, WorldItem};

use super::Error;
use crate::capability::{CAPABILITIES, PACKAGE, VERSION};
use crate::gate::Capability;

/// What the interfaces share, and the worlds, behind the name of the package.
const WORLDS: &str = concat!(include_str!("../../wit/agent.wit"), include_str!("../../wit/types.wit"));

static CONTRACT: LazyLock<Result<(Resolve, PackageId), String>> = LazyLock::new(|| {
    let interfaces = CAPABILITIES.iter().filter(|known| is_native(known)).map(|known| known.contract);
    let text: String = std::iter::once(WORLDS).chain(interfaces).collect();
    let mut resolve = Resolve::default();
    let package = resolve.push_source("agent.wit", &text).map_err(|error| format!("{error:#}"))?;
    Ok((resolve, package))
});

/// Whether a capability is of the contract's own package. WASI is not, and the audit's agents do not import it.
fn is_native(capability: &Capability) -> bool {
    capability.name != "wasi"
}

/// A world of the contract.
#[derive(Clone, Copy, Debug)]
pub(super) enum World {
    Agent,
    Learner,
}

/// An operation, as a core module imports and calls it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Operation {
    pub(super) capability: String,
    pub(super) name: String,
    /// The last one is the place of the answer.
    pub(super) parameters: Vec<&'static str>,
}

impl Operation {
    /// Its name, as in records.
    pub(super) fn full_name(&self) -> String {
        format!("{}.{}", self.capability, self.name)
    }

    /// The types of its parameters, as text.
    pub(super) fn signature(&self) -> String {
        format!("(param {})", self.parameters.join(" "))
    }

    /// Its import, as text.
    pub(super) fn import(&self) -> String {
        let Self { capability, name, .. } = self;
        format!(
            "(import \"{PACKAGE}/{capability}@{VERSION}\" \"{name}\" (func ${capability}.{name} {}))\n",
            self.signature()
        )
    }
}

/// Every operation that an agent can import, in the order of the contract.
pub(super) fn operations() -> Result<Vec<Operation>, Error> {
    let (resolve, package) = contract()?;
    let world = resolve.select_world(&[*package], Some(World::Agent.name())).map_err(Error::contract)?;
    let mut operations = Vec::new();
    for item in resolve.worlds.get(world).into_iter().flat_map(|world| world.imports.values()) {
        let WorldItem::Interface { id, .. } = item else { continue };
        let Some(interface) = resolve.interfaces.get(*id) else { continue };
        for (name, function) in &interface.functions {
            let signature = resolve.wasm_signature(AbiVariant::GuestImport, function);
            operations.push(Operation {
                capability: interface.name.clone().unwrap_or_default(),
                name: name.clone(),
                parameters: signature.params.into_iter().map(scalar).collect(),
            });
        }
    }
    Ok(operations)
}

/// The types of the parameters of `learn`, as text.
pub(super) fn lesson() -> Result<String, Error> {
    let (resolve, _) = contract()?;
    let functions = resolve.interfaces.iter().flat_map(|(_, interface)| interface.functions.values());
    let learn = functions.into_iter().find(|function| function.name == "learn");
    let learn = learn.ok_or_else(|| Error::Contract("there is no `learn`".to_owned()))?;
    let signature = resolve.wasm_signature(AbiVariant::GuestExport, learn);
    Ok(signature.params.into_iter().map(scalar).collect::<Vec<_>>().join(" "))
}

/// `module`, with what it takes to make it a component of `world`.
pub(super) fn describe(mut module: Vec<u8>, world: World) -> Result<Vec<u8>, Error> {
    let (resolve, package) = contract()?;
    let world = resolve.select_world(&[*package], Some(world.name())).map_err(Error::contract)?;
    embed_component_metadata(&mut module, resolve, world, StringEncoding::UTF8).map_err(Error::contract)?;
    Ok(module)
}

impl World {
    const fn name(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Learner => "learner",
        }
    }
}

fn contract() -> Result<&'static (Resolve, PackageId), Error> {
    CONTRACT.as_ref().map_err(|cause| Error::Contract(cause.clone()))
}

const fn scalar(kind: WasmType) -> &'static str {
    match kind {
        WasmType::I32 | WasmType::Pointer | WasmType::Length => "i32",
        WasmType::I64 | WasmType::PointerOrI64 => "i64",
        WasmType::F32 => "f32",
        WasmType::F64 => "f64",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operations_are_those_of_the_contract() {
        let known = CAPABILITIES.iter().filter(|known| is_native(known)).flat_map(|known| known.operations);
        let read: Vec<String> = operations().unwrap().iter().map(Operation::full_name).collect();
        assert!(known.map(ToString::to_string).all(|name| read.contains(&name)), "{read:?}");
    }

    #[test]
    fn every_operation_answers_in_a_place_that_it_is_given() {
        for operation in operations().unwrap() {
            assert_eq!(operation.parameters.last(), Some(&"i32"), "{}", operation.full_name());
        }
    }
}
