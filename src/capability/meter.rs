//! Meter: the cost of a call, and the fuel of an episode and its grace.
//!
//! ```text
//!  0 ---------------- fuel ----- fuel + grace
//!  | the episode       | grace    | trap: outlived
//! ```
//!
//! A store starts with the fuel of the episode and of the grace together. The first call that finds
//! the episode's part used up closes the episode. If the boundary comes earlier, the remaining fuel
//! is cut down to the grace.

use wasmtime::{StoreContextMut, Trap};

use super::host::Host;
use crate::gate::{Awareness, Refusal};
use crate::transcript::End;
use crate::wit::dayfly::agent::types as contract;

/// Fuel of an episode and of its grace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Fuel until the boundary.
    pub fuel: u64,
    /// Fuel after the boundary.
    pub grace: u64,
}

impl Allowance {
    /// Returns the sum of both, which a store starts with.
    pub const fn total(self) -> u64 {
        self.fuel.saturating_add(self.grace)
    }
}

/// State of the count of an episode's fuel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meter {
    /// The store holds the rest of the episode's fuel, and the grace.
    Running(Allowance),
    /// The store holds the rest of the grace. It had `granted` when `spent` had been used.
    Grace { spent: u64, granted: u64 },
}

impl Meter {
    /// Returns the fuel used, for a store that has `left`.
    pub(super) const fn used(self, left: u64) -> u64 {
        match self {
            Self::Running(allowance) => allowance.total().saturating_sub(left),
            Self::Grace { spent, granted } => spent.saturating_add(granted.saturating_sub(left)),
        }
    }

    /// Returns the fuel that a call must leave in a store that has `left`. A call that costs more
    /// than the rest of the episode's fuel does not use the grace.
    #[inline]
    fn floor(self, left: u64) -> u64 {
        match self {
            Self::Running(Allowance { grace, .. }) => left.min(grace),
            Self::Grace { .. } => 0,
        }
    }
}

/// Cost of a call before it moves a byte, in fuel: about as much as its work in the host.
const CALL: u64 = 64;

/// Returns the least fuel that this number of calls costs.
pub const fn least_fuel(calls: u64) -> u64 {
    calls.saturating_mul(CALL)
}

/// Number of recorded calls that are not paid for: the one that finds the fuel used up, and the
/// requests that this call makes besides.
const UNPAID: u64 = 8;

/// Returns the maximum number of recorded calls for a component of `code` bytes with this much
/// fuel.
///
/// The cheapest recorded call is a refused growth of a memory: one instruction, for one unit. Fuel
/// is checked where a function or a loop begins, so code without either runs to its end. Such code
/// has no more instructions than bytes.
pub const fn calls(fuel: u64, code: u64) -> u64 {
    fuel.saturating_add(code).saturating_add(UNPAID)
}

/// Returns the maximum number of recorded calls of the host that this much fuel pays for, such as
/// the grace. Refused growths are not among them.
pub const fn after_end(fuel: u64) -> u64 {
    (fuel / CALL).saturating_add(UNPAID)
}

/// Answers a call of the contract. A refusal is a value of its result.
#[inline]
pub(super) fn call<T>(
    store: StoreContextMut<'_, Host>,
    moved: usize,
    body: impl FnOnce(&mut Host) -> wasmtime::Result<Result<T, Refusal>>,
) -> wasmtime::Result<(Result<T, contract::Refusal>,)> {
    charged(store, moved, body).map(|answer| (answer.map_err(contract::Refusal::from),))
}

/// Answers a call of the guest. It charges the call, closes the episode if that used the last fuel,
/// and after the boundary leaves the grace as it is.
///
/// `moved` is the number of bytes that the call passes in beyond its scalars.
#[inline]
pub(super) fn charged<T>(
    mut store: StoreContextMut<'_, Host>,
    moved: usize,
    body: impl FnOnce(&mut Host) -> wasmtime::Result<T>,
) -> wasmtime::Result<T> {
    let before = store.get_fuel()?;
    let host = store.data_mut();
    // INVARIANT 2: charged before the effect.
    let cost = CALL.saturating_add(u64::try_from(moved).unwrap_or(u64::MAX));
    // Neither fuel nor the interrupt clock stops code without loops and calls of its own. Its calls
    // of the host check the clock.
    let time = host.watch.glance(cost);
    let goes_on = host.heed(time);
    let is_paid = before >= cost || host.gate.is_open();
    let floor = host.meter.floor(before);
    if before.saturating_sub(cost) < floor {
        host.gate.close(End::Fuel, Awareness::NotYet);
    }
    let left = before.saturating_sub(cost).max(floor);
    let answer = body(host)?;
    settle(&mut store, left, floor)?;
    match (goes_on, is_paid) {
        (true, true) => Ok(answer),
        (true, false) => Err(Trap::OutOfFuel.into()),
        (false, _) => Err(Trap::Interrupt.into()),
    }
}

/// Answers the second part of a call, which may have waited. The bytes of the answer are charged
/// like those of any other.
pub(super) fn resumed<T>(
    mut store: StoreContextMut<'_, Host>,
    body: impl FnOnce(&mut Host) -> T,
) -> wasmtime::Result<T> {
    let before = store.get_fuel()?;
    let host = store.data_mut();
    let time = host.watch.look();
    let goes_on = host.heed(time);
    let floor = host.meter.floor(before);
    let answer = body(host);
    settle(&mut store, before, floor)?;
    if goes_on { Ok(answer) } else { Err(Trap::Interrupt.into()) }
}

/// Charges the bytes of an answer, and after the boundary leaves the grace as it is.
#[inline]
fn settle(store: &mut StoreContextMut<'_, Host>, left: u64, floor: u64) -> wasmtime::Result<()> {
    let host = store.data_mut();
    let left = left.saturating_sub(host.gate.take_owed()).max(floor);
    let left = match host.meter {
        Meter::Running(Allowance { grace, .. }) if host.gate.end().is_some() => {
            let granted = left.min(grace);
            host.meter = Meter::Grace { spent: host.meter.used(left), granted };
            granted
        }
        Meter::Running(_) | Meter::Grace { .. } => left,
    };
    store.set_fuel(left)
}
