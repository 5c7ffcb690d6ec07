//! Nearest suite, in this folder or above.

use std::path::PathBuf;

use super::failure::Failure;

/// Name of a suite file that is found without being named.
pub(super) const SUITE: &str = "suite.toml";

/// Returns the suite in this folder, or in the nearest one above that has one. The path is relative
/// to this folder.
pub(super) fn suite() -> Result<Option<PathBuf>, Failure> {
    let here = std::env::current_dir().map_err(|error| Failure::host(&error))?;
    let up = here.ancestors().position(|folder| folder.join(SUITE).is_file());
    Ok(up.map(|up| std::iter::repeat_n("..", up).chain([SUITE]).collect()))
}
