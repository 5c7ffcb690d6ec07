//! `wasi:clocks`: logical time. It begins at 0 with every episode, and a step takes a second. A
//! wait passes at once.

use wasmtime::component::{Linker, Resource};

use super::handles::Pollable;
use super::link::Interface;
use super::operations::{
    MONOTONIC_NOW, MONOTONIC_RESOLUTION, SUBSCRIBE_DURATION, SUBSCRIBE_INSTANT, WALL_NOW, WALL_RESOLUTION,
};
use super::types::Datetime;
use super::{State, or_trap};
use crate::capability::Host;
use crate::transcript::{Operation, RecordedArgument};

/// Nanoseconds of a second, and of a step.
const SECOND: u64 = 1_000_000_000;
/// Nanoseconds of a tick: a wait may be any number of nanoseconds.
const TICK: u64 = 1;

impl State {
    /// Returns the time after `step` steps, in nanoseconds.
    pub(super) fn now(&self, step: u32) -> u64 {
        u64::from(step).saturating_mul(SECOND).saturating_add(self.waited)
    }

    /// Returns `true` if a pollable is ready.
    pub(super) fn is_ready(&self, pollable: Pollable, step: u32) -> bool {
        match pollable {
            Pollable::Ready => true,
            Pollable::At(instant) => instant <= self.now(step),
        }
    }

    /// Advances the clock until one of the pollables is ready. Returns the indices of those that
    /// are.
    pub(super) fn wait(&mut self, pollables: &[Pollable], step: u32) -> Vec<u32> {
        // INVARIANT 1: a wait takes no time.
        let instants = pollables.iter().map(|pollable| match pollable {
            Pollable::Ready => 0,
            Pollable::At(instant) => *instant,
        });
        let more = instants.min().unwrap_or(0).saturating_sub(self.now(step));
        self.waited = self.waited.saturating_add(more);
        (0..).zip(pollables).filter(|(_, pollable)| self.is_ready(**pollable, step)).map(|(index, _)| index).collect()
    }
}

impl Host {
    /// Returns the time. After a refusal the time stands still.
    fn time(&mut self, operation: Operation) -> wasmtime::Result<u64> {
        let (step, told) = (self.gate.step(), self.handles.told);
        let asked = self.ask_wasi(operation, &[], |_, _| Ok(0), |state| state.now(step), || told);
        self.handles.told = asked.or_else(|refusal| or_trap(&refusal, || told))?;
        Ok(self.handles.told)
    }

    fn timer(
        &mut self,
        operation: Operation,
        number: u64,
        instant: impl FnOnce(u64) -> u64,
    ) -> wasmtime::Result<Resource<Pollable>> {
        let step = self.gate.step();
        self.hand_out(
            operation,
            &[RecordedArgument::Number(number)],
            |state| Pollable::At(instant(state.now(step))),
            || Pollable::Ready,
        )
    }
}

fn datetime(nanoseconds: u64) -> Datetime {
    let rest = nanoseconds % SECOND;
    Datetime { seconds: nanoseconds / SECOND, nanoseconds: u32::try_from(rest).unwrap_or(0) }
}

pub(super) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    Interface::of(linker, "clocks/monotonic-clock")?
        .function(MONOTONIC_NOW, |()| 0, |host, ()| host.time(MONOTONIC_NOW))?
        .function(MONOTONIC_RESOLUTION, |()| 0, |host, ()| Ok(host.note_wasi(MONOTONIC_RESOLUTION, &[], TICK)))?
        .function(
            SUBSCRIBE_INSTANT,
            |_| 0,
            |host, (instant,): (u64,)| host.timer(SUBSCRIBE_INSTANT, instant, |_| instant),
        )?
        .function(
            SUBSCRIBE_DURATION,
            |_| 0,
            |host, (duration,): (u64,)| host.timer(SUBSCRIBE_DURATION, duration, |now| now.saturating_add(duration)),
        )?;
    Interface::of(linker, "clocks/wall-clock")?
        .function(WALL_NOW, |()| 0, |host, ()| host.time(WALL_NOW).map(datetime))?
        .function(WALL_RESOLUTION, |()| 0, |host, ()| Ok(host.note_wasi(WALL_RESOLUTION, &[], datetime(TICK))))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Seed;

    const FRESH: State = State { waited: 0, seed: Seed(0), stream: None, drawn: 0 };

    #[test]
    fn waiting_lets_the_clock_go_on_to_the_first_instant_and_no_further() {
        let mut state = FRESH;
        let (soon, late) = (Pollable::At(5), Pollable::At(u64::MAX));
        assert_eq!(state.wait(&[late, soon], 0), [1]);
        assert_eq!(state.now(0), 5);
        assert_eq!(state.wait(&[late, Pollable::Ready, soon], 0), [1, 2]);
        assert_eq!(state.now(0), 5);
        assert_eq!(state.now(2), 2 * SECOND + 5);
    }

    #[test]
    fn the_end_of_time_is_no_overflow() {
        let mut state = FRESH;
        assert_eq!(state.wait(&[Pollable::At(u64::MAX)], 3), [0]);
        assert_eq!(state.now(3), u64::MAX);
        assert_eq!(state.now(u32::MAX), u64::MAX);
    }

    #[test]
    fn a_time_is_split_into_seconds_and_nanoseconds() {
        let Datetime { seconds, nanoseconds } = datetime(3 * SECOND + 7);
        assert_eq!((seconds, nanoseconds), (3, 7));
    }
}
