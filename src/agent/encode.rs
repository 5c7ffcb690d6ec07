//! Conversion of a user's file to the bytes of a component.

use std::borrow::Cow;

use wit_component::ComponentEncoder;

use super::bounds;
use super::metadata;
use super::{Error, Misread};

/// Returns the bytes of a component. Binary components stay as they are, text is assembled, and a
/// core module is wrapped.
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
            if !metadata::is_described(&binary).map_err(malformed)? {
                return Err(Error::CoreModule { name: name.to_owned(), is_text: !bytes.starts_with(MAGIC) });
            }
            let wrapped = wrap(name, &binary)?;
            bounded(name, &wrapped)?;
            Ok(Cow::Owned(wrapped))
        }
        Some(_) => Err(malformed("the version in its header is unknown".to_owned())),
        None => Err(malformed("the file ends before its header does".to_owned())),
    }
}

/// First bytes of a WebAssembly binary.
pub(super) const MAGIC: &[u8] = b"\0asm";

/// First bytes of other kinds of files that are taken for agents, each with a description.
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

/// Returns a description of a file that is known not to be WebAssembly.
pub(super) fn foreign(bytes: &[u8]) -> Option<&'static str> {
    FOREIGN.iter().find(|(begins, _)| bytes.starts_with(begins)).map(|(_, what)| *what)
}

/// Returns `true` if a file begins as the text of a component does: with a parenthesis, or with a
/// comment.
fn is_text(bytes: &[u8]) -> bool {
    let text = bytes.trim_ascii_start();
    text.starts_with(b"(") || text.starts_with(b";;")
}

/// Returns the first line, shortened for messages.
fn beginning(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes.get(..MOST_SHOWN).unwrap_or(bytes));
    text.trim_start().lines().next().unwrap_or_default().trim_end().to_owned()
}

/// Maximum number of bytes quoted from a file that is not WebAssembly.
const MOST_SHOWN: usize = 40;

fn bounded(name: &str, binary: &[u8]) -> Result<(), Error> {
    bounds::check(binary).map_err(|fault| fault.about(name))
}

/// Makes a component around a core module that describes its world.
fn wrap(name: &str, module: &[u8]) -> Result<Vec<u8>, Error> {
    ComponentEncoder::default()
        .module(module)
        .and_then(|encoder| encoder.validate(true).encode())
        .map_err(|error| Error::Malformed { name: name.to_owned(), cause: format!("{error:#}") })
}
