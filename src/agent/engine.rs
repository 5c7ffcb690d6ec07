//! Engine that compiles every component of a run, and the features that it admits.

use std::hash::Hash as _;
use std::sync::Arc;

use wasmtime::component::Linker;
use wasmtime::{
    Config, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig, Strategy, WasmBacktraceDetails, WasmFeatures,
};

use super::clock::Clock;
use crate::capability::{self, Host, INSTANCES, MEMORIES, MemoryLimits, TABLES};
use crate::gate::Capability;
use crate::value::{Digest, Hasher};

/// Features that an agent may use: version 2 of WebAssembly, additions in constants, and
/// components. All others are refused, also if a later engine supports them. A module may have
/// several memories, because the engine itself joins components by such modules.
pub(super) const ADMITTED: WasmFeatures = WasmFeatures::WASM2
    .difference(WasmFeatures::GC_TYPES)
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::MULTI_MEMORY)
    .union(WasmFeatures::COMPONENT_MODEL);
/// Maximum number of bytes of a WebAssembly stack.
const STACK: usize = 512 << 10;
/// Bytes of stack of a thread that runs episodes: half a MiB for the component, and the rest for
/// host calls made from the end of that. A thread with less may overflow its own stack, which ends
/// the process.
pub const THREAD_STACK: usize = 4 << 20;
/// Number of bytes that are zeroed in place, rather than unmapped, when a memory goes back to the
/// pool.
const KEEP_RESIDENT: usize = 128 << 10;
/// Bytes of the host's own bookkeeping for one component instance.
const INSTANCE_SIZE: usize = 1 << 20;

/// Engine with a pool of instances, and the contract linked once.
#[derive(Clone)]
pub struct Engine {
    pub(super) inner: wasmtime::Engine,
    pub(super) linker: Linker<Host>,
    /// Linker of the contract in which a step waits for the turn of its role.
    pub(super) by_turns: Arc<Linker<Host>>,
    pub(super) clock: Arc<Clock>,
    /// Limits of each instance.
    pub(super) limits: MemoryLimits,
}

impl Engine {
    /// Makes an engine whose pool has slots for `episodes` episodes at a time, each within
    /// `limits`.
    ///
    /// # Errors
    ///
    /// Returns an error if the host cannot reserve the address space for the pool.
    pub fn new(limits: MemoryLimits, episodes: u32) -> wasmtime::Result<Self> {
        Self::linking(limits, episodes, |_| true)
    }

    /// Makes an engine without WASI, which no agent can import then. It serves to measure the cost
    /// of WASI for other agents.
    ///
    /// # Errors
    ///
    /// As [`Engine::new`].
    pub fn without_wasi(limits: MemoryLimits, episodes: u32) -> wasmtime::Result<Self> {
        Self::linking(limits, episodes, |capability| capability.name != "wasi")
    }

    fn linking(limits: MemoryLimits, episodes: u32, is_wanted: fn(&Capability) -> bool) -> wasmtime::Result<Self> {
        let mut config = Config::new();
        config
            .strategy(Strategy::Cranelift)
            .cranelift_opt_level(OptLevel::Speed)
            .cranelift_nan_canonicalization(true)
            .consume_fuel(true)
            .epoch_interruption(true)
            .operator_cost(costs())
            .max_wasm_stack(STACK)
            // A role waits for its turn on a stack of its own, as large as that of a thread.
            .async_stack_size(THREAD_STACK)
            .wasm_features(WasmFeatures::all(), false)
            .wasm_features(ADMITTED, true)
            .shared_memory(false)
            .memory_init_cow(true)
            .wasm_backtrace_max_frames(None)
            .wasm_backtrace_details(WasmBacktraceDetails::Disable)
            .allocation_strategy(InstanceAllocationStrategy::Pooling(pool(limits, episodes)));
        let engine = wasmtime::Engine::new(&config)?;
        let mut linker = Linker::new(&engine);
        capability::link(&mut linker, is_wanted)?;
        let mut by_turns = linker.clone();
        by_turns.allow_shadowing(true);
        capability::link_by_turns(&mut by_turns)?;
        Ok(Self { clock: Clock::of(&engine), inner: engine, linker, by_turns: Arc::new(by_turns), limits })
    }

    /// Compiles a minimal module on this thread and makes it executable. This tests if a process
    /// may still do so.
    ///
    /// # Errors
    ///
    /// Returns the error of the engine if it may not.
    pub fn make_code(&self) -> wasmtime::Result<()> {
        wasmtime::Module::new(&self.inner, "(module (func (export \"run\")))").map(|_| ())
    }

    /// Returns the digest of all that compiled code depends on: the version of the engine, its
    /// configuration, and the processor.
    pub fn digest(&self) -> Digest {
        let mut fed = Fed(Hasher::default());
        self.inner.precompile_compatibility_hash().hash(&mut fed);
        fed.0.finish()
    }
}

/// Hasher that passes the engine's bytes to a digest: the 64 bits of a usual hash would not
/// distinguish all engines.
struct Fed(Hasher);

impl std::hash::Hasher for Fed {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Engine")
    }
}

/// Returns the costs of instructions. `memory.grow` and `table.grow` are free by default, and both
/// make the host work.
fn costs() -> wasmtime::OperatorCost {
    wasmtime::OperatorCost { MemoryGrow: u8::MAX, TableGrow: u8::MAX, ..Default::default() }
}

fn pool(limits: MemoryLimits, episodes: u32) -> PoolingAllocationConfig {
    // `learn` runs in an instance of its own, after the episode's has been dropped.
    let slots = episodes.max(1);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(slots)
        .total_core_instances(slots.saturating_mul(INSTANCES))
        .total_memories(slots.saturating_mul(MEMORIES))
        .total_tables(slots.saturating_mul(TABLES))
        .max_core_instances_per_component(INSTANCES)
        .max_memories_per_component(MEMORIES)
        .max_tables_per_component(TABLES)
        // One module may have all memories and tables of a component.
        .max_memories_per_module(MEMORIES)
        .max_tables_per_module(TABLES)
        .max_component_instance_size(INSTANCE_SIZE)
        .max_core_instance_size(INSTANCE_SIZE)
        .max_memory_size(usize::try_from(limits.memory).unwrap_or(usize::MAX))
        .table_elements(usize::try_from(limits.table_elements).unwrap_or(usize::MAX))
        .linear_memory_keep_resident(KEEP_RESIDENT)
        .table_keep_resident(KEEP_RESIDENT)
        .pagemap_scan(wasmtime::Enabled::Auto)
        .total_stacks(slots)
        .max_unused_warm_slots(slots);
    pool
}
