//! Texts that are signed: the head of a ledger, and the digest of `host.json`.
//!
//! ```text
//!  <name>/<digest of manifest.json>        dayfly host facts of a run
//!  <number of leaves>                      <name>/<digest of manifest.json>
//!  base64(root)                            base64(root)
//!                                          base64(SHA-256 of host.json)
//! ```

use data_encoding::BASE64;

use super::key::is_name;
use super::note::Note;
use crate::value::Digest;

/// First line of the text about `host.json`. It has spaces, which no origin has.
const HOST_FACTS: &str = "dayfly host facts of a run";

/// Head of a ledger, as it is signed: a checkpoint of C2SP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedHead {
    /// Name of the key that is said to have signed.
    pub name: String,
    /// Digest of the manifest of the run.
    pub run: Digest,
    /// Number of leaves, the close included if there is one.
    pub size: u64,
    /// Root of the tree of the leaves.
    pub root: Digest,
}

impl SignedHead {
    /// Reads the text of a note, such as `checkpoint.note`, and checks no signature.
    pub fn of_note(bytes: &[u8]) -> Option<Self> {
        Self::read(Note::parse(bytes).ok()?.text)
    }

    pub(super) fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin(), self.size, base64(&self.root))
    }

    /// Reads a text, if it is written as [`SignedHead::text`] writes it.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let (name, run) = origin(lines.next()?)?;
        let (size, root) = (lines.next()?.parse().ok()?, digest(lines.next()?)?);
        // INVARIANT 3: the second line is a number.
        Some(Self { name: name.to_owned(), run, size, root }).filter(|head| head.text() == text)
    }

    /// Returns the first line: the run, and the one who signs.
    pub(super) fn origin(&self) -> String {
        format!("{}/{}", self.name, self.run)
    }
}

/// Digest of `host.json`, as it is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HostFacts {
    /// Origin of the checkpoint of the run.
    pub(super) origin: String,
    /// Root of the run.
    pub(super) root: Digest,
    pub(super) digest: Digest,
}

impl HostFacts {
    pub(super) fn text(&self) -> String {
        // INVARIANT 3: the second line is no number.
        format!("{HOST_FACTS}\n{}\n{}\n{}\n", self.origin, base64(&self.root), base64(&self.digest))
    }

    /// Reads a text, if it is written as [`HostFacts::text`] writes it.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut lines = text.strip_prefix(HOST_FACTS)?.strip_prefix('\n')?.lines();
        let origin = lines.next().filter(|line| origin(line).is_some())?.to_owned();
        let (root, digest) = (digest(lines.next()?)?, digest(lines.next()?)?);
        Some(Self { origin, root, digest }).filter(|facts| facts.text() == text)
    }
}

/// Returns the name and the digest of an origin.
fn origin(line: &str) -> Option<(&str, Digest)> {
    let (name, run) = line.rsplit_once('/')?;
    Some((name, run.parse().ok()?)).filter(|_| is_name(name))
}

pub(super) fn base64(digest: &Digest) -> String {
    BASE64.encode(digest.as_bytes())
}

pub(super) fn digest(line: &str) -> Option<Digest> {
    let bytes = BASE64.decode(line.as_bytes()).ok()?;
    Some(Digest::from_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_text_is_read_as_the_other() {
        let (run, root) = (Digest::of(b"run"), Digest::of(b"root"));
        let head = SignedHead { name: "example.com/release".to_owned(), run, size: 12, root };
        let host = HostFacts { origin: head.origin(), root, digest: Digest::of(b"{}") };
        assert_eq!(SignedHead::read(&head.text()), Some(head.clone()));
        assert_eq!(HostFacts::read(&host.text()), Some(host.clone()));
        assert_eq!(SignedHead::read(&host.text()), None);
        assert_eq!(HostFacts::read(&head.text()), None);
        // A name that was made for it leads nowhere either.
        let made_up = SignedHead { name: format!("{HOST_FACTS}\n{}", head.name), ..head };
        assert_eq!((SignedHead::read(&made_up.text()), HostFacts::read(&made_up.text())), (None, None));
    }

    #[test]
    fn a_head_is_written_in_one_way_only() {
        let head = SignedHead { name: "a".to_owned(), run: Digest::of(b""), size: 12, root: Digest::of(b"") };
        let text = head.text();
        for other in [
            text.replace("\n12\n", "\n012\n"),
            text.replace("\n12\n", "\n+12\n"),
            text.replace("\n12\n", "\n12\r\n"),
            format!("{text}more\n"),
            text.trim_end().to_owned(),
        ] {
            assert_eq!(SignedHead::read(&other), None, "{other}");
        }
    }
}
