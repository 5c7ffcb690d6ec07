//! What a call costs, and the fuel that an episode and its grace have.
//!
//! ```text
//!  0 ---------------- fuel ----- fuel + grace
//!  | the episode       | grace    | trap: outlived
//! ```
//!
//! A store starts with the fuel of the episode and of the grace together. The first call that finds the episode's part used up is
//! the boundary. A boundary that comes earlier cuts what is left down to the grace.

use wasmtime::{StoreContextMut, Trap};

use super::host::Host;
use crate::gate::{Refusal, Told};
use crate::transcript::End;
use crate::wit::dayfly::agent::types as contract;

/// The fuel of an episode, and that of its grace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Until the boundary.
    pub fuel: u64,
    /// After it.
    pub grace: u64,
}

impl Allowance {
    /// Both together: what a store starts with.
    pub const fn total(self) -> u64 {
        self.fuel.saturating_add(self.grace)
    }
}

/// How the fuel of an episode is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meter {
    /// The store holds what is left of the episode's fuel and the grace.
    Running(Allowance),
    /// The store holds what is left of the grace: it had `granted` when `spent` had been used.
    Grace { spent: u64, granted: u64 },
}

impl Meter {
    /// The fuel used, where the store has `left`.
    pub(super) const fn used(self, left: u64) -> u64 {
        match self {
            Self::Running(allowance) => allowance.total().saturating_sub(left),
            Self::Grace { spent, granted } => spent.saturating_add(granted.saturating_sub(left)),
        }
    }

    /// What a call leaves in a store that has `left`: what it costs beyond the episode's fuel is not taken from the grace.
    #[inline]
    fn floor(self, left: u64) -> u64 {
        match self {
            Self::Running(Allowance { grace, .. }) => left.min(grace),
            Self::Grace { .. } => 0,
        }
    }
}

/// What a call costs before it moves a byte, in fuel: about what its work in the host takes.
const CALL: u64 = 64;

/// The least fuel that so many calls of the host cost.
pub const fn least_fuel(calls: u64) -> u64 {
    calls.saturating_mul(CALL)
}

/// Calls that are recorded and not paid for: the one that finds the fuel used up, and what it asks besides.
const UNPAID: u64 = 8;

/// The most calls that are recorded of a component of `code` bytes that has so much fuel.
///
/// The cheapest is the growth of a memory that is refused: one instruction, for one unit. Fuel is looked at where a function or a loop
/// begins, so a straight line that was begun goes on to its end: it has no more instructions than bytes.
pub const fn calls(fuel: u64, code: u64) -> u64 {
    fuel.saturating_add(code).saturating_add(UNPAID)
}

/// The most calls of the host that are recorded of a component that has so much fuel for them, such as its grace: what is refused
/// there is no growth.
pub const fn after_end(fuel: u64) -> u64 {
    (fuel / CALL).saturating_add(UNPAID)
}

/// Answer a call of the contract, which answers with a refusal where it is refused.
#[inline]
pub(super) fn call<T>(
    store: StoreContextMut<'_, Host>,
    moved: usize,
    body: impl FnOnce(&mut Host) -> wasmtime::Result<Result<T, Refusal>>,
) -> wasmtime::Result<(Result<T, contract::Refusal>,)> {
    charged(store, moved, body).map(|answer| (answer.map_err(contract::Refusal::from),))
}

/// Answer a call of the guest: charge it, find out whether that was the last of the fuel, and leave the grace alone after the
/// boundary.
///
/// `moved` is the number of bytes that the call hands over beyond its scalars.
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
    // Code without loops and calls of its own is stopped by neither fuel nor the interrupt clock: its calls of the host are.
    let time = host.watch.glance(cost);
    let goes_on = host.heed(time);
    let is_paid = before >= cost || host.gate.is_open();
    let floor = host.meter.floor(before);
    if before.saturating_sub(cost) < floor {
        host.gate.close(End::Fuel, Told::NotYet);
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

/// Answer the second part of a call, which may have waited: what it moves is charged as that of any other.
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

/// Charge what an answer moved, and leave the grace alone after the boundary.
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
