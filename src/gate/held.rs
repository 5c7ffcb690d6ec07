//! A capability's state, and the only way to it.

use super::{Capability, Gate, Mode, Refusal, Request, Shortfall, Warrant};

/// The state of a capability. It is private to this module: only a [`Permit`] reaches it.
#[derive(Debug)]
pub struct Held<S> {
    state: S,
    capability: &'static Capability,
}

/// Leave to answer one request.
#[must_use = "a permit that is not answered leaves its request without an effect"]
#[derive(Debug)]
pub struct Permit<'a, S> {
    state: &'a mut S,
    mode: Mode,
}

/// Proof that a request was permitted whose answer comes in two parts: what it does, and later what is shown of it.
#[must_use = "a request that is not resumed is never answered"]
#[derive(Debug)]
pub struct Waiting(());

impl<S> Held<S> {
    /// Hold the `state` of a capability.
    pub const fn new(state: S, capability: &'static Capability) -> Self {
        Self { state, capability }
    }

    /// Ask for leave to answer a request.
    ///
    /// `check` says whether the state allows it, and how many bytes the answer will move; it is asked after the boundary and
    /// the warrant, and sees the state but cannot change it.
    ///
    /// # Errors
    ///
    /// The refusal that the agent reads. It has been recorded.
    #[inline]
    pub fn ask<'a>(
        &'a mut self,
        gate: &mut Gate,
        warrant: &Warrant,
        request: &Request<'_>,
        check: impl FnOnce(&S) -> Result<usize, Shortfall>,
    ) -> Result<Permit<'a, S>, Refusal> {
        let Self { state, capability } = self;
        let mode = gate.decide(warrant, capability, request, || check(state))?;
        Ok(Permit { state, mode })
    }

    /// Answer the second part of a request.
    #[expect(clippy::needless_pass_by_value, reason = "it is good for one answer")]
    pub fn resume<T>(&mut self, waiting: Waiting, answer: impl FnOnce(&mut S) -> T) -> T {
        // INVARIANT 1: a permit was given, and its second part is answered once.
        let Waiting(()) = waiting;
        answer(&mut self.state)
    }

    /// Give up the state, at the close.
    pub fn surrender(self) -> S {
        self.state
    }
}

impl<S> Permit<'_, S> {
    /// Answer the request: with the effect where it is granted, and with `pretence`, which cannot change anything, where it
    /// is a tripwire.
    #[inline]
    pub fn answer<T>(self, effect: impl FnOnce(&mut S) -> T, pretence: impl FnOnce(&S) -> T) -> T {
        // INVARIANT 1: `self` is consumed.
        match self.mode {
            Mode::Grant => effect(self.state),
            Mode::Deny | Mode::Tripwire => pretence(self.state),
        }
    }

    /// Answer the first part of a request, where it is granted; where it is a tripwire, `pretence` is the whole answer.
    ///
    /// # Errors
    ///
    /// The pretence: the request has been answered.
    pub fn begin<T, U>(
        self,
        effect: impl FnOnce(&mut S) -> T,
        pretence: impl FnOnce(&S) -> U,
    ) -> Result<(T, Waiting), U> {
        match self.mode {
            Mode::Grant => Ok((effect(self.state), Waiting(()))),
            Mode::Deny | Mode::Tripwire => Err(pretence(self.state)),
        }
    }
}
