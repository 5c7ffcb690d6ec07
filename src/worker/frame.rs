//! Frames, which separate the messages on a pipe.
//!
//! ```text
//!  | length, 4 bytes, little-endian | message, so many bytes |
//! ```
//!
//! 1. A frame that announces more bytes than a frame may have is refused before memory is allocated for it.
//! 2. Memory is allocated as bytes arrive, never for bytes that are only announced.
//! 3. A message that does not fill its frame is refused.
//! 4. The reader sets the maximum length of a frame.

use std::io::{self, Read, Write};
use std::marker::PhantomData;

use serde::de::{DeserializeOwned, Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Maximum number of bytes of a message. A report holds at most the text of one line of a ledger, a carry-over of at
/// most 64 MiB, and a world. An agent is shorter. So a pipe carries every report that a ledger would take.
pub const LONGEST: usize = crate::ledger::LONGEST + (65 << 20);

/// Error returned when a message cannot be written to a pipe or read from it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The pipe was closed.
    #[error("the pipe was closed")]
    Closed,
    /// The pipe could not be read or written.
    #[error("the pipe failed")]
    Io(#[from] io::Error),
    /// The frame is longer than a frame may be.
    #[error("a frame of {0} bytes is longer than a frame may be")]
    Long(usize),
    /// The frame does not hold a message.
    #[error("a frame holds no message")]
    Malformed,
}

impl Error {
    /// Returns `true` if the other end is gone, rather than that it sent an invalid message.
    pub(super) const fn is_the_end(&self) -> bool {
        matches!(self, Self::Closed | Self::Io(_))
    }
}

/// Appends a message, in a frame, to `buffer`.
///
/// # Errors
///
/// Returns [`Error::Long`] when the message does not fit a frame; `buffer` is then unchanged.
pub fn put<T: Serialize>(message: &T, buffer: &mut Vec<u8>) -> Result<(), Error> {
    let before = buffer.len();
    let whole = std::mem::take(buffer);
    let mut whole = {
        let mut whole = whole;
        whole.extend_from_slice(&[0; 4]);
        postcard::to_extend(message, whole).map_err(|_| Error::Malformed)?
    };
    let bytes = whole.len().saturating_sub(before).saturating_sub(4);
    let length = u32::try_from(bytes).ok().filter(|_| bytes <= LONGEST);
    let Some(length) = length else {
        whole.truncate(before);
        *buffer = whole;
        return Err(Error::Long(bytes));
    };
    if let Some(place) = whole.get_mut(before..).and_then(<[u8]>::first_chunk_mut) {
        *place = length.to_le_bytes();
    }
    *buffer = whole;
    Ok(())
}

/// Writes a message to a pipe at once.
///
/// # Errors
///
/// Returns the errors of [`put`], and [`Error::Io`] when the pipe fails.
pub fn send<T: Serialize>(message: &T, pipe: &mut impl Write) -> Result<(), Error> {
    let mut buffer = Vec::new();
    put(message, &mut buffer)?;
    pipe.write_all(&buffer)?;
    Ok(pipe.flush()?)
}

/// Reads the next message, and no byte beyond it.
///
/// # Errors
///
/// Returns [`Error`] when the pipe does not hold a valid message.
pub fn take<T: DeserializeOwned>(pipe: &mut impl Read, buffer: &mut Vec<u8>) -> Result<T, Error> {
    take_within(pipe, buffer, LONGEST)
}

/// Reads the next message, of no more than `most` bytes.
///
/// # Errors
///
/// Returns the errors of [`take`].
pub fn take_within<T: DeserializeOwned>(pipe: &mut impl Read, buffer: &mut Vec<u8>, most: usize) -> Result<T, Error> {
    let mut length = [0; 4];
    let mut first = [0; 1];
    if pipe.read(&mut first)? == 0 {
        return Err(Error::Closed);
    }
    let [head, rest @ ..] = &mut length;
    *head = first[0];
    pipe.read_exact(rest)?;
    let length = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
    // INVARIANT 1, INVARIANT 4
    if length > most {
        return Err(Error::Long(length));
    }
    buffer.clear();
    // INVARIANT 2
    let read = pipe.take(u64::try_from(length).unwrap_or(u64::MAX)).read_to_end(buffer)?;
    if read < length {
        return Err(Error::Closed);
    }
    let message = message(buffer);
    // A large buffer is not kept for the next message.
    if buffer.capacity() > KEPT {
        *buffer = Vec::new();
    }
    message
}

/// Maximum number of bytes of a buffer that is kept for the next message.
const KEPT: usize = 1 << 20;

/// Deserializes a list of no more than `MOST` elements.
pub(super) fn few<'de, D: Deserializer<'de>, T: Deserialize<'de>, const MOST: usize>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    deserializer.deserialize_seq(Few::<T, MOST>(PhantomData))
}

struct Few<T, const MOST: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for Few<T, MOST> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "no more than {MOST}")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
        let mut few = Vec::new();
        while let Some(one) = list.next_element()? {
            if few.len() == MOST {
                return Err(A::Error::invalid_length(MOST, &self));
            }
            few.push(one);
        }
        Ok(few)
    }
}

/// Reads the message that fills `bytes`.
///
/// # Errors
///
/// Returns [`Error::Malformed`] when `bytes` do not hold exactly one message.
pub fn message<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    // INVARIANT 3
    match postcard::take_from_bytes(bytes) {
        Ok((message, [])) => Ok(message),
        _ => Err(Error::Malformed),
    }
}

/// Bytes that are sent as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_byte_buf(WholeFrame)
    }
}

struct WholeFrame;

impl Visitor<'_> for WholeFrame {
    type Value = Bytes;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("bytes")
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Bytes, E> {
        Ok(Bytes(bytes.to_vec()))
    }

    fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Bytes, E> {
        Ok(Bytes(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_is_taken_and_nothing_after_it() {
        let mut pipe = Vec::new();
        put(&("one", 1_u8), &mut pipe).unwrap();
        put(&Bytes(vec![7; 300]), &mut pipe).unwrap();
        let (mut pipe, mut buffer) = (pipe.as_slice(), Vec::new());
        assert_eq!(take::<(String, u8)>(&mut pipe, &mut buffer).unwrap(), ("one".to_owned(), 1));
        assert_eq!(take::<Bytes>(&mut pipe, &mut buffer).unwrap().0, [7; 300]);
        assert!(matches!(take::<u8>(&mut pipe, &mut buffer), Err(Error::Closed)));
    }

    #[test]
    fn the_longest_line_of_a_ledger_and_what_crosses_beside_it_fit_a_frame_and_not_a_byte_more() {
        // The length of the bytes goes before them.
        let longest = Bytes(vec![7; LONGEST - 4]);
        let mut pipe = Vec::new();
        put(&longest, &mut pipe).unwrap();
        assert_eq!(pipe.len(), 4 + LONGEST);
        assert_eq!(take::<Bytes>(&mut pipe.as_slice(), &mut Vec::new()).unwrap(), longest);
        let mut kept = b"kept".to_vec();
        let longer = Bytes(vec![7; LONGEST - 3]);
        assert!(matches!(put(&longer, &mut kept), Err(Error::Long(bytes)) if bytes == LONGEST + 1));
        assert_eq!(kept, b"kept");
        let announced = u32::try_from(LONGEST + 1).unwrap().to_le_bytes();
        assert!(matches!(take::<Bytes>(&mut announced.as_slice(), &mut Vec::new()), Err(Error::Long(_))));
    }

    #[test]
    fn a_frame_that_is_too_long_cut_or_not_filled_is_refused() {
        let taken = |bytes: &[u8]| take::<u8>(&mut &*bytes, &mut Vec::new());
        assert_eq!(taken(&[1, 0, 0, 0, 5]).unwrap(), 5);
        assert!(matches!(taken(&[0xff; 9]), Err(Error::Long(_))));
        assert!(matches!(taken(&[2, 0, 0, 0, 5]), Err(Error::Closed)));
        assert!(matches!(taken(&[2, 0, 0]), Err(Error::Io(_))));
        assert!(matches!(taken(&[2, 0, 0, 0, 5, 5]), Err(Error::Malformed)));
        assert!(matches!(taken(&[0, 0, 0, 0]), Err(Error::Malformed)));
    }
}
