//! Signed notes: a text, an empty line, and a line for each signature.

use data_encoding::BASE64;

use super::key::{KeyId, VerifyingKey, is_name};

/// Em dash and space, with which a signature line begins.
const DASH: &str = "\u{2014} ";

/// Note that was read. Its signatures are checked by [`Note::signed_by`].
pub(super) struct Note<'n> {
    /// Text, with its last newline.
    pub(super) text: &'n str,
    signatures: Vec<NoteSignature<'n>>,
}

#[derive(PartialEq)]
struct NoteSignature<'n> {
    name: &'n str,
    id: KeyId,
    bytes: Vec<u8>,
}

/// Reason for which bytes are no note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// The end is missing.
    Cut,
    /// The form is another one.
    Form,
}

/// State of the signature of a key under a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SignatureState {
    /// The key signed this text.
    Good,
    /// There is a signature with the name and ID of the key, and it is not of this text.
    Bad,
    /// There is no signature of the key.
    None,
}

/// Maximum number of bytes of a note, and of signatures under it.
pub(super) const LONGEST_NOTE: usize = 1 << 20;
const MOST_SIGNATURES: usize = 100;

/// Returns a note with one signature.
pub(super) fn write(text: &str, name: &str, id: KeyId, signature: &[u8]) -> String {
    let bytes = [&id, signature].concat();
    format!("{text}\n{DASH}{name} {}\n", BASE64.encode(&bytes))
}

impl<'n> Note<'n> {
    /// Reads a note. Everything that [`write`] would write otherwise is refused, and so is a signature that is there twice.
    pub(super) fn parse(bytes: &'n [u8]) -> Result<Self, Unreadable> {
        Self::read(bytes).ok_or_else(|| if is_cut(bytes) { Unreadable::Cut } else { Unreadable::Form })
    }

    fn read(bytes: &'n [u8]) -> Option<Self> {
        let note = std::str::from_utf8(bytes).ok().filter(|_| bytes.len() <= LONGEST_NOTE)?;
        if note.contains(|letter: char| letter < ' ' && letter != '\n') {
            return None;
        }
        let (text, signatures) = note.rsplit_once("\n\n")?;
        let text = note.get(..=text.len())?;
        let signatures: Vec<_> =
            signatures.strip_suffix('\n')?.split('\n').map(NoteSignature::read).collect::<Option<_>>()?;
        let is_once = |(at, one)| signatures.iter().take(at).all(|before| before != one);
        let admitted = signatures.len() <= MOST_SIGNATURES && signatures.iter().enumerate().all(is_once);
        admitted.then_some(Self { text, signatures })
    }

    /// Returns the state of the signature of `key`. Other signatures are ignored.
    pub(super) fn signed_by(&self, key: &VerifyingKey) -> SignatureState {
        let mut state = SignatureState::None;
        for one in self.signatures.iter().filter(|one| one.name == key.name() && one.id == key.id()) {
            if !key.has_signed(self.text, &one.bytes) {
                return SignatureState::Bad;
            }
            state = SignatureState::Good;
        }
        state
    }

    /// Returns the names of the keys that are said to have signed.
    pub(super) fn names(&self) -> Vec<String> {
        self.signatures.iter().map(|one| one.name.to_owned()).collect()
    }
}

impl<'n> NoteSignature<'n> {
    fn read(line: &'n str) -> Option<Self> {
        let (name, bytes) = line.strip_prefix(DASH)?.split_once(' ')?;
        let bytes = BASE64.decode(bytes.as_bytes()).ok()?;
        let (id, bytes) = bytes.split_first_chunk()?;
        (is_name(name) && !bytes.is_empty()).then(|| Self { name, id: *id, bytes: bytes.to_vec() })
    }
}

/// Returns `true` if bytes are the beginning of a note of ours: what is there is well formed, and no signature ends it.
fn is_cut(bytes: &[u8]) -> bool {
    // An em dash may be cut within.
    let whole = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let rest = bytes.get(whole.len()..).unwrap_or_default();
    if !DASH.as_bytes().starts_with(rest) || whole.contains(|letter: char| letter < ' ' && letter != '\n') {
        return false;
    }
    let mut lines = whole.split('\n');
    // The last line has no newline; where the file ends with one, it is empty.
    let last = lines.next_back().unwrap_or_default();
    let lines: Vec<&str> = lines.collect();
    let ends = |line: &str| line.split_once('=').is_none_or(|(_, rest)| rest.is_empty() || rest == "=");
    let is_text = lines.iter().position(|line| line.is_empty()).is_none_or(|empty| empty + 1 == lines.len());
    is_text && lines.len() <= 5 && !lines.iter().any(|line| line.contains('\u{2014}')) && ends(last)
}

#[cfg(test)]
mod tests {
    use super::super::SigningKey;
    use super::*;

    fn key() -> SigningKey {
        SigningKey::from_seed("example.com/release", [7; 32]).unwrap()
    }

    const TEXT: &str = "a run\n4\nroot=\n";

    #[test]
    fn a_note_is_read_as_it_was_signed() {
        let (key, other) = (key(), SigningKey::from_seed("example.com/release", [8; 32]).unwrap());
        let note = key.signed(TEXT);
        let read = Note::parse(note.as_bytes()).unwrap();
        assert_eq!((read.text, read.names()), (TEXT, vec!["example.com/release".to_owned()]));
        assert_eq!(read.signed_by(key.verifying()), SignatureState::Good);
        assert_eq!(read.signed_by(other.verifying()), SignatureState::None);
        assert_eq!(note, key.signed(TEXT), "the same key and text, the same bytes");
    }

    #[test]
    fn a_note_may_have_other_signatures_and_one_that_is_bad_spoils_it() {
        let (key, other) = (key(), SigningKey::from_seed("other", [8; 32]).unwrap());
        let (note, second) = (key.signed(TEXT), other.signed(TEXT));
        let both = format!("{note}{}", second.rsplit_once("\n\n").unwrap().1);
        let read = Note::parse(both.as_bytes()).unwrap();
        for key in [&key, &other] {
            assert_eq!(read.signed_by(key.verifying()), SignatureState::Good);
        }
        let spoilt = format!("{note}{}", key.signed("another\n").rsplit_once("\n\n").unwrap().1);
        assert_eq!(Note::parse(spoilt.as_bytes()).unwrap().signed_by(key.verifying()), SignatureState::Bad);
    }

    #[test]
    fn every_bit_of_a_note_counts_and_no_changed_one_is_taken_for_a_cut_one() {
        let note = key().signed(TEXT);
        for bit in 0..note.len() * 8 {
            let mut bytes = note.clone().into_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            match Note::parse(&bytes) {
                Ok(note) => assert_ne!(note.signed_by(key().verifying()), SignatureState::Good, "bit {bit}"),
                Err(why) => assert_eq!(why, Unreadable::Form, "bit {bit}"),
            }
        }
    }

    #[test]
    fn every_beginning_of_a_note_is_cut() {
        let note = key().signed(TEXT);
        for end in 0..note.len() {
            assert_eq!(Note::parse(&note.as_bytes()[..end]).map(drop), Err(Unreadable::Cut), "{end} bytes");
        }
    }
}
