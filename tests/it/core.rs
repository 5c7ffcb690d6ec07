//! Core modules as agents: a few lines of text, wrapped with the contract's own metadata.

use std::path::Path;

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{PackageId, Resolve};

/// The package in `wit/`.
pub(crate) fn contract() -> (Resolve, PackageId) {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("wit")).unwrap();
    (resolve, package)
}

/// The core module that this text makes, with the metadata of the world that its exports fit.
pub(crate) fn module(text: &str) -> Vec<u8> {
    let world = if text.contains("#learn") { "learner" } else { "agent" };
    let mut module = wat::parse_str(text).unwrap();
    let (resolve, package) = contract();
    let world = resolve.select_world(&[package], Some(world)).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    module
}

/// The component that this text makes.
pub(crate) fn component(text: &str) -> Vec<u8> {
    ComponentEncoder::default().module(&module(text)).unwrap().encode().unwrap()
}
