//! Keys, in the text forms of signed notes.
//!
//! ```text
//!  release.key   PRIVATE+KEY+<name>+<key ID>+base64(0x01 || seed)        of which nobody may know
//!  release.pub   <name>+<key ID>+base64(0x01 || public key)
//!
//!  key ID = the first four bytes of SHA-256(name || 0x0a || 0x01 || public key), in hexadecimal digits
//! ```

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE64, HEXLOWER};
use ed25519_compact::{KeyPair, PublicKey, Seed, Signature};

use super::super::Head;
use super::note;
use super::texts::SignedHead;
use crate::value::{Digest, Hasher};

/// Byte that stands for Ed25519.
const ED25519: u8 = 1;
const SECRET: &str = "PRIVATE+KEY+";

/// Key that signs. Only the process that records a run has one.
#[derive(Clone)]
pub struct SigningKey {
    pair: KeyPair,
    verifying: VerifyingKey,
}

/// Key that signatures are checked with.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifyingKey {
    name: String,
    id: KeyId,
    public: PublicKey,
}

/// First bytes of the digest of a key and its name.
pub(super) type KeyId = [u8; 4];

/// Error returned when a text is no key. It quotes nothing of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The text has another form.
    #[error("it is not a key")]
    Form,
    /// The text is a signing key, and one to check with is asked for.
    #[error("it is a signing key, which nobody else may see")]
    Signing,
    /// The text is a key to check with, and a signing key is asked for.
    #[error("it is the public half of a key, which signs nothing")]
    Verifying,
    /// The key is of another kind than Ed25519.
    #[error("it is not a key of Ed25519")]
    Kind,
    /// The digits of the key ID are not those of the name and the key.
    #[error("its name and its key do not belong together: it was edited, or a part of it is missing")]
    Id,
    /// The name cannot be that of a key.
    #[error("the name of a key has 1 to 200 bytes, and no space, `+` or control character")]
    Name,
    /// The public key is no point that a key can have.
    #[error("its public half is none that a key can have")]
    Point,
}

impl KeyError {
    /// Returns the remedy.
    pub const fn help(self) -> &'static str {
        match self {
            Self::Form | Self::Kind | Self::Id | Self::Point => {
                "take the file from a copy, or make a key with `dayfly key new`"
            }
            Self::Signing => "give the file that ends in `.pub` beside it",
            Self::Verifying => "give the file that `dayfly key new` was asked for, not the one that ends in `.pub`",
            Self::Name => "name it like an address, such as `example.com/release`",
        }
    }
}

impl SigningKey {
    /// Returns the key with this name that follows from 32 bytes, which nobody may guess.
    ///
    /// # Errors
    ///
    /// Returns [`KeyError::Name`] where a key cannot have that name.
    pub fn from_seed(name: &str, seed: [u8; 32]) -> Result<Self, KeyError> {
        let pair = KeyPair::from_seed(Seed::new(seed));
        Ok(Self { verifying: VerifyingKey::new(name, pair.pk)?, pair })
    }

    /// Returns the text of the key, for its file alone.
    pub fn secret(&self) -> String {
        let seed: &[u8] = &*self.pair.sk.seed();
        let VerifyingKey { name, id, .. } = &self.verifying;
        format!("{SECRET}{name}+{}+{}", HEXLOWER.encode(id), BASE64.encode(&[&[ED25519], seed].concat()))
    }

    /// Returns the key that its signatures are checked with.
    pub const fn verifying(&self) -> &VerifyingKey {
        &self.verifying
    }

    /// Returns the signed checkpoint of a run, of which `manifest` is the digest: the text of `checkpoint.note`.
    pub fn checkpoint(&self, manifest: Digest, head: Head) -> String {
        let Head { size, root, .. } = head;
        self.signed(&SignedHead { name: self.verifying.name.clone(), run: manifest, size, root }.text())
    }

    /// Returns a note with this text, which ends with a newline.
    pub(super) fn signed(&self, text: &str) -> String {
        let VerifyingKey { name, id, .. } = &self.verifying;
        note::write(text, name, *id, &*self.pair.sk.sign(text.as_bytes(), None))
    }
}

impl FromStr for SigningKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let Some(rest) = text.strip_prefix(SECRET) else {
            return Err(if text.parse::<VerifyingKey>().is_ok() { KeyError::Verifying } else { KeyError::Form });
        };
        let (name, id, seed) = parts(rest)?;
        let key = Self::from_seed(name, seed)?;
        if key.verifying.id == id { Ok(key) } else { Err(KeyError::Id) }
    }
}

impl fmt::Debug for SigningKey {
    // INVARIANT 4
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("name", &self.verifying.name).finish_non_exhaustive()
    }
}

impl VerifyingKey {
    /// Maximum number of bytes of a name.
    const LONGEST_NAME: usize = 200;

    fn new(name: &str, public: PublicKey) -> Result<Self, KeyError> {
        if !is_name(name) || name.len() > Self::LONGEST_NAME {
            return Err(KeyError::Name);
        }
        public.validate().map_err(|_| KeyError::Point)?;
        let mut hasher = Hasher::default();
        for part in [name.as_bytes(), b"\n", &[ED25519], &*public] {
            hasher.update(part);
        }
        let [one, two, three, four, ..] = *hasher.finish().as_bytes();
        Ok(Self { name: name.to_owned(), id: [one, two, three, four], public })
    }

    /// Returns the name of the key.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) const fn id(&self) -> KeyId {
        self.id
    }

    /// Returns `true` if `signature` is one of this key, of this text.
    pub(super) fn has_signed(&self, text: &str, signature: &[u8]) -> bool {
        Signature::from_slice(signature).is_ok_and(|signature| self.public.verify(text, &signature).is_ok())
    }
}

/// Returns `true` if a signature line can have this name.
pub(super) fn is_name(name: &str) -> bool {
    let is_barred = |letter: char| letter.is_whitespace() || letter.is_control() || letter == '+';
    !name.is_empty() && !name.contains(is_barred)
}

/// Returns the name, the key ID and the 32 bytes of a key.
fn parts(text: &str) -> Result<(&str, KeyId, [u8; 32]), KeyError> {
    let (name, rest) = text.split_once('+').ok_or(KeyError::Form)?;
    let (id, bytes) = rest.split_once('+').ok_or(KeyError::Form)?;
    let id = HEXLOWER.decode(id.as_bytes()).map_err(|_| KeyError::Form)?;
    let id = KeyId::try_from(id).map_err(|_| KeyError::Form)?;
    let bytes = BASE64.decode(bytes.as_bytes()).map_err(|_| KeyError::Form)?;
    let (kind, bytes) = bytes.split_first().ok_or(KeyError::Form)?;
    if *kind != ED25519 {
        return Err(KeyError::Kind);
    }
    Ok((name, id, bytes.try_into().map_err(|_| KeyError::Form)?))
}

impl FromStr for VerifyingKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        if text.starts_with(SECRET) {
            return Err(KeyError::Signing);
        }
        let (name, id, public) = parts(text)?;
        let key = Self::new(name, PublicKey::new(public))?;
        if key.id == id { Ok(key) } else { Err(KeyError::Id) }
    }
}

impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&[ED25519][..], &*self.public].concat();
        write!(f, "{}+{}+{}", self.name, HEXLOWER.encode(&self.id), BASE64.encode(&bytes))
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> SigningKey {
        SigningKey::from_seed("example.com/release", [byte; 32]).unwrap()
    }

    /// Checks the first vector of RFC 8032, section 7.1, as a key.
    #[test]
    fn a_key_is_that_of_rfc_8032() {
        let seed = HEXLOWER.decode(b"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60").unwrap();
        let key = SigningKey::from_seed("rfc", seed.try_into().unwrap()).unwrap();
        let public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
        assert_eq!(HEXLOWER.encode(&*key.verifying.public), public);
        let signature = "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b";
        let signature = HEXLOWER.decode(signature.as_bytes()).unwrap();
        assert!(key.verifying.has_signed("", &signature) && !key.verifying.has_signed("x", &signature));
    }

    /// Checks the example of the specification of signed notes.
    #[test]
    fn a_key_of_the_specification_is_read() {
        let text = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
        let key: VerifyingKey = text.parse().unwrap();
        assert_eq!((key.name(), key.to_string()), ("example.com/foo", text.to_owned()));
        let note = "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
        let note = note::Note::parse(note.as_bytes()).unwrap();
        assert_eq!(note.signed_by(&key), note::SignatureState::Good);
    }

    #[test]
    fn a_key_is_read_as_it_was_written() {
        let key = key(7);
        let again: SigningKey = key.secret().parse().unwrap();
        assert_eq!(again.secret(), key.secret());
        assert_eq!(again.verifying, key.verifying);
        assert_eq!(key.verifying.to_string().parse(), Ok(key.verifying.clone()));
    }

    #[test]
    fn what_is_no_key_is_told_why() {
        let key = key(7);
        let (secret, public) = (key.secret(), key.verifying.to_string());
        let signing = |text: &str| text.parse::<SigningKey>().map(drop).unwrap_err();
        let verifying = |text: &str| text.parse::<VerifyingKey>().map(drop).unwrap_err();
        assert_eq!(signing(&public), KeyError::Verifying);
        assert_eq!(verifying(&secret), KeyError::Signing);
        for text in ["", "release", "a+b", "a+00000000+", "PRIVATE+KEY+", &public[..public.len() - 4]] {
            assert_eq!(verifying(text), if text.starts_with(SECRET) { KeyError::Signing } else { KeyError::Form });
            assert_eq!(signing(text), KeyError::Form);
        }
        assert_eq!(verifying(&public.replace("release", "relaese")), KeyError::Id);
        assert_eq!(signing(&secret.replace("release", "relaese")), KeyError::Id);
        let cosigner = format!("a+00000000+{}", BASE64.encode(&[4; 33]));
        assert_eq!(verifying(&cosigner), KeyError::Kind);
        let zero = format!("a+00000000+{}", BASE64.encode(&[&[1][..], &[0; 32]].concat()));
        assert_eq!(verifying(&zero), KeyError::Point);
        for name in ["", "a b", "a+b", "a\nb", "a\u{2003}b", &"x".repeat(201)] {
            assert_eq!(SigningKey::from_seed(name, [1; 32]).map(drop), Err(KeyError::Name), "{name}");
        }
    }

    #[test]
    fn a_signing_key_shows_its_name_alone() {
        let key = key(7);
        assert_eq!(format!("{key:?}"), "SigningKey { name: \"example.com/release\", .. }");
    }
}
