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

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::bounds::Bounds;
use super::frame::Bytes;
use super::told::{Doubt, Told};

/// What is told of one episode, unread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parcel(Bytes);

impl Parcel {
    /// What is told, to be sent.
    ///
    /// # Errors
    ///
    /// What cannot be written.
    pub fn of(told: &Told) -> Result<Self, postcard::Error> {
        postcard::to_extend(told, Vec::with_capacity(USUAL)).map(|bytes| Self(Bytes(bytes)))
    }

    /// What is told, read no further than `bounds` go.
    ///
    /// # Errors
    ///
    /// [`Doubt`] where there is more of something than there may be, or nothing that makes sense.
    pub fn open(&self, bounds: &Bounds) -> Result<Told, Doubt> {
        let mut rest = Rest(&self.0.0);
        let told = Told::read(&mut rest, bounds)?;
        // INVARIANT 3
        if rest.0.is_empty() { Ok(told) } else { Err(Doubt::Unknown) }
    }
}

/// The bytes of most parcels.
const USUAL: usize = 512;

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

    /// The next value.
    pub(super) fn one<T: DeserializeOwned>(&mut self) -> Result<T, Doubt> {
        self.one_within(usize::MAX)
    }

    /// The next value, which takes no more than `most` bytes.
    pub(super) fn one_within<T: DeserializeOwned>(&mut self, most: usize) -> Result<T, Doubt> {
        // INVARIANT 2
        let (part, _) = self.0.split_at(self.0.len().min(most));
        let (value, left) = postcard::take_from_bytes(part).map_err(|_| Doubt::Unknown)?;
        self.0 = self.0.get(part.len().saturating_sub(left.len())..).unwrap_or_default();
        Ok(value)
    }

    /// The next list, of no more than `most`, each of which takes no more than `each` bytes.
    pub(super) fn list<T: DeserializeOwned>(&mut self, most: u64, each: usize) -> Result<Vec<T>, Doubt> {
        let count: u64 = self.one()?;
        // INVARIANT 1
        if count > most {
            return Err(Doubt::Beyond);
        }
        // Each takes a byte at the least.
        let count = usize::try_from(count).ok().filter(|count| *count <= self.0.len()).ok_or(Doubt::Unknown)?;
        let mut list = Vec::with_capacity(count);
        for _ in 0..count {
            list.push(self.one_within(each)?);
        }
        Ok(list)
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
        assert_eq!(rest.one::<u64>(), Ok(7));
        assert_eq!(rest.list::<String>(3, 4), Ok(vec!["a".to_owned(), String::new(), "ccc".to_owned()]));
        assert_eq!(rest.one::<Option<String>>(), Ok(Some("d".to_owned())));
        assert!(rest.is_empty());
        assert_eq!(rest.one::<u8>(), Err(Doubt::Unknown));
    }

    #[test]
    fn a_list_has_no_more_than_it_may_and_none_of_it_more_bytes_than_one_may() {
        let bytes = written(&vec!["a", "", "ccc"]);
        let list = |most, each| Rest::of(&bytes).list::<String>(most, each);
        assert!(list(3, 4).is_ok());
        assert_eq!(list(2, 4), Err(Doubt::Beyond));
        assert_eq!(list(3, 3), Err(Doubt::Unknown));
        // It announces what it does not have.
        assert_eq!(Rest::of(&written(&u64::MAX)).list::<String>(u64::MAX, 9), Err(Doubt::Unknown));
        assert_eq!(Rest::of(&written(&(1_u64 << 40))).list::<String>(1 << 41, 9), Err(Doubt::Unknown));
    }
}
