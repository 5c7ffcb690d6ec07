//! What an exploit in a confined process would try: system calls, each with a name.
//!
//! ```text
//!  Place --ATTEMPTS, one after the other, in this process--> done, or the number of the error
//!    ^ a folder of its own, a folder of others, a process that is not this one
//! ```
//!
//! 1. Each can fail to be refused: of each it is known what becomes of it in a process that is not confined, see [`Alone`].
//! 2. None does harm where it is not refused: what needs privileges is handed what the kernel takes for nonsense once it has looked at
//!    the privileges.
//! 3. Where a confined process may do one all the same, [`Attempt::left`] says when.
//!
//! It is for tests: a call is made with whatever is handed over. Nothing that is shipped depends on it.

#![cfg(target_os = "linux")]

mod files;
mod kernel;
mod memory;
mod network;
mod place;
mod processes;
mod rights;

pub use place::Place;

/// The number of an error of the system.
pub type Errno = i32;

/// One attempt.
#[derive(Clone, Copy)]
pub struct Attempt {
    /// What is tried.
    pub what: &'static str,
    /// What becomes of it in a process that is not confined.
    pub alone: Alone,
    /// When a confined process may do it.
    pub left: &'static [Phase],
    make: fn(&Place) -> Result<usize, Errno>,
}

/// What becomes of an attempt in a process that is not confined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alone {
    /// It succeeds, whoever runs the process.
    Done,
    /// The kernel looks at what is handed over, and finds nothing to be done: it gives another error than that of a refusal.
    Looked,
    /// The same, where the process has all privileges of root; others are refused.
    LookedByRoot,
}

/// How far a process is confined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// A worker that compiles.
    Compiling,
    /// A worker that lives episodes without files.
    Lab,
    /// A worker that lives episodes with a workspace.
    Boxed,
}

impl Attempt {
    /// Try it.
    ///
    /// # Errors
    ///
    /// The number of the error that the system gives.
    pub fn make(&self, place: &Place) -> Result<usize, Errno> {
        (self.make)(place)
    }
}

/// Every attempt, by what it is about.
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

/// In no phase.
const NEVER: &[Phase] = &[];
/// While compiling.
const COMPILING: &[Phase] = &[Phase::Compiling];
/// Where files can be opened at all.
const WITH_FILES: &[Phase] = &[Phase::Compiling, Phase::Boxed];

/// One that is always refused.
const fn never(what: &'static str, alone: Alone, make: fn(&Place) -> Result<usize, Errno>) -> Attempt {
    Attempt { what, alone, left: NEVER, make }
}

/// One that is refused but in these phases.
const fn left(what: &'static str, left: &'static [Phase], make: fn(&Place) -> Result<usize, Errno>) -> Attempt {
    Attempt { what, alone: Alone::Done, left, make }
}

/// A number of any sign, as a register holds it.
const fn n(number: i64) -> usize {
    usize::from_ne_bytes(number.to_ne_bytes())
}

/// The same of a number of 32 bits.
fn m(number: i32) -> usize {
    n(number.into())
}

/// The address of a value.
fn at<T: ?Sized>(value: &T) -> usize {
    std::ptr::from_ref(value).cast::<u8>().expose_provenance()
}

/// The address of room that the kernel can write to.
fn room() -> usize {
    at(Box::leak(vec![0_u8; 1024].into_boxed_slice()))
}

/// Make a system call with up to six arguments.
fn call<const COUNT: usize>(number: i64, arguments: [usize; COUNT]) -> Result<usize, Errno> {
    let mut all = arguments.into_iter().chain(std::iter::repeat(0));
    let mut next = || all.next().unwrap_or(0);
    let [first, second, third, fourth, fifth, sixth] = std::array::from_fn(|_| next());
    #[expect(unsafe_code, reason = "there is no other way to make a call that no library has a name for")]
    // SAFETY: what is handed over are numbers, and addresses of values of this crate that live as long as the call and are as long as the
    // kernel reads or writes; none of the calls in the lists makes memory of this process go away, or shares it with a child.
    let answer = unsafe { libc::syscall(number, first, second, third, fourth, fifth, sixth) };
    usize::try_from(answer).map_err(|_| std::io::Error::last_os_error().raw_os_error().unwrap_or(0))
}

/// Make a process by this call, and let it end at once.
fn child<const COUNT: usize>(number: i64, arguments: [usize; COUNT]) -> Result<usize, Errno> {
    let process = call(number, arguments)?;
    if process == 0 {
        let _ = call(libc::SYS_exit_group, [0]);
    }
    call(libc::SYS_wait4, [process, 0, 0, 0])
}

/// Close what a call has opened.
fn closed(opened: Result<usize, Errno>) -> Result<usize, Errno> {
    let opened = opened?;
    call(libc::SYS_close, [opened])
}
