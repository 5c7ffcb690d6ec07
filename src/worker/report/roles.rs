//! The validation of a report of several roles.
//!
//! ```text
//!  PartReport of each role, its share of the policy --> Part --validate--> RoleBody
//!                                                         ^ turns and payoffs, as the supervisor plays them
//! ```
//!
//! 1. Names, steps and payoffs of the roles, and the role at fault, are the supervisor's. The members of the episode are
//!    the sums over its roles, and are not told.
//! 2. A role that had no turn was absent, and any other one was not.
//! 3. Each role hands on no more than the policy declares, to the same role of the next episode.

use std::sync::Arc;

use super::super::bounds::Bounds;
use super::super::frame::Bytes;
use super::super::part::{Part, TurnOrder};
use super::super::turns::{self, PlayedByTurns};
use super::super::validate::validate;
use super::{EpisodeReport, PartReport, Rejection, Validated, carry_over, demands};
use crate::agent::ParsedAgent;
use crate::environment::Nowhere;
use crate::episode::{self, Aborted, Finished, Setting, Ticket};
use crate::transcript::{Body, Closing, End, Entry, Lesson, Role, RoleBody, Transcript};
use crate::value::Digest;

impl PartReport {
    /// Returns the part of a role, as its worker reports it.
    pub(super) fn of(role: RoleBody) -> Self {
        let RoleBody {
            role: _,
            closing,
            cause,
            steps: _,
            total: _,
            fuel,
            calls,
            violations,
            notices,
            tripwires,
            after_end,
            log,
            released,
            residue,
            learned,
        } = role;
        let mut body = Body {
            closing,
            cause,
            fuel,
            violations,
            notices,
            tripwires,
            after_end,
            log,
            released,
            residue,
            learned,
            ..Body::default()
        };
        body.calls.count = calls;
        Self { body, next: None }
    }

    /// Adds the carry-over of the next episode, if `learn` returned a new one.
    pub(super) fn carrying(&mut self, carry_over: &[u8]) {
        let is_new = self.body.learned.as_ref().is_some_and(|learned| learned.outcome == Lesson::Carried);
        self.next = is_new.then(|| Bytes(carry_over.to_vec()));
    }

    /// Returns the body of the role, which took so many steps and is paid `total`.
    fn role(self, role: Role, steps: u32, total: f64) -> RoleBody {
        let Body {
            closing,
            cause,
            fuel,
            calls,
            violations,
            notices,
            tripwires,
            after_end,
            log,
            released,
            residue,
            learned,
            ..
        } = self.body;
        let calls = calls.count;
        RoleBody {
            role,
            closing,
            cause,
            steps,
            total,
            fuel,
            calls,
            violations,
            notices,
            tripwires,
            after_end,
            log,
            released,
            residue,
            learned,
        }
    }
}

impl EpisodeReport {
    /// Validates the report of an episode of several roles.
    pub(super) fn believe_by_turns(
        self,
        setting: &Setting<ParsedAgent>,
        bounds: &Bounds,
        ticket: &mut Ticket,
    ) -> Result<Validated, Rejection> {
        let names = setting.role_names();
        if self.roles.len() != names.len() {
            return Err(Rejection::Unknown);
        }
        let Self { body, roles: mut parts, actions, .. } = self;
        let is_aborted = body.end == End::Aborted;
        let carry_overs = carried(&mut parts, setting, ticket, is_aborted)?;
        let mut transcript = Transcript { header: setting.header(ticket), body: Body::default() };
        let last_step = setting.last_step(ticket.environment.as_ref());
        let mut played = turns::play(setting, ticket, &actions.0, body.end, bounds)?;
        let held = held(setting, bounds, &mut transcript, (body, parts), &played, last_step);
        played.put_back(ticket);
        if let Some(failed) = played.whole.failed {
            if !is_aborted || held.is_err() || !played.whole.is_all {
                transcript.body = Body::default();
            }
            return Ok(Err(Box::new(Aborted { transcript, error: episode::Error::World(failed) })));
        }
        if is_aborted {
            return Err(Rejection::Unknown);
        }
        held?;
        let demands = demands(setting, &transcript.body.violations);
        let environment = std::mem::replace(&mut ticket.environment, Box::new(Nowhere));
        let carry_over = Arc::clone(&ticket.carry_over);
        Ok(Ok(Finished { transcript, environment, carry_over, carry_overs, demands }))
    }
}

/// INVARIANT 3: returns the carry-over of each role for the next episode, and writes their digests.
fn carried(
    parts: &mut [PartReport],
    setting: &Setting<ParsedAgent>,
    ticket: &Ticket,
    is_aborted: bool,
) -> Result<Vec<Arc<[u8]>>, Rejection> {
    let mut carry_overs = ticket.carry_overs.clone();
    for (role, (PartReport { body, next }, (agent, _))) in parts.iter_mut().zip(setting.shares()).enumerate() {
        let learns = setting.has_lessons_of(agent) && !is_aborted && body.closing != Closing::Absent;
        let before = ticket.carry_overs.get(role).map_or_else(|| Arc::from([]), Arc::clone);
        let after = carry_over(body, next.as_ref(), learns, &before)?;
        if let Some(learned) = &mut body.learned {
            learned.carry_over = Digest::of(&after);
        }
        if let Some(slot) = carry_overs.get_mut(role) {
            *slot = after;
        }
    }
    Ok(carry_overs)
}

/// Fills the transcript from what was told and what was played, and validates it.
fn held(
    setting: &Setting<ParsedAgent>,
    bounds: &Bounds,
    transcript: &mut Transcript,
    (told, mut parts): (Body, Vec<PartReport>),
    played: &PlayedByTurns,
    last_step: u32,
) -> Result<(), Rejection> {
    let names = setting.role_names();
    for (name, PartReport { body, .. }) in names.iter().zip(&mut parts) {
        let own = |entry: &&Entry| entry.role.as_ref() == Some(name);
        (body.end, body.steps, body.entries_cut) = (told.end, played.whole.steps, told.entries_cut);
        body.entries = told.entries.iter().filter(own).cloned().collect();
    }
    let whole = &mut transcript.body;
    *whole = whole_of(told, &parts, played);
    let paid = |role: usize| played.paid.get(role).copied().unwrap_or_default();
    let fault = Some(played.last).filter(|_| whole.end.is_a_fault());
    whole.fault = fault.and_then(|role| names.get(role)).cloned();
    // INVARIANT 1
    let roles = names.iter().cloned().zip(parts.iter().cloned()).enumerate();
    whole.roles = roles.map(|(index, (name, part))| part.role(name, played.steps_of(index), paid(index))).collect();
    whole.reproducible = whole.follows_from_its_seed();
    let order = TurnOrder { by: &played.by, last: played.last };
    let shares = setting.shares();
    let of_one = |index: usize, part: &'_ PartReport| (index, part.body.residue.is_empty());
    let limits = parts.iter().enumerate().map(|(index, part)| of_one(index, part)).map(|(index, is_clean)| {
        let (view, (agent, _)) = played.view(index).zip(shares.get(index)).filter(|_| !is_clean)?;
        Some(setting.limit_of(agent, view))
    });
    let limits: Vec<_> = limits.collect();
    let held: Option<Vec<Part<'_>>> = (0..names.len())
        .map(|index| {
            Some(Part {
                role: names.get(index),
                agent: shares.get(index)?.0,
                share: shares.get(index)?.1.clone(),
                bounds: *bounds.parts.get(index)?,
                body: &parts.get(index)?.body,
                own_steps: played.steps_of(index),
                by: Some((&played.by, index)),
                is_last: played.last == index,
                limit: limits.get(index).copied().flatten(),
            })
        })
        .collect();
    let held = held.ok_or(Rejection::Unknown)?;
    validate(transcript, setting, &held, order, (played.whole.status, last_step))?;
    if held.iter().enumerate().all(|(index, part)| is_there(index, part, played)) {
        Ok(())
    } else {
        Err(Rejection::Contradiction)
    }
}

/// Returns the members of an episode that are told for the whole, or are the sums over its roles.
fn whole_of(told: Body, parts: &[PartReport], played: &PlayedByTurns) -> Body {
    let mut whole = Body {
        end: told.end,
        entries: told.entries,
        entries_cut: told.entries_cut,
        calls: told.calls,
        steps: played.whole.steps,
        total: played.whole.total,
        performance: played.whole.performance,
        trace: played.whole.trace.clone(),
        ..Body::default()
    };
    whole.calls.count = 0;
    for PartReport { body, .. } in parts {
        whole.calls.count = whole.calls.count.saturating_add(body.calls.count);
        whole.fuel = whole.fuel.saturating_add(body.fuel);
        whole.after_end = whole.after_end.saturating_add(body.after_end);
        whole.violations.merge(&body.violations);
        whole.notices.merge(&body.notices);
        whole.tripwires.merge(&body.tripwires);
    }
    let closings = parts.iter().map(|part| part.body.closing);
    whole.closing = closings.max_by_key(|closing| closing.weight()).unwrap_or(Closing::Stopped);
    let cause = parts.iter().find_map(|part| part.body.cause.clone());
    whole.cause = cause.filter(|_| whole.closing == Closing::Trapped);
    whole
}

/// INVARIANT 2: returns `true` if the role was there at its turns, and left as the end says.
fn is_there(index: usize, part: &Part<'_>, played: &PlayedByTurns) -> bool {
    let Body { end, closing, log, released, residue, .. } = part.body;
    let left = match end {
        _ if !part.is_last => true,
        End::Returned => *closing == Closing::Returned,
        End::Trapped => *closing == Closing::Trapped,
        _ => true,
    };
    let is_absent = *closing == Closing::Absent;
    is_absent != played.has_begun(index)
        && (!is_absent || (log.is_empty() && released.is_empty() && residue.is_empty()))
        && left
}
