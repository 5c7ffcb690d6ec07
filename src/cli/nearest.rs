//! The suite that lies nearest.

use std::path::PathBuf;

use super::failure::Failure;

/// The name of a suite that is found by itself.
pub(super) const SUITE: &str = "suite.toml";

/// The suite in this folder, or in the nearest one above that has one; its path is relative to this folder.
pub(super) fn suite() -> Result<Option<PathBuf>, Failure> {
    let here = std::env::current_dir().map_err(|error| Failure::host(&error))?;
    let up = here.ancestors().position(|folder| folder.join(SUITE).is_file());
    Ok(up.map(|up| std::iter::repeat_n("..", up).chain([SUITE]).collect()))
}
