//! Targets of the attempts.

use std::ffi::CString;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// Folders, files and processes that attempts are made on.
#[derive(Debug)]
pub struct Place {
    /// Process that has started this one.
    pub(crate) supervisor: usize,
    /// This process.
    pub(crate) own: usize,
    /// File in the scratch folder.
    pub(crate) kept: CString,
    /// Second name for that file, which does not exist.
    pub(crate) second: CString,
    /// Files outside, each with one letter in it.
    pub(crate) secret: CString,
    pub(crate) doomed: CString,
    /// Link outside, which leads to the first of those files.
    pub(crate) link: CString,
    /// Folder outside, and an empty folder in it.
    pub(crate) outside: CString,
    pub(crate) empty: CString,
    /// Names outside that do not exist.
    pub(crate) new: [CString; 5],
    /// Files in `/proc` about the supervisor.
    pub(crate) of_supervisor: [CString; 3],
}

impl Place {
    /// Makes the targets in a folder for workspaces, which may be used, and in one outside, which
    /// may not. Both folders exist, and are empty.
    ///
    /// # Errors
    ///
    /// The error of the system, if a target cannot be made.
    pub fn new(scratch: &Path, outside: &Path) -> io::Result<Self> {
        let text = |path: &Path| CString::new(path.as_os_str().as_bytes()).map_err(io::Error::other);
        for file in [scratch.join("kept"), outside.join("secret"), outside.join("doomed")] {
            File::create(file)?.write_all(b"x")?;
        }
        std::fs::create_dir(outside.join("empty"))?;
        std::os::unix::fs::symlink(outside.join("secret"), outside.join("link"))?;
        let supervisor = std::os::unix::process::parent_id();
        let about = |name: &str| text(Path::new(&format!("/proc/{supervisor}/{name}")));
        let name = |name: &str| text(&outside.join(name));
        Ok(Self {
            supervisor: usize::try_from(supervisor).unwrap_or(0),
            own: usize::try_from(std::process::id()).unwrap_or(0),
            kept: text(&scratch.join("kept"))?,
            second: text(&scratch.join("second"))?,
            secret: name("secret")?,
            doomed: name("doomed")?,
            link: name("link")?,
            outside: text(outside)?,
            empty: name("empty")?,
            new: [name("new0")?, name("new1")?, name("new2")?, name("new3")?, name("new4")?],
            of_supervisor: [about("maps")?, about("environ")?, about("status")?],
        })
    }
}
