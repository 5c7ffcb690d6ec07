//! The engine that every component of a run is compiled for, and what it is allowed to compile.

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

/// What an agent may be made of: version 2 of WebAssembly, additions in constants, and components. What is not here is refused,
/// however far a later engine is with it. A module may have several memories: the engine itself joins components by such modules.
pub(super) const ADMITTED: WasmFeatures = WasmFeatures::WASM2
    .difference(WasmFeatures::GC_TYPES)
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::MULTI_MEMORY)
    .union(WasmFeatures::COMPONENT_MODEL);
/// The most bytes of wasm stack.
const STACK: usize = 512 << 10;
/// Bytes of stack of a thread that lives episodes: half a MiB for the component, and what the host needs below it, where a call is
/// made from the last of it. A thread with less may overflow its own stack, which ends the process.
pub const THREAD_STACK: usize = 4 << 20;
/// What is zeroed in place, rather than unmapped, when a memory goes back to the pool.
const KEEP_RESIDENT: usize = 128 << 10;
/// Bytes of the host's own bookkeeping for one component instance.
const INSTANCE_SIZE: usize = 1 << 20;

/// An engine with a pool of instances, and the contract linked once.
#[derive(Clone)]
pub struct Engine {
    pub(super) inner: wasmtime::Engine,
    pub(super) linker: Linker<Host>,
    /// The same contract, where a step waits for the turn of its role.
    pub(super) by_turns: Arc<Linker<Host>>,
    pub(super) clock: Arc<Clock>,
    /// What each of its instances has at the most.
    pub(super) limits: MemoryLimits,
}

impl Engine {
    /// An engine whose pool holds `episodes` at a time, each within `limits`.
    ///
    /// # Errors
    ///
    /// Fails where the host cannot reserve the address space for the pool.
    pub fn new(limits: MemoryLimits, episodes: u32) -> wasmtime::Result<Self> {
        Self::linking(limits, episodes, |_| true)
    }

    /// The same without WASI, which no agent of it can import: to measure what it costs those that do not.
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
            // A role waits for its turn on a stack of its own, which is as large as that of a thread.
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

    /// Compile the least that there is on this thread, and make it executable: whether a process may do so still.
    ///
    /// # Errors
    ///
    /// Why not.
    pub fn make_code(&self) -> wasmtime::Result<()> {
        wasmtime::Module::new(&self.inner, "(module (func (export \"run\")))").map(|_| ())
    }

    /// The digest of all that the code it makes depends on: its version, its configuration, and the processor.
    pub fn digest(&self) -> Digest {
        let mut fed = Fed(Hasher::default());
        self.inner.precompile_compatibility_hash().hash(&mut fed);
        fed.0.finish()
    }
}

/// What the engine says of itself, byte for byte: 64 bits of it would not tell all engines apart.
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

/// `memory.grow` and `table.grow` cost nothing by default, and both make the host work.
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
        // One module may have all of them.
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
