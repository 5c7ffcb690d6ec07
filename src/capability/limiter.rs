//! Linear memory and tables: what a component may grow to.

use wasmtime::ResourceLimiter;

use super::host::Host;
use crate::transcript::{Argument, Class, Operation, Part, Weight};
use crate::value::wide;

/// The growth of a memory, which no call asks for.
pub const GROW_MEMORY: Operation = Operation { capability: "memory", name: "grow", code: 0xF0, weight: Weight::Light };
/// The growth of a table, which no call asks for.
pub const GROW_TABLE: Operation = Operation { capability: "table", name: "grow", code: 0xF1, weight: Weight::Light };

/// What no call asks for, and is recorded all the same where it is refused; each with the rule that refuses it.
pub(super) const GROWTHS: &[(Operation, &str)] = &[(GROW_MEMORY, MEMORY), (GROW_TABLE, TABLE)];

const MEMORY: &str = "episode.memory";
const TABLE: &str = "episode.table-elements";

/// The rule that refuses the growth that `operation` is; nothing where it is none.
pub fn growth(operation: Operation) -> Option<&'static str> {
    GROWTHS.iter().find(|(growth, _)| *growth == operation).map(|(_, rule)| *rule)
}

/// The most core instances in one component: shims and adapters make a few.
pub const INSTANCES: u32 = 32;
/// The most tables in one component.
pub const TABLES: u32 = 16;
/// The most linear memories in one component.
pub const MEMORIES: u32 = 4;

/// What the instances of one episode may grow to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryLimits {
    /// Bytes of all linear memories together.
    pub memory: u64,
    /// Elements of all tables together.
    pub table_elements: u64,
}

/// How much of its limits an episode has taken.
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

/// What becomes of a growth.
enum Growth {
    /// It is taken out of the limit.
    Taken,
    /// It is past the maximum of what would grow: the component's own affair.
    PastMaximum,
    /// It is so much more where the limit has no room for it.
    PastLimit(u64),
}

/// Take `desired - current` more out of `taken`, where that stays within `limit`.
///
/// The limit goes before the maximum: that of a table is the pool's where the component names none.
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
    /// Whether something may grow; where it may not, that is recorded.
    ///
    /// Where that ends the episode the component traps: its fuel cannot be cut down to the grace from here.
    fn may_grow(&mut self, growth: &Growth, operation: Operation, rule: &'static str) -> wasmtime::Result<bool> {
        let more = match *growth {
            Growth::Taken => return Ok(true),
            Growth::PastMaximum => return Ok(false),
            Growth::PastLimit(more) => more,
        };
        let before = self.gate.end();
        self.gate.refused(operation, Argument(&[Part::Number(more)]), Class::OverQuota, rule);
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

/// What was allowed, and failed: where the system has no memory, the agent is not told that its growth was refused.
fn failed(error: wasmtime::Error) -> wasmtime::Result<()> {
    if is_of_the_system(&error) { Err(error) } else { Ok(()) }
}

/// Whether wasmtime failed because the system did: it had no memory to give, or no map. No agent is the cause: what it may take was
/// counted before.
///
/// The system's errors come as what `rustix` makes of them on Unix, and as those of the standard library elsewhere.
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
