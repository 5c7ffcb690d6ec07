//! The encoded report of an episode. Its lists are bounded before they are decoded.
//!
//! ```text
//!  EpisodeReport --of--> Parcel --frame, as many bytes--> Parcel --open, against Bounds--> EpisodeReport
//! ```
//!
//! 1. A list that announces more elements than it may have is refused before memory is allocated for it.
//! 2. No element of a list takes more bytes than an element may, and no list allocates room for more elements than it
//!    has.
//! 3. A report fills its parcel.
//!
//! An empty text is one byte on the wire and twenty-four in memory. So a report is bounded by its size in memory, not
//! by its size on the wire.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::bounds::{Bounds, PartBounds, TEXT};
use super::frame::Bytes;
use super::report::{EpisodeReport, PartReport, Rejection};
use crate::capability::PATH;
use crate::transcript::{Body, Called, Calls, Decision, Due, Entry, Message, Residue};
use crate::value::{Digest, wide};

/// Report of one episode, encoded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parcel(Bytes);

impl Parcel {
    /// Encodes a report.
    ///
    /// # Errors
    ///
    /// Returns [`Rejection::Unknown`] when a part cannot be encoded.
    pub fn of(mut told: EpisodeReport) -> Result<Self, Rejection> {
        let mut written = Written(Vec::with_capacity(USUAL));
        let bounds = Bounds::none(told.roles.len());
        parts(&mut written, &mut told, &bounds)?;
        Ok(Self(Bytes(written.0)))
    }

    /// Decodes a report, and no more of it than `bounds` allow.
    ///
    /// # Errors
    ///
    /// Returns [`Rejection`] when a list is longer than it may be, or the bytes make no report.
    pub fn open(&self, bounds: &Bounds) -> Result<EpisodeReport, Rejection> {
        let (mut rest, mut told) = (Unread(&self.0.0), EpisodeReport::default());
        parts(&mut rest, &mut told, bounds)?;
        // INVARIANT 3
        if rest.0.is_empty() { Ok(told) } else { Err(Rejection::Unknown) }
    }
}

/// Usual number of bytes of a parcel.
const USUAL: usize = 512;

/// Maximum number of bytes of a count, and of an entry beyond its text.
const COUNT: usize = 16;
const ENTRY: usize = 512;

/// Direction over the pipe, writing or reading. Both go through the same parts in the same order.
trait Direction: Sized {
    /// Writes the value, or reads it.
    fn one<T: Serialize + DeserializeOwned>(&mut self, value: &mut T) -> Result<(), Rejection>;

    /// Writes the list, or reads one of at most `within.0` elements. An element takes at most `within.1` bytes, and
    /// begins as a copy of `blank`.
    fn list<T: Clone>(
        &mut self,
        list: &mut Vec<T>,
        within: (u64, usize),
        blank: &T,
        part: fn(&mut Self, &mut T) -> Result<(), Rejection>,
    ) -> Result<(), Rejection>;
}

/// Goes through the parts of a report.
fn parts<W: Direction>(way: &mut W, told: &mut EpisodeReport, bounds: &Bounds) -> Result<(), Rejection> {
    let EpisodeReport { body, next, roles, actions } = told;
    way.one(&mut body.end)?;
    way.one(&mut body.calls.digest)?;
    way.list(&mut body.entries, (bounds.entries, TEXT.saturating_add(ENTRY)), &blank(), entry)?;
    way.one(&mut body.entries_cut)?;
    // There is a part for each role, or for the only agent.
    let mut count = wide(bounds.parts.len());
    way.one(&mut count)?;
    if count != wide(bounds.parts.len()) {
        return Err(Rejection::Unknown);
    }
    if bounds.has_roles {
        roles.resize_with(bounds.parts.len(), PartReport::default);
        for (PartReport { body, next }, bounds) in roles.iter_mut().zip(&bounds.parts) {
            part(way, body, next, bounds)?;
        }
    } else if let Some(bounds) = bounds.parts.first() {
        part(way, body, next, bounds)?;
    }
    way.one(actions)
}

/// Goes through the part of one agent.
fn part<W: Direction>(
    way: &mut W,
    body: &mut Body,
    next: &mut Option<Bytes>,
    bounds: &PartBounds,
) -> Result<(), Rejection> {
    let Body {
        // These belong to the whole report.
        end: _,
        entries: _,
        entries_cut: _,
        // A worker cannot report its own loss, and the supervisor plays the world itself.
        lost: _,
        reproducible: _,
        closing,
        cause,
        steps: _,
        total: _,
        performance: _,
        fuel,
        calls: Calls { count, digest: _ },
        violations,
        notices,
        tripwires,
        after_end,
        trace: _,
        log,
        released,
        residue,
        learned,
        // The supervisor knows the roles, and finds out which of them ended the episode.
        fault: _,
        roles: _,
        // Calls to the outside are made in the process of the embedding program.
        outside: _,
    } = body;
    way.one(closing)?;
    way.one(cause)?;
    way.one(fuel)?;
    way.one(count)?;
    way.one(violations)?;
    way.one(notices)?;
    way.one(tripwires)?;
    way.one(after_end)?;
    way.list(log, (bounds.lines, usize::MAX), &String::new(), W::one)?;
    way.list(released, (bounds.messages, bounds.message), &Message::default(), W::one)?;
    way.list(residue, (bounds.residue, PATH.saturating_add(COUNT)), &Residue::default(), W::one)?;
    way.one(learned)?;
    way.one(next)
}

/// Goes through the parts of an entry.
fn entry<W: Direction>(way: &mut W, entry: &mut Entry) -> Result<(), Rejection> {
    let Entry { role, ordinal, step, operation, argument, digest, decision, class, rule, due } = entry;
    way.one(role)?;
    way.one(ordinal)?;
    way.one(step)?;
    way.one(operation)?;
    way.one(argument)?;
    way.one(digest)?;
    way.one(decision)?;
    way.one(class)?;
    way.one(rule)?;
    way.one(due)
}

/// Returns an entry of which nothing has been read yet.
fn blank() -> Entry {
    Entry {
        role: None,
        ordinal: 0,
        step: 0,
        operation: Called { capability: Cow::Borrowed(""), name: Cow::Borrowed("") },
        argument: String::new(),
        digest: Digest::from_bytes([0; 32]),
        decision: Decision::Refused,
        class: None,
        rule: Cow::Borrowed(""),
        due: Due::Before,
    }
}

/// Bytes written so far.
struct Written(Vec<u8>);

impl Direction for Written {
    fn one<T: Serialize + DeserializeOwned>(&mut self, value: &mut T) -> Result<(), Rejection> {
        // A vector takes any number of bytes.
        self.0 = postcard::to_extend(value, std::mem::take(&mut self.0)).map_err(|_| Rejection::Unknown)?;
        Ok(())
    }

    fn list<T: Clone>(
        &mut self,
        list: &mut Vec<T>,
        _: (u64, usize),
        _: &T,
        part: fn(&mut Self, &mut T) -> Result<(), Rejection>,
    ) -> Result<(), Rejection> {
        self.one(&mut u64::try_from(list.len()).unwrap_or(u64::MAX))?;
        list.iter_mut().try_for_each(|one| part(self, one))
    }
}

/// Bytes that have not been read yet.
pub(super) struct Unread<'p>(&'p [u8]);

impl<'p> Unread<'p> {
    /// Returns a reader of `bytes`, from the start.
    pub(super) const fn of(bytes: &'p [u8]) -> Self {
        Self(bytes)
    }

    /// Returns `true` if everything has been read.
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads the next value, of no more than `most` bytes.
    pub(super) fn next_within<T: DeserializeOwned>(&mut self, most: usize) -> Result<T, Rejection> {
        let mut value = None;
        self.within(most, |rest| rest.next().map(|next| value = Some(next)))?;
        value.ok_or(Rejection::Unknown)
    }

    /// Reads the next value.
    fn next<T: DeserializeOwned>(&mut self) -> Result<T, Rejection> {
        let (value, left) = postcard::take_from_bytes(self.0).map_err(|_| Rejection::Unknown)?;
        self.0 = left;
        Ok(value)
    }

    /// INVARIANT 2: reads with no more than `most` bytes in reach.
    fn within(&mut self, most: usize, read: impl FnOnce(&mut Self) -> Result<(), Rejection>) -> Result<(), Rejection> {
        let (part, _) = self.0.split_at(self.0.len().min(most));
        let mut rest = Self(part);
        read(&mut rest)?;
        self.0 = self.0.get(part.len().saturating_sub(rest.0.len())..).unwrap_or_default();
        Ok(())
    }
}

impl Direction for Unread<'_> {
    fn one<T: Serialize + DeserializeOwned>(&mut self, value: &mut T) -> Result<(), Rejection> {
        *value = self.next()?;
        Ok(())
    }

    fn list<T: Clone>(
        &mut self,
        list: &mut Vec<T>,
        (most, each): (u64, usize),
        blank: &T,
        part: fn(&mut Self, &mut T) -> Result<(), Rejection>,
    ) -> Result<(), Rejection> {
        let count: u64 = self.next()?;
        // INVARIANT 1
        if count > most {
            return Err(Rejection::Beyond);
        }
        // Each element takes at least one byte.
        let count = usize::try_from(count).ok().filter(|count| *count <= self.0.len()).ok_or(Rejection::Unknown)?;
        *list = Vec::with_capacity(count);
        for _ in 0..count {
            let mut one = blank.clone();
            self.within(each, |rest| part(rest, &mut one))?;
            list.push(one);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written<T: Serialize>(value: &T) -> Vec<u8> {
        postcard::to_extend(value, Vec::new()).unwrap()
    }

    #[test]
    fn what_is_written_one_after_the_other_is_read_so() {
        let bytes = [written(&7_u64), written(&vec!["a", "", "ccc"]), written(&Some("d"))].concat();
        let mut rest = Unread::of(&bytes);
        assert_eq!(rest.next::<u64>(), Ok(7));
        let mut list = Vec::new();
        rest.list(&mut list, (3, 4), &String::new(), Unread::one).unwrap();
        assert_eq!(list, ["a", "", "ccc"]);
        assert_eq!(rest.next::<Option<String>>(), Ok(Some("d".to_owned())));
        assert!(rest.is_empty());
        assert_eq!(rest.next::<u8>(), Err(Rejection::Unknown));
    }

    #[test]
    fn a_list_has_no_more_than_it_may_and_none_of_it_more_bytes_than_one_may() {
        let read = |bytes: &[u8], most, each| {
            Unread::of(bytes).list(&mut Vec::new(), (most, each), &String::new(), Unread::one)
        };
        let bytes = written(&vec!["a", "", "ccc"]);
        assert_eq!(read(&bytes, 3, 4), Ok(()));
        assert_eq!(read(&bytes, 2, 4), Err(Rejection::Beyond));
        assert_eq!(read(&bytes, 3, 3), Err(Rejection::Unknown));
        // It announces what it does not have.
        assert_eq!(read(&written(&u64::MAX), u64::MAX, 9), Err(Rejection::Unknown));
        assert_eq!(read(&written(&(1_u64 << 40)), 1 << 41, 9), Err(Rejection::Unknown));
    }
}
