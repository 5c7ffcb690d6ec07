//! Writes the manifest of the built agents: what each component is, what it imports and exports, and its digest.
//!
//! `manifest FOLDER` runs in `agents/`, reads the components below FOLDER, one for each source, and prints TOML.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use wasmparser::{Parser, Payload};

/// A folder of sources, with a component beside each.
struct Folder {
    name: &'static str,
    /// The table that its components are entries of: `agent` for those that the program has inside.
    table: &'static str,
    /// The kind of agent that lies in it.
    kind: &'static str,
    /// How the name of a source ends, and how its first line begins, which says what it is.
    source: (&'static str, &'static str),
}

const RUST: (&str, &str) = (".rs", "//! ");

const FOLDERS: [Folder; 5] = [
    Folder { name: "honest", table: "agent", kind: "honest", source: RUST },
    Folder { name: "controls", table: "agent", kind: "control", source: RUST },
    Folder { name: "hostile", table: "agent", kind: "hostile", source: RUST },
    Folder { name: "learners", table: "agent", kind: "learner", source: RUST },
    Folder { name: "c", table: "example", kind: "honest", source: (".c", "// ") },
];

fn main() -> Result<()> {
    let root = std::env::args_os().nth(1).map(PathBuf::from).context("usage: manifest FOLDER")?;
    println!("# The components beside their sources. Written by agents/build.");
    for folder in &FOLDERS {
        for name in names(folder)? {
            print!("{}", entry(&root, folder, &name).with_context(|| format!("{}/{name}", folder.name))?);
        }
    }
    Ok(())
}

/// The names of the sources in a folder, in order.
fn names(folder: &Folder) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for file in fs::read_dir(folder.name).context(folder.name)? {
        let file = file?.file_name().into_string().ok().context("a name that is not text")?;
        names.extend(file.strip_suffix(folder.source.0).map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a tool of the build: it reads what was built, and nothing runs it in an episode"
)]
fn entry(root: &Path, folder: &Folder, name: &str) -> Result<String> {
    let Folder { name: place, table, kind, source: (ending, comment) } = folder;
    let file = format!("{place}/{name}.wasm");
    let component = fs::read(root.join(&file)).context("there is no component")?;
    let source = fs::read_to_string(format!("{place}/{name}{ending}"))?;
    let summary = summary(&source, comment)?;
    let sha256: String = Sha256::digest(&component).iter().map(|byte| format!("{byte:02x}")).collect();
    let (imports, exports) = surface(&component)?;
    let bytes = component.len();
    Ok(format!(
        "\n[[{table}]]\nname = \"{name}\"\nkind = \"{kind}\"\nsummary = \"{summary}\"\nfile = \"{file}\"\n\
         sha256 = \"{sha256}\"\nbytes = {bytes}\nimports = [{imports}]\nexports = [{exports}]\n"
    ))
}

/// The first line of the documentation.
fn summary<'s>(source: &'s str, comment: &str) -> Result<&'s str> {
    let line = source.lines().next().and_then(|line| line.strip_prefix(comment)).context("no line of documentation")?;
    if line.contains(['"', '\\']) {
        bail!("the first line of the documentation has a `\"` or a `\\`");
    }
    Ok(line)
}

/// What a component imports and exports, as entries of TOML lists, in order of the names.
fn surface(component: &[u8]) -> Result<(String, String)> {
    let (mut imports, mut exports, mut depth) = (Vec::new(), Vec::new(), 0);
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 1 => {
                for import in section {
                    imports.push(import?.name.name);
                }
            }
            Payload::ComponentExportSection(section) if depth == 1 => {
                for export in section {
                    exports.push(export?.name.name);
                }
            }
            _ => {}
        }
    }
    Ok((list(imports), list(exports)))
}

fn list(mut names: Vec<&str>) -> String {
    names.sort_unstable();
    names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}
