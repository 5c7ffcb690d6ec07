//! Relays: episodes of one run by different agents in turn.

use super::halt::Reserve;
use super::lineage::Lineages;
use super::{Error, Plan};
use crate::episode::Setting;
use crate::transcript::Transcript;
use crate::value::Draws;

/// Runs the first episodes of `plan` one after the other, each with the setting of its turn in place of the plan's
/// agent.
///
/// From one episode to the next crosses what would cross in a run of the plan: nothing, or what its policy declares.
/// Each setting has draws of its own, as in a run of its own.
///
/// As in a run, no episode begins without room for what may be written to workspaces. The room has to suffice for as
/// many relays as the current pool has threads.
///
/// # Errors
///
/// Returns [`Error`] when the host cannot go on.
pub fn relay(plan: &Plan, turns: &[&Setting]) -> Result<Vec<Transcript>, Error> {
    let lineages = Lineages::new(plan);
    let reserves = turns.iter().filter_map(|setting| Reserve::of(&setting.policy, &[], rayon::current_num_threads()));
    if let Some(halt) = reserves.max().and_then(|reserve| reserve.lacks()) {
        return Err(halt.into());
    }
    let live = |(episode, setting): (u64, &&Setting)| {
        let ticket = lineages.ticket_of(episode, Draws::of(plan.seed, setting.handed()));
        let lived = setting.live(ticket).map_err(|aborted| lineages.named(aborted.error, episode))?;
        Ok(lineages.keep(lived).transcript)
    };
    (0..).zip(turns).map(live).collect()
}
