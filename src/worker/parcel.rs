//! What is told of an episode, on its way: bytes that nothing is made of before it is counted.
//!
//! ```text
//!  Told --of--> Parcel --frame, as many bytes--> Parcel --open, against Bounds--> Told
//! ```
//!
//! 1. A list that announces more than it may have is refused before room is made for it.
//! 2. One of a list takes no more bytes than one may, and no list has room for more than it has.
//! 3. What is told fills its parcel.
//!
//! An empty text is one byte on the wire and twenty-four in memory: what a worker says is bounded by what becomes of it here, not by
//! the bytes that it says it in.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::bounds::{Bounds, TEXT};
use super::frame::Bytes;
use super::told::{Doubt, Told};
use crate::capability::PATH;
use crate::transcript::{Body, Called, Decision, Due, Entry, Message, Residue};
use crate::value::Digest;

/// What is told of one episode, unread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parcel(Bytes);

impl Parcel {
    /// What is told, to be sent.
    ///
    /// # Errors
    ///
    /// What cannot be written.
    pub fn of(mut told: Told) -> Result<Self, Doubt> {
        let mut written = Written(Vec::with_capacity(USUAL));
        parts(&mut written, &mut told, &Bounds::NONE)?;
        Ok(Self(Bytes(written.0)))
    }

    /// What is told, read no further than `bounds` go.
    ///
    /// # Errors
    ///
    /// [`Doubt`] where there is more of something than there may be, or nothing that makes sense.
    pub fn open(&self, bounds: &Bounds) -> Result<Told, Doubt> {
        let (mut rest, mut told) = (Rest(&self.0.0), Told::default());
        parts(&mut rest, &mut told, bounds)?;
        // INVARIANT 3
        if rest.0.is_empty() { Ok(told) } else { Err(Doubt::Unknown) }
    }
}

/// The bytes of most parcels.
const USUAL: usize = 512;

/// The bytes of a count, and of an entry beyond its text, at the most.
const COUNT: usize = 16;
const ENTRY: usize = 512;

/// One of the two ways over the pipe, which go by the same parts in the same order.
trait Way: Sized {
    /// Write the value, or read it.
    fn one<T: Serialize + DeserializeOwned>(&mut self, value: &mut T) -> Result<(), Doubt>;

    /// Write the list, or read one of no more than `most`, each of which takes no more than `each` bytes and begins as `blank`.
    fn list<T: Clone>(
        &mut self,
        list: &mut Vec<T>,
        within: (u64, usize),
        blank: &T,
        part: fn(&mut Self, &mut T) -> Result<(), Doubt>,
    ) -> Result<(), Doubt>;
}

/// The parts of what is told.
fn parts<W: Way>(way: &mut W, told: &mut Told, bounds: &Bounds) -> Result<(), Doubt> {
    let Told { body, next, actions } = told;
    let Body {
        end,
        // No worker tells how it was lost, and the supervisor finds out by itself what the world led to.
        lost: _,
        reproducible: _,
        closing,
        cause,
        steps: _,
        total: _,
        performance: _,
        fuel,
        calls,
        violations,
        notices,
        tripwires,
        after_end,
        entries,
        entries_cut,
        trace: _,
        log,
        released,
        residue,
        learned,
        // A worker lives episodes of one role.
        fault: _,
        roles: _,
    } = body;
    way.one(end)?;
    way.one(closing)?;
    way.one(cause)?;
    way.one(fuel)?;
    way.one(calls)?;
    way.one(violations)?;
    way.one(notices)?;
    way.one(tripwires)?;
    way.one(after_end)?;
    way.list(entries, (bounds.entries, TEXT.saturating_add(ENTRY)), &blank(), entry)?;
    way.one(entries_cut)?;
    way.list(log, (bounds.lines, usize::MAX), &String::new(), W::one)?;
    way.list(released, (bounds.messages, bounds.message), &Message::default(), W::one)?;
    way.list(residue, (bounds.residue, PATH.saturating_add(COUNT)), &Residue::default(), W::one)?;
    way.one(learned)?;
    way.one(next)?;
    way.one(actions)
}

/// The parts of an entry.
fn entry<W: Way>(way: &mut W, entry: &mut Entry) -> Result<(), Doubt> {
    let Entry { role: _, ordinal, step, operation, argument, digest, decision, class, rule, due } = entry;
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

/// An entry of which nothing has been read yet.
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

/// What has been written.
struct Written(Vec<u8>);

impl Way for Written {
    fn one<T: Serialize + DeserializeOwned>(&mut self, value: &mut T) -> Result<(), Doubt> {
        // A vector takes all there is.
        self.0 = postcard::to_extend(value, std::mem::take(&mut self.0)).map_err(|_| Doubt::Unknown)?;
        Ok(())
    }

    fn list<T: Clone>(
        &mut self,
        list: &mut Vec<T>,
        _: (u64, usize),
        _: &T,
        part: fn(&mut Self, &mut T) -> Result<(), Doubt>,
    ) -> Result<(), Doubt> {
        self.one(&mut u64::try_from(list.len()).unwrap_or(u64::MAX))?;
        list.iter_mut().try_for_each(|one| part(self, one))
    }
}

/// What has not been read yet.
pub(super) struct Rest<'p>(&'p [u8]);

impl<'p> Rest<'p> {
    /// What is read, to the end.
    pub(super) const fn of(bytes: &'p [u8]) -> Self {
        Self(bytes)
    }

    /// Whether everything has been read.
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next value, which takes no more than `most` bytes.
    pub(super) fn next_within<T: DeserializeOwned>(&mut self, most: usize) -> Result<T, Doubt> {
        let mut value = None;
        self.within(most, |rest| rest.next().map(|next| value = Some(next)))?;
        value.ok_or(Doubt::Unknown)
    }

    /// The next value.
    fn next<T: DeserializeOwned>(&mut self) -> Result<T, Doubt> {
        let (value, left) = postcard::take_from_bytes(self.0).map_err(|_| Doubt::Unknown)?;
        self.0 = left;
        Ok(value)
    }

    /// INVARIANT 2: read what takes no more than `most` bytes.
    fn within(&mut self, most: usize, read: impl FnOnce(&mut Self) -> Result<(), Doubt>) -> Result<(), Doubt> {
        let (part, _) = self.0.split_at(self.0.len().min(most));
        let mut rest = Self(part);
        read(&mut rest)?;
        self.0 = self.0.get(part.len().saturating_sub(rest.0.len())..).unwrap_or_default();
        Ok(())
    }
}

impl Way for Rest<'_> {
    fn one<T: Serialize + DeserializeOwned>(&mut self, value: &mut T) -> Result<(), Doubt> {
        *value = self.next()?;
        Ok(())
    }

    fn list<T: Clone>(
        &mut self,
        list: &mut Vec<T>,
        (most, each): (u64, usize),
        blank: &T,
        part: fn(&mut Self, &mut T) -> Result<(), Doubt>,
    ) -> Result<(), Doubt> {
        let count: u64 = self.next()?;
        // INVARIANT 1
        if count > most {
            return Err(Doubt::Beyond);
        }
        // Each takes a byte at the least.
        let count = usize::try_from(count).ok().filter(|count| *count <= self.0.len()).ok_or(Doubt::Unknown)?;
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
        let mut rest = Rest::of(&bytes);
        assert_eq!(rest.next::<u64>(), Ok(7));
        let mut list = Vec::new();
        rest.list(&mut list, (3, 4), &String::new(), Rest::one).unwrap();
        assert_eq!(list, ["a", "", "ccc"]);
        assert_eq!(rest.next::<Option<String>>(), Ok(Some("d".to_owned())));
        assert!(rest.is_empty());
        assert_eq!(rest.next::<u8>(), Err(Doubt::Unknown));
    }

    #[test]
    fn a_list_has_no_more_than_it_may_and_none_of_it_more_bytes_than_one_may() {
        let read =
            |bytes: &[u8], most, each| Rest::of(bytes).list(&mut Vec::new(), (most, each), &String::new(), Rest::one);
        let bytes = written(&vec!["a", "", "ccc"]);
        assert_eq!(read(&bytes, 3, 4), Ok(()));
        assert_eq!(read(&bytes, 2, 4), Err(Doubt::Beyond));
        assert_eq!(read(&bytes, 3, 3), Err(Doubt::Unknown));
        // It announces what it does not have.
        assert_eq!(read(&written(&u64::MAX), u64::MAX, 9), Err(Doubt::Unknown));
        assert_eq!(read(&written(&(1_u64 << 40)), 1 << 41, 9), Err(Doubt::Unknown));
    }
}
