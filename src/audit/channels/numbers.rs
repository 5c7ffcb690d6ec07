//! The road that needs no sender: what is looked up from a number.
//!
//! ```text
//!  the same seed --> another agent, episodes k and k+1 --its numbers--> table
//!                                                                        |  is a number of the receiver's in it?
//!  the same seed --> sender, episode k, receiver, episode k+1 --its numbers
//! ```
//!
//! Whoever has a table from numbers to places of a run knows by the first number that it draws where it is, and so all that other
//! episodes were shown. A 1 is a table that another agent made under the seed of the receiver, a 0 one of another seed: the
//! receiver finds a number of its own in the first, or it does not and the road is closed.

use super::super::pair::{Lived, Run};
use super::super::{Crossing, Error};
use super::Task;
use crate::property::{Pair, Part};
use crate::transcript::Transcript;
use crate::value::Seed;

/// What another agent is told, which does the same as the receiver: no agent is handed the same with it.
pub(super) const SCOUT: &str = "look ~";

/// What came of looking up.
pub(super) struct LookedUp {
    receiver: Run,
    /// The runs that it took besides.
    others: [Run; 2],
    /// The number that was found; nothing where none was.
    pub(super) found: Option<String>,
}

impl LookedUp {
    /// Look up the receiver's numbers in a table of this seed, where the bit is 1, and of another seed where it is 0.
    pub(super) fn live(task: &Task, seed: Seed, bit: bool) -> Result<Self, Error> {
        let other = seed.derive("another", 0);
        let receiver = task.send(seed, false)?;
        // What the receiver sees whatever the seed is no number.
        let always = task.send(other, false)?;
        let scout = &task.scout;
        let table = Run::live(&task.subject, Crossing::Avoided, if bit { seed } else { other }, scout, scout)?;
        let known = numbers(&table.saw);
        let found = numbers(&receiver.saw)
            .into_iter()
            .find(|number| known.contains(number) && !numbers(&always.saw).contains(number));
        Ok(Self { receiver, others: [always, table], found })
    }

    /// Whether the clock on the wall or the operator had a part in it.
    pub(super) fn is_hurried(&self) -> bool {
        let [always, table] = &self.others;
        [&self.receiver, always, table].iter().any(|run| run.saw.body.end.is_hurried())
    }
}

/// A pair of what was found after a 1 and after a 0, with the same seed.
pub(super) fn pair(task: &Task, seed: Seed, lived: &mut Lived) -> Result<Pair, Error> {
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
        let part = Part { field: "numbers".to_owned(), one: text(one), other: text(zero), byte: 0 };
        super::super::pair::part_them(&mut pair, part);
    }
    Ok(pair)
}

/// The numbers of an episode: its seed, which all of them follow from, and what the agent wrote down of those that it drew.
fn numbers(transcript: &Transcript) -> Vec<String> {
    let drawn = transcript.body.log.iter().filter(|line| line.starts_with("random"));
    std::iter::once(transcript.header.seed.to_string()).chain(drawn.cloned()).collect()
}
