//! `dayfly wit`: the contract with agents, as the program contains it.

use std::path::{Path, PathBuf};

use clap::Args;

use super::failure::Failure;
use super::{Exit, find, say};
use crate::capability::{CAPABILITIES, PACKAGE, VERSION};
use crate::value::plain_path;

/// Worlds and shared types, by their paths in `wit/`.
const SHARED: [(&str, &str); 2] =
    [("agent.wit", include_str!("../../wit/agent.wit")), ("types.wit", include_str!("../../wit/types.wit"))];

/// Files of WASI, by their paths in `wit/`.
const WASI: &[(&str, &str)] = &[
    ("wasi/world.wit", include_str!("../../wit/wasi/world.wit")),
    ("wasi/deps/LICENSE", include_str!("../../wit/wasi/deps/LICENSE")),
    ("wasi/deps/cli.wit", include_str!("../../wit/wasi/deps/cli.wit")),
    ("wasi/deps/clocks.wit", include_str!("../../wit/wasi/deps/clocks.wit")),
    ("wasi/deps/filesystem.wit", include_str!("../../wit/wasi/deps/filesystem.wit")),
    ("wasi/deps/io.wit", include_str!("../../wit/wasi/deps/io.wit")),
    ("wasi/deps/random.wit", include_str!("../../wit/wasi/deps/random.wit")),
    ("wasi/deps/sockets.wit", include_str!("../../wit/wasi/deps/sockets.wit")),
];

/// Returns every file of the contract: one interface for each capability.
fn files() -> Vec<(String, &'static str)> {
    let own = CAPABILITIES.iter().filter(|capability| capability.name != "wasi");
    let interfaces = own.map(|capability| (format!("{}.wit", capability.name), capability.contract));
    let named = |(path, text): &(&str, &'static str)| ((*path).to_owned(), *text);
    SHARED.iter().map(named).chain(interfaces).chain(WASI.iter().map(named)).collect()
}

/// Print the contract with agents, or write it to a folder.
#[derive(Debug, Args)]
pub(super) struct WitArgs {
    /// Write the files of the contract to this folder, such as `wit`. None of the files may exist.
    #[arg(long, short, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

impl WitArgs {
    pub(super) fn execute(&self) -> Result<Exit, Failure> {
        match &self.out {
            Some(folder) => write(folder)?,
            None => print(),
        }
        Ok(Exit::Held)
    }
}

/// Prints the package without WASI, which runtimes import and which has its own place.
fn print() {
    say!("// {PACKAGE}@{VERSION}, file by file; `dayfly wit --out wit` writes them, and WASI with them, to a folder.");
    for (path, text) in files().iter().filter(|(path, _)| !path.starts_with("wasi/")) {
        say!("\n// wit/{path}\n\n{}", text.trim_end());
    }
}

fn write(folder: &Path) -> Result<(), Failure> {
    let places: Vec<(PathBuf, &str)> = files().into_iter().map(|(path, text)| (folder.join(path), text)).collect();
    if let Some((path, _)) = places.iter().find(|(path, _)| path.exists()) {
        let message = format!("`{}` exists, and nothing was written", path.display());
        return Err(Failure::input(message, "move it away, or name another folder"));
    }
    for (path, text) in &places {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(|error| find::unwritten("folder", parent, &error))?;
        }
        find::write_text("contract", path, text)?;
    }
    say!("wrote {PACKAGE}@{VERSION} to {}", plain_path(folder));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_contract_comes_with_the_program_and_nothing_else() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("wit");
        let mut folders = vec![root.clone()];
        let (files, mut found) = (files(), 0);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                assert!(files.iter().any(|(file, _)| *file == name), "{name}");
                found += 1;
            }
        }
        assert_eq!(found, files.len());
    }
}
