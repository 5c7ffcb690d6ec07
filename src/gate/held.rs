//! The state of a capability, and the only access to it.

use super::{Capability, Gate, Mode, Refusal, Request, Shortfall, Warrant};

/// State of a capability. It is private to this module: only a [`Permit`] reaches it.
#[derive(Debug)]
pub struct Held<S> {
    state: S,
    capability: &'static Capability,
}

/// Permission to answer one request.
#[must_use = "a permit that is not answered leaves its request without an effect"]
#[derive(Debug)]
pub struct Permit<'a, S> {
    state: &'a mut S,
    mode: Mode,
}

/// Proof that a request was permitted, whose answer comes in two parts: first the effect, and later the result that
/// is shown.
#[must_use = "a request that is not resumed is never answered"]
#[derive(Debug)]
pub struct PendingPermit(());

impl<S> Held<S> {
    /// Holds the `state` of a capability.
    pub const fn new(state: S, capability: &'static Capability) -> Self {
        Self { state, capability }
    }

    /// Requests permission to answer a request.
    ///
    /// `check` returns the number of bytes that the answer will move, or the ground on which the state refuses the
    /// request. It runs after the boundary and the warrant have been checked. It sees the state but cannot change it.
    ///
    /// # Errors
    ///
    /// Returns the refusal that the agent reads. The refusal has been recorded.
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

    /// Answers the second part of a request.
    #[expect(clippy::needless_pass_by_value, reason = "it is good for one answer")]
    pub fn resume<T>(&mut self, waiting: PendingPermit, answer: impl FnOnce(&mut S) -> T) -> T {
        // INVARIANT 1: a permit was given, and its second part is answered once.
        let PendingPermit(()) = waiting;
        answer(&mut self.state)
    }

    /// Returns the state, at the close.
    pub fn surrender(self) -> S {
        self.state
    }
}

impl<S> Permit<'_, S> {
    /// Answers the request. A granted request has its effect. A tripwire is answered with `pretence`, which cannot
    /// change anything.
    #[inline]
    pub fn answer<T>(self, effect: impl FnOnce(&mut S) -> T, pretence: impl FnOnce(&S) -> T) -> T {
        // INVARIANT 1: `self` is consumed.
        match self.mode {
            Mode::Grant => effect(self.state),
            Mode::Deny | Mode::Tripwire => pretence(self.state),
        }
    }

    /// Answers the first part of a granted request. For a tripwire, `pretence` is the whole answer.
    ///
    /// # Errors
    ///
    /// Returns the pretence, with which the request has been answered.
    pub fn begin<T, U>(
        self,
        effect: impl FnOnce(&mut S) -> T,
        pretence: impl FnOnce(&S) -> U,
    ) -> Result<(T, PendingPermit), U> {
        match self.mode {
            Mode::Grant => Ok((effect(self.state), PendingPermit(()))),
            Mode::Deny | Mode::Tripwire => Err(pretence(self.state)),
        }
    }
}
