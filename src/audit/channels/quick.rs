//! The quick form: a few trials on every road, each a 1 beside a 0 with the same seed, and whether anything arrives at all.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::{Error, Subject};
use super::{Roads, Verdict};
use crate::property::{Compared, Pair, Road};
use crate::run::spread;

/// What came of the trials on one road.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Tried {
    /// The road.
    pub channel: &'static str,
    /// Whether it is declared.
    pub road: Road,
    /// In how many trials both views were there to compare.
    pub compared: u32,
    /// In how many of them the receiver saw something else after a 1 than after a 0.
    pub arrived: u32,
    /// In how many more was handed on than is declared.
    pub beyond: u32,
}

impl Tried {
    /// What that says: on a road that is not declared nothing arrives, and what was opened on purpose is seen.
    pub fn verdict(&self) -> Verdict {
        let Self { road, compared, arrived, beyond, .. } = *self;
        match road {
            _ if beyond > 0 => Verdict::Violated,
            _ if compared == 0 => Verdict::Inconclusive,
            Road::Undeclared if arrived > 0 => Verdict::Violated,
            Road::Control if arrived < compared => Verdict::Violated,
            Road::Undeclared | Road::Control | Road::CarryOver(_) | Road::World => Verdict::Holds,
        }
    }

    /// Whether it is as declared.
    pub fn holds(&self) -> bool {
        self.verdict() == Verdict::Holds
    }

    /// Whether it is shown not to be.
    pub fn is_refuted(&self) -> bool {
        self.verdict() == Verdict::Violated
    }

    fn add(&mut self, pair: &Pair) {
        let compared = pair.compared();
        self.compared += u32::from(compared != Compared::Hurried);
        self.arrived += u32::from(compared == Compared::Differ);
        self.beyond += u32::from(matches!(pair.road, Road::CarryOver(_)) && !pair.is_as_declared());
    }
}

/// Try these roads `trials` times each; `observe` is called after each trial of all. The interrupt
/// clock of the engine has to run.
///
/// Where the operator cancels it is nothing.
///
/// # Errors
///
/// [`Error`] where the host could not go on.
pub fn quick(subject: &Subject, roads: &Roads, trials: u64, observe: &(dyn Fn() + Sync)) -> Result<Vec<Tried>, Error> {
    let lived = subject.threads.install(|| {
        spread(0..trials, &subject.cancel, &|trial| {
            let lived = roads.live(trial);
            observe();
            lived
        })
    });
    if subject.cancel.is_cancelled() {
        return Ok(Vec::new());
    }
    let mut tried: BTreeMap<(Road, &'static str), Tried> = BTreeMap::new();
    for lived in lived {
        for pair in &lived?.pairs {
            let (channel, road) = (pair.channel, pair.road);
            let nothing = Tried { channel, road, compared: 0, arrived: 0, beyond: 0 };
            tried.entry((road, channel)).or_insert(nothing).add(pair);
        }
    }
    Ok(tried.into_values().collect())
}
