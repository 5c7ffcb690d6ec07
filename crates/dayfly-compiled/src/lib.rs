//! Compiled components, loaded only if a key vouches for them.
//!
//! ```text
//!  code, what it is --tag (HMAC-SHA-256, a key)--> 32 bytes beside the code
//!  code, what it is, tag --load: the same tag?--> Component
//! ```
//!
//! A compiled component is machine code. wasmtime maps it and runs it as it stands, outside of any
//! sandbox. Therefore loading one is `unsafe`: the bytes have to be what wasmtime made. This crate
//! has the one such call of Dayfly, behind the check that makes it sound.
//!
//! 1. Code is loaded only if its tag was made with the same key, for the same bytes, under the same
//!    description.
//! 2. The bytes that are checked are the bytes that are loaded. They are borrowed from the check to
//!    the load, and come from no file that is mapped.
//!
//! It does not show that the compiler was right, nor who had the key: whoever has the key can have
//! any code run. The caller decides who may have it.

use std::fmt;

use sha2::{Digest as _, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

/// Length of a tag, in bytes.
pub const TAG: usize = 32;

/// Length of a block of SHA-256, in bytes.
const BLOCK: usize = 64;

/// Key that vouches for code: 32 secret bytes.
#[derive(Clone)]
pub struct Key([u8; 32]);

/// Reason for not loading code.
#[derive(Debug)]
pub enum Refused {
    /// The key does not vouch for the code.
    Unknown,
    /// The engine does not take the code. Another engine made it, or it is for another machine, or
    /// it needs more than the engine allows.
    Unfit(wasmtime::Error),
}

impl Key {
    /// Returns the key with these bytes, which nobody can guess.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the key for one use, which follows from this one. Nobody can tell this key, or that
    /// of another use, from it.
    #[must_use]
    pub fn of(&self, name: &str) -> Self {
        Self(self.authenticate(&[b"use", name.as_bytes()]))
    }

    /// Returns the tag that vouches for `code` as what `description` says it is.
    pub fn tag(&self, description: &[u8], code: &[u8]) -> [u8; TAG] {
        let length = u64::try_from(description.len()).unwrap_or(u64::MAX);
        self.authenticate(&[b"tag", &length.to_le_bytes(), description, code])
    }

    /// `true` if `tag` was made with this key for `code`, under this description.
    pub fn vouches(&self, description: &[u8], tag: &[u8; TAG], code: &[u8]) -> bool {
        is_same(&self.tag(description, code), tag)
    }

    /// Returns the HMAC-SHA-256 (RFC 2104) of the parts, one after the other.
    fn authenticate(&self, parts: &[&[u8]]) -> [u8; TAG] {
        let pad = |with: u8| {
            let mut block = [with; BLOCK];
            for (place, byte) in block.iter_mut().zip(self.0) {
                *place ^= byte;
            }
            block
        };
        let mut inner = Sha256::new_with_prefix(pad(0x36));
        for part in parts {
            inner.update(part);
        }
        let outer = Sha256::new_with_prefix(pad(0x5c)).chain_update(inner.finalize());
        outer.finalize().into()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("the key does not vouch for it"),
            Self::Unfit(error) => write!(f, "{error:#}"),
        }
    }
}

impl std::error::Error for Refused {}

/// Loads the component whose compiled code is `code`, if `tag` was made with `key` for it under
/// this description.
///
/// # Errors
///
/// [`Refused`] with the reason. If the key does not vouch for the code, the code has only been
/// hashed by then.
#[expect(unsafe_code, reason = "the one place where compiled code is loaded, behind the check that makes it sound")]
pub fn load(
    engine: &Engine,
    key: &Key,
    description: &[u8],
    tag: &[u8; TAG],
    code: &[u8],
) -> Result<Component, Refused> {
    // INVARIANT 1
    if !key.vouches(description, tag, code) {
        return Err(Refused::Unknown);
    }
    // SAFETY: `deserialize` takes what `Component::serialize` gave. Only a holder of the key can
    // have made the tag, and the key is given only to those who serialize. So `code` is what they
    // had, byte for byte. It is borrowed, so that nobody changes it between the check and here, and
    // `deserialize` copies it. wasmtime itself refuses code of another version, machine or
    // configuration.
    let loaded = unsafe { Component::deserialize(engine, code) };
    loaded.map_err(Refused::Unfit)
}

/// `true` if two tags are the same. The time it takes does not depend on where they differ.
fn is_same(one: &[u8; TAG], other: &[u8; TAG]) -> bool {
    one.iter().zip(other).fold(0, |differing, (one, other)| differing | (one ^ other)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes
            .iter()
            .flat_map(|byte| [byte >> 4, byte & 15])
            .filter_map(|digit| char::from_digit(digit.into(), 16))
            .collect()
    }

    #[test]
    fn the_authentication_is_hmac_sha_256() {
        // RFC 4231, test cases 1 and 2; shorter keys are filled up with zeros.
        let key = |text: &[u8]| {
            let mut bytes = [0; 32];
            bytes[..text.len()].copy_from_slice(text);
            Key::new(bytes)
        };
        let first = key(&[0x0b; 20]).authenticate(&[b"Hi ", b"There"]);
        assert_eq!(hex(&first), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
        let second = key(b"Jefe").authenticate(&[b"what do ya want for nothing?"]);
        assert_eq!(hex(&second), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[test]
    fn only_the_same_code_under_the_same_description_with_the_same_key_is_loaded() {
        let engine = Engine::default();
        let code = Component::new(&engine, "(component)").unwrap().serialize().unwrap();
        let key = Key::new([7; 32]);
        let tag = key.tag(b"what it is", &code);
        let refused = |key: &Key, description: &[u8], tag: &[u8; TAG], code: &[u8]| {
            matches!(load(&engine, key, description, tag, code), Err(Refused::Unknown))
        };
        assert!(load(&engine, &key, b"what it is", &tag, &code).is_ok());
        assert!(refused(&Key::new([8; 32]), b"what it is", &tag, &code));
        assert!(refused(&key.of("another use"), b"what it is", &tag, &code));
        assert!(refused(&key, b"what it is not", &tag, &code));
        for at in 0..TAG {
            let mut tag = tag;
            tag[at] ^= 1;
            assert!(refused(&key, b"what it is", &tag, &code), "{at}");
        }
        for at in [0, code.len() / 2, code.len() - 1] {
            let mut code = code.clone();
            code[at] ^= 1;
            assert!(refused(&key, b"what it is", &tag, &code), "{at}");
        }
        // The tag also covers where the description ends and the code begins.
        assert_ne!(key.tag(b"ab", b"c"), key.tag(b"a", b"bc"));
        assert_ne!(key.of("a").0, key.of("b").0);
    }

    #[test]
    fn what_is_vouched_for_and_is_no_code_is_refused_by_the_engine() {
        let key = Key::new([7; 32]);
        let tag = key.tag(b"", b"no code");
        assert!(matches!(load(&Engine::default(), &key, b"", &tag, b"no code"), Err(Refused::Unfit(_))));
    }
}
