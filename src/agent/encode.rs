//! What a user has to the bytes of a component.

use std::borrow::Cow;

use wit_component::ComponentEncoder;

use super::bounds::{self, Fault};
use super::metadata;
use super::{Error, Misread};

/// The bytes of a component: `bytes` as they are, or text assembled, or a core module wrapped.
pub(super) fn component<'a>(name: &str, bytes: &'a [u8]) -> Result<Cow<'a, [u8]>, Error> {
    let malformed = |cause: String| Error::Malformed { name: name.to_owned(), cause };
    if bytes.is_empty() {
        return Err(Error::Empty { name: name.to_owned() });
    }
    if let Some(what) = foreign(bytes) {
        return Err(Error::Foreign { name: name.to_owned(), what });
    }
    if !bytes.starts_with(MAGIC) && !is_text(bytes) {
        return Err(Error::NoWebAssembly { name: name.to_owned(), begins: beginning(bytes) });
    }
    let binary =
        wat::parse_bytes(bytes).map_err(|cause| Error::Text { name: name.to_owned(), cause: Misread(cause) })?;
    match binary.get(4..8) {
        Some([_, _, 1, 0]) => {
            bounded(name, &binary)?;
            Ok(binary)
        }
        Some([1, 0, 0, 0]) => {
            bounded(name, &binary)?;
            let wrapped = wrap(name, &binary)?;
            bounded(name, &wrapped)?;
            Ok(Cow::Owned(wrapped))
        }
        Some(_) => Err(malformed("the version in its header is unknown".to_owned())),
        None => Err(malformed("the file ends before its header does".to_owned())),
    }
}

/// What a binary begins with.
pub(super) const MAGIC: &[u8] = b"\0asm";

/// What other kinds of files begin with that are taken for agents.
const FOREIGN: [(&[u8], &str); 10] = [
    (b"\x7fELF", "an ELF executable"),
    (b"MZ", "a Windows executable"),
    (b"\xcf\xfa\xed\xfe", "a Mach-O executable"),
    (b"\xca\xfe\xba\xbe", "a Mach-O executable, or Java bytecode"),
    (b"!<arch>", "an archive of object files"),
    (b"#!", "a script"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"import ", "a source file"),
    (b"version https://git-lfs", "a pointer of Git LFS"),
];

/// What a file is that is known not to be WebAssembly.
pub(super) fn foreign(bytes: &[u8]) -> Option<&'static str> {
    FOREIGN.iter().find(|(begins, _)| bytes.starts_with(begins)).map(|(_, what)| *what)
}

/// Whether it begins as the text of a component does: with a parenthesis, or with a comment.
fn is_text(bytes: &[u8]) -> bool {
    let text = bytes.trim_ascii_start();
    text.starts_with(b"(") || text.starts_with(b";;")
}

/// The first line, as far as people read it.
fn beginning(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes.get(..MOST_SHOWN).unwrap_or(bytes));
    text.trim_start().lines().next().unwrap_or_default().trim_end().to_owned()
}

/// The bytes that are quoted of a file that is no WebAssembly.
const MOST_SHOWN: usize = 40;

fn bounded(name: &str, binary: &[u8]) -> Result<(), Error> {
    bounds::check(binary).map_err(|fault| match fault {
        Fault::Excess(excess) => Error::Excess { name: name.to_owned(), excess },
        Fault::Malformed(error) => Error::Malformed { name: name.to_owned(), cause: error.to_string() },
    })
}

/// A component around a core module that says which world it implements.
fn wrap(name: &str, module: &[u8]) -> Result<Vec<u8>, Error> {
    let malformed = |cause: String| Error::Malformed { name: name.to_owned(), cause };
    if !metadata::is_described(module).map_err(malformed)? {
        return Err(Error::CoreModule { name: name.to_owned() });
    }
    ComponentEncoder::default()
        .module(module)
        .and_then(|encoder| encoder.validate(true).encode())
        .map_err(|error| malformed(format!("{error:#}")))
}
