//! Core modules as agents: a few lines of text, wrapped with the contract's own metadata.

use std::path::Path;
use std::sync::LazyLock;

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{PackageId, Resolve};

/// Returns the package in `wit/`.
pub(crate) fn contract() -> (Resolve, PackageId) {
    static CONTRACT: LazyLock<(Resolve, PackageId)> = LazyLock::new(|| {
        let mut resolve = Resolve::default();
        let (package, _) = resolve.push_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("wit")).unwrap();
        (resolve, package)
    });
    CONTRACT.clone()
}

/// Returns the package in `wit/wasi/`, beside that in `wit/`.
pub(crate) fn wasi() -> (Resolve, PackageId) {
    static WASI: LazyLock<(Resolve, PackageId)> = LazyLock::new(|| {
        let (mut resolve, _) = contract();
        let (package, _) = resolve.push_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("wit/wasi")).unwrap();
        (resolve, package)
    });
    WASI.clone()
}

/// Returns worlds that import what both packages have.
fn contract_and_wasi() -> (Resolve, PackageId) {
    static BOTH: LazyLock<(Resolve, PackageId)> = LazyLock::new(|| {
        let (mut resolve, _) = wasi();
        let world = |name: &str| {
            format!("world {name} {{ include dayfly:agent/{name}@0.1.0; include dayfly:wasi/runtime@0.1.0; }}")
        };
        let both = format!("package test:both; {} {}", world("agent"), world("learner"));
        let package = resolve.push_str("both.wit", &both).unwrap();
        (resolve, package)
    });
    BOTH.clone()
}

/// Returns the core module that this text makes, with the metadata of the world that its exports
/// fit.
pub(crate) fn module(text: &str) -> Vec<u8> {
    let world = if text.contains("#learn") { "learner" } else { "agent" };
    let mut module = wat::parse_str(text).unwrap();
    let (resolve, package) = if text.contains("\"wasi:") { contract_and_wasi() } else { contract() };
    let world = resolve.select_world(&[package], Some(world)).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    module
}

/// Returns the component that this text makes.
pub(crate) fn component(text: &str) -> Vec<u8> {
    ComponentEncoder::default().module(&module(text)).unwrap().encode().unwrap()
}
