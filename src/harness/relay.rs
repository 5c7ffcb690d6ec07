//! Relays: episodes of one run that are lived by different agents in turn.

use super::Plan;
use super::lineage::Lineages;
use crate::episode::{Aborted, Setting};
use crate::transcript::Transcript;

/// Live the first episodes of `plan` one after the other, each with the setting whose turn it is in place of the plan's agent.
///
/// What crosses from one to the next is what would cross in a run of the plan: nothing, or what its policy declares.
///
/// # Errors
///
/// [`Aborted`] where the host could not go on.
pub fn relay(plan: &Plan, turns: &[&Setting]) -> Result<Vec<Transcript>, Box<Aborted>> {
    let lineages = Lineages::new(plan);
    let live =
        |(episode, setting): (u64, &&Setting)| Ok(lineages.keep(setting.live(lineages.ticket(episode))?).transcript);
    (0..).zip(turns).map(live).collect()
}
