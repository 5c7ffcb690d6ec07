//! Limits on the growth of linear memory and tables.

use wasmtime::ResourceLimiter;

use super::host::Host;
use crate::transcript::{Argument, Class, Operation, RecordedArgument, Weight};
use crate::value::wide;

/// The growth of a memory, which no call asks for.
pub const GROW_MEMORY: Operation = Operation { capability: "memory", name: "grow", code: 0xF0, weight: Weight::Light };
/// The growth of a table, which no call asks for.
pub const GROW_TABLE: Operation = Operation { capability: "table", name: "grow", code: 0xF1, weight: Weight::Light };

/// Operations without a call, each with the rule that refuses it. A refused growth is recorded.
pub(super) const GROWTHS: &[(Operation, &str)] = &[(GROW_MEMORY, MEMORY), (GROW_TABLE, TABLE)];

const MEMORY: &str = "episode.memory";
const TABLE: &str = "episode.table-elements";

/// Returns the rule that refuses the growth `operation`, or `None` if that is no growth.
pub fn growth(operation: Operation) -> Option<&'static str> {
    GROWTHS.iter().find(|(growth, _)| *growth == operation).map(|(_, rule)| *rule)
}

/// Maximum number of core instances in one component. Shims and adapters need a few.
pub const INSTANCES: u32 = 32;
/// Maximum number of tables in one component.
pub const TABLES: u32 = 16;
/// Maximum number of linear memories in one component.
pub const MEMORIES: u32 = 4;

/// Limits on the growth of the instances of one episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryLimits {
    /// Bytes of all linear memories together.
    pub memory: u64,
    /// Elements of all tables together.
    pub table_elements: u64,
}

/// Amounts that an episode has taken of its limits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limiter {
    limits: MemoryLimits,
    memory: u64,
    table_elements: u64,
}

impl Limiter {
    pub(super) const fn new(limits: MemoryLimits) -> Self {
        Self { limits, memory: 0, table_elements: 0 }
    }
}

/// Result of a growth.
enum Growth {
    /// The growth is taken out of the limit.
    Taken,
    /// The growth is past the maximum that the component itself declares. It is not recorded.
    PastMaximum,
    /// The growth is past the limit. The variant holds its size.
    PastLimit(u64),
}

/// Takes `desired - current` out of the limit, if the sum with `taken` stays within `limit`.
///
/// The limit is checked before the maximum. A table without a maximum of its own has that of the
/// pool.
fn take(taken: &mut u64, limit: u64, current: usize, desired: usize, maximum: Option<usize>) -> Growth {
    let more = wide(desired.saturating_sub(current));
    match taken.checked_add(more) {
        Some(sum) if sum <= limit => {
            if maximum.is_some_and(|maximum| desired > maximum) {
                return Growth::PastMaximum;
            }
            *taken = sum;
            Growth::Taken
        }
        _ => Growth::PastLimit(more),
    }
}

impl Host {
    /// Returns `true` if a memory or table may grow. A refusal is recorded.
    ///
    /// If the refusal ends the episode, the component traps: its fuel cannot be cut down to the
    /// grace from here.
    fn may_grow(&mut self, growth: &Growth, operation: Operation, rule: &'static str) -> wasmtime::Result<bool> {
        let more = match *growth {
            Growth::Taken => return Ok(true),
            Growth::PastMaximum => return Ok(false),
            Growth::PastLimit(more) => more,
        };
        let before = self.gate.end();
        self.gate.refused(operation, Argument(&[RecordedArgument::Number(more)]), Class::OverQuota, rule);
        if before.is_none() && self.gate.end().is_some() { Err(wasmtime::format_err!("{rule}")) } else { Ok(false) }
    }
}

impl ResourceLimiter for Host {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let Limiter { limits, memory, .. } = &mut self.limiter;
        let growth = take(memory, limits.memory, current, desired, maximum);
        self.may_grow(&growth, GROW_MEMORY, MEMORY)
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        failed(error)
    }

    fn table_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        failed(error)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let Limiter { limits, table_elements, .. } = &mut self.limiter;
        let growth = take(table_elements, limits.table_elements, current, desired, maximum);
        self.may_grow(&growth, GROW_TABLE, TABLE)
    }

    fn instances(&self) -> usize {
        count(INSTANCES)
    }

    fn tables(&self) -> usize {
        count(TABLES)
    }

    fn memories(&self) -> usize {
        count(MEMORIES)
    }
}

/// Returns the error of an allowed growth that failed because the system has no memory. The agent
/// is not told that such a growth was refused.
fn failed(error: wasmtime::Error) -> wasmtime::Result<()> {
    if is_of_the_system(&error) { Err(error) } else { Ok(()) }
}

/// Returns `true` if wasmtime failed because the system had no memory or no map to give. No agent
/// is the cause: its growth was counted before.
///
/// An error of the system comes from `rustix` on Unix, and from the standard library elsewhere.
pub fn is_of_the_system(error: &wasmtime::Error) -> bool {
    let cause = error.root_cause();
    let is_numbered = |error: &std::io::Error| error.raw_os_error().is_some();
    #[cfg(unix)]
    let is_errno = cause.is::<rustix::io::Errno>();
    #[cfg(not(unix))]
    let is_errno = false;
    cause.is::<wasmtime::error::OutOfMemory>() || cause.downcast_ref().is_some_and(is_numbered) || is_errno
}

fn count(most: u32) -> usize {
    usize::try_from(most).unwrap_or(usize::MAX)
}
