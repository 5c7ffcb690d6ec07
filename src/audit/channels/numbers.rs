//! Road that needs no sender: a lookup by a number.
//!
//! ```text
//!     the same seed --> another agent, episodes k and k+1 --its numbers--> table
//!                                                                            |  is a number of the receiver's in it?
//!     the same seed --> sender, episode k, receiver, episode k+1 --its numbers
//! ```
//!
//! An agent may have a table from numbers to places of a run. The first number that it draws then
//! says where it is, and so all that other episodes were shown. A 1 is a table that another agent
//! made under the seed of the receiver, a 0 a table of another seed. If the receiver finds a number
//! of its own in the first table, the road is open.

use super::super::pair::{PairRun, TrialEpisodes};
use super::super::{Error, ProbeCrossing};
use super::Task;
use crate::property::{ViewPair, ViewPart};
use crate::transcript::Transcript;
use crate::value::Seed;

/// Task of another agent, which does the same as the receiver. No other agent is handed this task.
pub(super) const SCOUT: &str = "look ~";

/// Result of a lookup.
pub(super) struct LookedUp {
    receiver: PairRun,
    /// Other runs that the lookup took.
    others: [PairRun; 2],
    /// Number that was found; `None` if there was none.
    pub(super) found: Option<String>,
}

impl LookedUp {
    /// Looks up the receiver's numbers in a table of this seed if the bit is 1, and of another seed
    /// if it is 0.
    pub(super) fn live(task: &Task, seed: Seed, bit: bool) -> Result<Self, Error> {
        let other = seed.derive("another", 0);
        let receiver = task.send(seed, false)?;
        // A value that the receiver sees under any seed is no number.
        let always = task.send(other, false)?;
        let scout = &task.scout;
        let table = PairRun::live(&task.subject, ProbeCrossing::Avoided, if bit { seed } else { other }, scout, scout)?;
        let known = numbers(&table.saw);
        let found = numbers(&receiver.saw)
            .into_iter()
            .find(|number| known.contains(number) && !numbers(&always.saw).contains(number));
        Ok(Self { receiver, others: [always, table], found })
    }

    /// `true` if the wall clock or the operator played a part.
    pub(super) fn is_hurried(&self) -> bool {
        let [always, table] = &self.others;
        [&self.receiver, always, table].iter().any(|run| run.saw.body.end.is_hurried())
    }
}

/// Returns the pair of a lookup for a 1 and one for a 0, with the same seed.
pub(super) fn pair(task: &Task, seed: Seed, lived: &mut TrialEpisodes) -> Result<ViewPair, Error> {
    let (one, zero) = (LookedUp::live(task, seed, true)?, LookedUp::live(task, seed, false)?);
    for looked in [&one, &zero] {
        let [always, table] = &looked.others;
        for run in [&looked.receiver, always, table] {
            lived.add(run)?;
        }
    }
    let before = [format!("a table that {}", task.channel.meaning), "one of another seed".to_owned()];
    let mut pair = one.receiver.pair(&zero.receiver, (task.channel.name, task.road), before, task.channel.looks)?;
    if one.found != zero.found && !one.is_hurried() && !zero.is_hurried() {
        let text = |looked: LookedUp| looked.found.unwrap_or_else(|| "nothing".to_owned());
        let part = ViewPart { field: "numbers".to_owned(), one: text(one), other: text(zero), byte: 0 };
        super::super::pair::part_them(&mut pair, part);
    }
    Ok(pair)
}

/// Returns the numbers of an episode: its seed, from which all of them follow, and those that the
/// agent drew and wrote down.
fn numbers(transcript: &Transcript) -> Vec<String> {
    let drawn = transcript.body.log.iter().filter(|line| line.starts_with("random"));
    std::iter::once(transcript.header.seed.to_string()).chain(drawn.cloned()).collect()
}
