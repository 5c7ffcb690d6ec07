//! Linear memory and tables: what a component may grow to.

use wasmtime::ResourceLimiter;

use super::host::Host;
use crate::transcript::{Argument, Class, Operation, Part, Weight};

const GROW_MEMORY: Operation = Operation { capability: "memory", name: "grow", code: 0xF0, weight: Weight::Light };
const GROW_TABLE: Operation = Operation { capability: "table", name: "grow", code: 0xF1, weight: Weight::Light };

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

/// Take `desired - current` more out of `taken`, where that stays within `limit`.
fn take(taken: &mut u64, limit: u64, current: usize, desired: usize) -> Result<(), u64> {
    let more = u64::try_from(desired.saturating_sub(current)).unwrap_or(u64::MAX);
    match taken.checked_add(more) {
        Some(sum) if sum <= limit => {
            *taken = sum;
            Ok(())
        }
        _ => Err(more),
    }
}

impl ResourceLimiter for Host {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let Limiter { limits, memory, .. } = &mut self.limiter;
        let granted = take(memory, limits.memory, current, desired);
        if let Err(more) = granted {
            let argument = Argument(&[Part::Number(more)]);
            self.gate.refused(GROW_MEMORY, argument, Class::OverQuota, "episode.memory");
        }
        Ok(granted.is_ok())
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let Limiter { limits, table_elements, .. } = &mut self.limiter;
        let granted = take(table_elements, limits.table_elements, current, desired);
        if let Err(more) = granted {
            let argument = Argument(&[Part::Number(more)]);
            self.gate.refused(GROW_TABLE, argument, Class::OverQuota, "episode.table-elements");
        }
        Ok(granted.is_ok())
    }

    fn instances(&self) -> usize {
        MOST_INSTANCES
    }

    fn tables(&self) -> usize {
        MOST_TABLES
    }

    fn memories(&self) -> usize {
        MOST_MEMORIES
    }
}

/// Core instances in one component: adapters and shims make a few.
pub(crate) const MOST_INSTANCES: usize = 32;
/// Tables in one component.
pub(crate) const MOST_TABLES: usize = 16;
/// Linear memories in one component.
pub(crate) const MOST_MEMORIES: usize = 4;
