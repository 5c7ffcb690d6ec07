//! System calls that an exploit in a confined process would try, each with a name.
//!
//! ```text
//!     Place --ATTEMPTS, one after the other, in this process--> done, or the number of the error
//!       ^ a folder of its own, a folder of others, a process that is not this one
//! ```
//!
//! 1. Each attempt can fail to be refused: its outcome in a process that is not confined is known,
//!    see [`Alone`].
//! 2. No attempt does harm if it is not refused. A call that needs privileges is handed what the
//!    kernel takes for nonsense once it has looked at the privileges.
//! 3. If a confined process may make an attempt all the same, [`Attempt::left`] says in which
//!    phases.
//!
//! The crate is for tests: a call is made with whatever is handed over. Nothing that is shipped
//! depends on it.

#![cfg(target_os = "linux")]

mod files;
mod kernel;
mod memory;
mod network;
mod place;
mod processes;
mod rights;

pub use place::Place;

/// Number of an error of the system.
pub type Errno = i32;

/// Attempt at one system call.
#[derive(Clone, Copy)]
pub struct Attempt {
    /// Description of the call.
    pub what: &'static str,
    /// Outcome in a process that is not confined.
    pub alone: Alone,
    /// Phases in which a confined process may make the call.
    pub left: &'static [Phase],
    make: fn(&Place) -> Result<usize, Errno>,
}

/// Outcome of an attempt in a process that is not confined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alone {
    /// Success, whoever runs the process.
    Done,
    /// Another error than that of a refusal: the kernel looks at the arguments, and finds nothing
    /// to be done.
    Looked,
    /// The outcome of [`Alone::Looked`] if the process has all privileges of root; a refusal
    /// otherwise.
    LookedByRoot,
}

/// Phase of a worker, which decides how far it is confined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Worker that compiles.
    Compiling,
    /// Worker that lives episodes without files.
    Lab,
    /// Worker that lives episodes with a workspace.
    Boxed,
}

impl Attempt {
    /// Makes the attempt.
    ///
    /// # Errors
    ///
    /// The number of the error that the system gives.
    pub fn make(&self, place: &Place) -> Result<usize, Errno> {
        (self.make)(place)
    }
}

/// Attempts, by subject.
pub const ATTEMPTS: &[(&str, &[Attempt])] = &[
    ("processes", processes::LIST),
    ("other processes", processes::OTHERS),
    ("files", files::LIST),
    ("ways around files", files::AROUND),
    ("descriptors", files::DESCRIPTORS),
    ("networks", network::LIST),
    ("memory", memory::LIST),
    ("the kernel", kernel::LIST),
    ("the machine", kernel::MACHINE),
    ("rights", rights::LIST),
];

/// No phase.
const NEVER: &[Phase] = &[];
/// Phase of compiling.
const COMPILING: &[Phase] = &[Phase::Compiling];
/// Phases in which files can be opened at all.
const WITH_FILES: &[Phase] = &[Phase::Compiling, Phase::Boxed];

/// Returns an attempt that is always refused.
const fn never(what: &'static str, alone: Alone, make: fn(&Place) -> Result<usize, Errno>) -> Attempt {
    Attempt { what, alone, left: NEVER, make }
}

/// Returns an attempt that is refused except in these phases.
const fn left(what: &'static str, left: &'static [Phase], make: fn(&Place) -> Result<usize, Errno>) -> Attempt {
    Attempt { what, alone: Alone::Done, left, make }
}

/// Returns a number of any sign, as a register holds it.
const fn n(number: i64) -> usize {
    usize::from_ne_bytes(number.to_ne_bytes())
}

/// Returns a number of 32 bits, as a register holds it.
fn m(number: i32) -> usize {
    n(number.into())
}

/// Returns the address of a value.
fn at<T: ?Sized>(value: &T) -> usize {
    std::ptr::from_ref(value).cast::<u8>().expose_provenance()
}

/// Returns the address of memory that the kernel can write to.
fn room() -> usize {
    at(Box::leak(vec![0_u8; 1024].into_boxed_slice()))
}

/// Makes a system call with up to six arguments.
fn call<const COUNT: usize>(number: i64, arguments: [usize; COUNT]) -> Result<usize, Errno> {
    let mut all = arguments.into_iter().chain(std::iter::repeat(0));
    let mut next = || all.next().unwrap_or(0);
    let [first, second, third, fourth, fifth, sixth] = std::array::from_fn(|_| next());
    #[expect(unsafe_code, reason = "there is no other way to make a call that no library has a name for")]
    // SAFETY: the arguments are numbers, and addresses of values of this crate. The values live as
    // long as the call, and are as long as the kernel reads or writes. None of the calls in the
    // lists makes memory of this process go away, or shares it with a child.
    let answer = unsafe { libc::syscall(number, first, second, third, fourth, fifth, sixth) };
    usize::try_from(answer).map_err(|_| std::io::Error::last_os_error().raw_os_error().unwrap_or(0))
}

/// Makes a process by this call, and lets it end at once.
fn child<const COUNT: usize>(number: i64, arguments: [usize; COUNT]) -> Result<usize, Errno> {
    let process = call(number, arguments)?;
    if process == 0 {
        let _ = call(libc::SYS_exit_group, [0]);
    }
    call(libc::SYS_wait4, [process, 0, 0, 0])
}

/// Closes what a call has opened.
fn closed(opened: Result<usize, Errno>) -> Result<usize, Errno> {
    let opened = opened?;
    call(libc::SYS_close, [opened])
}
