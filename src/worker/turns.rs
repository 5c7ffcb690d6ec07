//! The world of an episode of several roles, played by the supervisor from the actions that a worker reports.
//!
//! ```text
//!  world --turn()--> role --its action--> step --> turn() --> next role, whose last step is shown to it now
//!       the end of the episode: what each role that waits is shown, and what each is paid
//! ```
//!
//! 1. The role of an action, the steps of each role, its payoff and the role at fault are never taken from a worker. They
//!    follow from the seed, the actions and the end.
//! 2. Steps are kept in the order in which an honest worker shows them.
//! 3. A world that fails goes no further, and each action lies in the space of its role: as in [`play`](super::play).

use super::bounds::Bounds;
use super::parcel::Unread;
use super::play::Played;
use super::report::Rejection;
use crate::agent::ParsedAgent;
use crate::capability;
use crate::environment::{Environment, Nowhere, RoleView, Status, Transition};
use crate::episode::{self, Setting, Ticket};
use crate::transcript::{Detail, End, Recorder, Role, Step};
use crate::value::{Space, Value, wide};

/// Outcome of the actions of an episode of several roles.
pub(super) struct PlayedByTurns {
    /// Outcome of the episode.
    pub(super) whole: Played,
    /// Role of each step, by its index.
    pub(super) by: Vec<usize>,
    /// Role that had the turn at the end.
    pub(super) last: usize,
    /// Payoff of each role.
    pub(super) paid: Vec<f64>,
    /// View that each role has of the world; none where the world failed at its opening.
    views: Vec<RoleView>,
}

impl PlayedByTurns {
    /// Returns the number of steps that a role took.
    pub(super) fn steps_of(&self, role: usize) -> u32 {
        u32::try_from(self.by.iter().filter(|by| **by == role).count()).unwrap_or(u32::MAX)
    }

    /// Returns `true` if a role had a turn.
    pub(super) fn has_begun(&self, role: usize) -> bool {
        self.last == role || self.by.contains(&role)
    }

    /// Returns the view that a role has of the world.
    pub(super) fn view(&self, role: usize) -> Option<&RoleView> {
        self.views.get(role)
    }

    /// Drops the views, and puts the world back into its ticket.
    pub(super) fn put_back(&mut self, ticket: &mut Ticket) {
        put_back(std::mem::take(&mut self.views), ticket);
    }
}

fn put_back(views: Vec<RoleView>, ticket: &mut Ticket) {
    if let Some(world) = views.into_iter().reduce(|_, last| last).and_then(RoleView::into_world) {
        ticket.environment = world;
    }
}

/// Plays the episode of `ticket`, which came to this `end`. The world is in the result until it is put back, or in the
/// ticket where nothing is returned.
pub(super) fn play(
    setting: &Setting<ParsedAgent>,
    ticket: &mut Ticket,
    actions: &[u8],
    end: End,
    bounds: &Bounds,
) -> Result<PlayedByTurns, Rejection> {
    let last_step = setting.last_step(ticket.environment.as_ref());
    let has_roles = |world: &dyn Environment| world.roles().map(|roles| roles.names().len());
    if has_roles(ticket.environment.as_ref()) != Some(setting.roles().len()) {
        return Err(Rejection::Unknown);
    }
    let failed = ticket.environment.open(episode::world_seed(ticket.seed)).err();
    if failed.is_some() {
        let whole = Played { is_all: actions.is_empty(), ..Played::opened(failed) };
        return Ok(PlayedByTurns { whole, by: Vec::new(), last: 0, paid: Vec::new(), views: Vec::new() });
    }
    let world = std::mem::replace(&mut ticket.environment, Box::new(Nowhere));
    let Some(views) = RoleView::of(world) else { return Err(Rejection::Unknown) };
    let spaces = views.iter().map(Environment::actions).collect();
    let names = setting.role_names();
    let most = Recorder::MOST.checked_div(wide(names.len())).unwrap_or(Recorder::MOST);
    let pending = names.iter().map(|_| (None, 0)).collect();
    let detail = setting.policy.record.steps;
    let mut game =
        Game { views, spaces, names, pending, detail, most, last_step, whole: Played::opened(None), by: Vec::new() };
    match game.go(actions, end, bounds) {
        Ok((last, paid)) => {
            let Game { views, whole, by, .. } = game;
            Ok(PlayedByTurns { whole, by, last, paid, views })
        }
        Err(rejection) => {
            put_back(game.views, ticket);
            Err(rejection)
        }
    }
}

/// Episode while it is played.
struct Game {
    views: Vec<RoleView>,
    spaces: Vec<Space>,
    names: Vec<Role>,
    /// Action of each role whose outcome has not been shown, and the number of bytes of its steps so far.
    pending: Vec<(Option<Value>, u64)>,
    detail: Detail,
    /// Number of bytes at which an honest role is stopped.
    most: u64,
    last_step: u32,
    whole: Played,
    by: Vec<usize>,
}

impl Game {
    /// Plays the actions. Returns the role that has the turn at the end, and the payoffs.
    fn go(&mut self, actions: &[u8], end: End, bounds: &Bounds) -> Result<(usize, Vec<f64>), Rejection> {
        let mut rest = Unread::of(actions);
        let mut turn = self.turn();
        while !rest.is_empty() {
            let action: Value = rest.next_within(bounds.action)?;
            let Some((space, view)) = self.spaces.get(turn).zip(self.views.get_mut(turn)) else {
                return Err(Rejection::Contradiction);
            };
            // INVARIANT 3
            let is_stopped = self.pending.get(turn).is_none_or(|(_, bytes)| *bytes >= self.most);
            if space.admits(&action).is_err() || self.whole.steps >= self.last_step || is_stopped {
                return Err(Rejection::Beyond);
            }
            if self.whole.status == Status::Terminated {
                return Err(Rejection::Contradiction);
            }
            let Transition { status, .. } = match view.step(&action) {
                Ok(transition) => transition,
                Err(failed) => {
                    self.whole.failed = Some(failed);
                    break;
                }
            };
            self.whole.steps = self.whole.steps.saturating_add(1);
            self.whole.status = status;
            self.by.push(turn);
            if let Some((pending, _)) = self.pending.get_mut(turn) {
                *pending = Some(action);
            }
            // The role of the last step keeps the turn.
            if status == Status::Running && self.whole.steps < self.last_step {
                turn = self.turn();
                self.show(turn, 0.0);
            }
        }
        self.whole.is_all = rest.is_empty();
        let fault = end.is_a_fault().then_some(turn);
        let mut paid: Vec<f64> = self.views.iter().map(|view| view.payoff(fault)).collect();
        if turn >= paid.len() {
            return Err(Rejection::Contradiction);
        }
        self.whole.total = paid.iter().fold(0.0, |sum, payoff| sum + payoff);
        self.whole.performance = self.views.first().map_or(0.0, Environment::performance);
        // INVARIANT 2: the role that has the turn hears of the end first.
        self.show(turn, paid.get(turn).copied().unwrap_or_default());
        for (role, payoff) in paid.iter().enumerate() {
            self.show(role, *payoff);
        }
        if let Err(failed) = episode::are_finite(&paid, self.whole.performance, &self.whole.trace) {
            self.whole.failed.get_or_insert(failed);
            (self.whole.total, self.whole.performance) = (0.0, 0.0);
            paid.fill(0.0);
            self.whole.trace.clear();
        }
        Ok((turn, paid))
    }

    fn turn(&self) -> usize {
        self.views.first().map_or(0, RoleView::turn)
    }

    /// Shows a role the outcome of its last step, if it waits for that.
    fn show(&mut self, role: usize, reward: f64) {
        let Some((view, (pending, bytes))) = self.views.get(role).zip(self.pending.get_mut(role)) else { return };
        let Some(action) = pending.take().filter(|_| self.detail == Detail::Full) else { return };
        let step = capability::step(view, action, reward, view.observe());
        let step = Step { role: self.names.get(role).cloned(), ..step };
        *bytes = bytes.saturating_add(step.bytes());
        self.whole.trace.push(step);
    }
}
