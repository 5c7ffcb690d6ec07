//! Makes components of what an ordinary C compiler makes.
//!
//! `componentize bind WIT WORLD FOLDER` writes the C bindings of a world: a header, a source and an object with its metadata.
//! `componentize wrap MODULE COMPONENT` makes a component of a core module that was linked with them; what it imports of WASI
//! preview 1, as the C library does, is translated to WASI 0.2.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME as ADAPTER, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER as REACTOR,
};
use wit_bindgen_core::Files;
use wit_component::ComponentEncoder;
use wit_parser::Resolve;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["bind", wit, world, folder] => bind(Path::new(wit), world, Path::new(folder)),
        ["wrap", module, component] => wrap(Path::new(module), Path::new(component)),
        _ => bail!("usage: componentize bind WIT WORLD FOLDER | componentize wrap MODULE COMPONENT"),
    }
}

fn bind(wit: &Path, world: &str, folder: &Path) -> Result<()> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(wit).with_context(|| format!("cannot read {}", wit.display()))?;
    let world = resolve.select_world(&[package], Some(world))?;
    let mut files = Files::default();
    wit_bindgen_c::Opts::default().build().generate(&mut resolve, world, &mut files)?;
    fs::create_dir_all(folder)?;
    for (name, contents) in files.iter() {
        fs::write(folder.join(name), contents)?;
    }
    Ok(())
}

fn wrap(module: &Path, component: &Path) -> Result<()> {
    let bytes = fs::read(module).with_context(|| format!("cannot read {}", module.display()))?;
    let bytes = ComponentEncoder::default().validate(true).module(&bytes)?.adapter(ADAPTER, REACTOR)?.encode()?;
    fs::write(component, bytes).with_context(|| format!("cannot write {}", component.display()))
}
