//! Relays: episodes of one run that are lived by different agents in turn.

use super::Plan;
use super::lineage::Lineages;
use crate::episode::{Aborted, Setting};
use crate::transcript::Transcript;
use crate::value::Draws;

/// Live the first episodes of `plan` one after the other, each with the setting whose turn it is in place of the plan's agent.
///
/// What crosses from one to the next is what would cross in a run of the plan: nothing, or what its policy declares. Each has draws
/// of its own, as in a run of its own.
///
/// # Errors
///
/// [`Aborted`] where the host could not go on.
pub fn relay(plan: &Plan, turns: &[&Setting]) -> Result<Vec<Transcript>, Box<Aborted>> {
    let lineages = Lineages::new(plan);
    let live = |(episode, setting): (u64, &&Setting)| {
        let ticket = lineages.ticket_of(episode, Draws::of(plan.seed, setting.handed()));
        Ok(lineages.keep(setting.live(ticket)?).transcript)
    };
    (0..).zip(turns).map(live).collect()
}
