//! What attempts are made on.

use std::ffi::CString;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// Folders and processes that attempts are made on.
#[derive(Debug)]
pub struct Place {
    /// The process that has started this one.
    pub(crate) supervisor: usize,
    /// This process.
    pub(crate) own: usize,
    /// A file in the scratch folder.
    pub(crate) kept: CString,
    /// A second name of it, which it does not have.
    pub(crate) second: CString,
    /// Files outside, each with a letter in it.
    pub(crate) secret: CString,
    pub(crate) doomed: CString,
    /// A link outside, which leads to the first of them.
    pub(crate) link: CString,
    /// Folders outside: the first, and one in it that has nothing in it.
    pub(crate) outside: CString,
    pub(crate) empty: CString,
    /// Names outside that nothing has.
    pub(crate) new: [CString; 5],
    /// A file in `/proc` of the supervisor.
    pub(crate) of_supervisor: [CString; 3],
}

impl Place {
    /// In a folder for workspaces, which may be used, and one outside, which may not: both are there, and hold nothing yet.
    ///
    /// # Errors
    ///
    /// What cannot be made.
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
