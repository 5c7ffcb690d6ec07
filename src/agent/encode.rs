//! What a user has to the bytes of a component.

use std::borrow::Cow;

use wit_component::ComponentEncoder;

use super::Error;
use super::bounds::{self, Fault};
use super::metadata;

/// The bytes of a component: `bytes` as they are, or text assembled, or a core module wrapped.
pub(super) fn component<'a>(name: &str, bytes: &'a [u8]) -> Result<Cow<'a, [u8]>, Error> {
    let malformed = |cause: String| Error::Malformed { name: name.to_owned(), cause };
    let binary = wat::parse_bytes(bytes).map_err(|error| malformed(error.to_string()))?;
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
