//! Quick form: a few trials on every road, each a 1 beside a 0 with the same seed, to see if
//! anything arrives at all.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::{AuditSubject, Error};
use super::{RoadVerdict, Roads};
use crate::property::{Road, ViewComparison, ViewPair};
use crate::run::spread;

/// Result of the trials on one road.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct QuickResult {
    /// Name of the road.
    pub channel: &'static str,
    /// Declaration of the road.
    pub road: Road,
    /// Number of trials in which both views could be compared.
    pub compared: u32,
    /// Number of compared trials in which the receiver saw something else after a 1 than after a 0.
    pub arrived: u32,
    /// Number of trials in which more was handed on than is declared.
    pub beyond: u32,
}

impl QuickResult {
    /// Returns the verdict. On a road that is not declared nothing may arrive, and a control must
    /// always be seen.
    pub fn verdict(&self) -> RoadVerdict {
        let Self { road, compared, arrived, beyond, .. } = *self;
        match road {
            _ if beyond > 0 => RoadVerdict::Violated,
            _ if compared == 0 => RoadVerdict::Inconclusive,
            Road::Undeclared if arrived > 0 => RoadVerdict::Violated,
            Road::Control if arrived < compared => RoadVerdict::Violated,
            Road::Undeclared | Road::Control | Road::CarryOver(_) | Road::World => RoadVerdict::Holds,
        }
    }

    /// `true` if the road is as declared.
    pub fn holds(&self) -> bool {
        self.verdict() == RoadVerdict::Holds
    }

    /// `true` if the road is shown not to be as declared.
    pub fn is_refuted(&self) -> bool {
        self.verdict() == RoadVerdict::Violated
    }

    fn add(&mut self, pair: &ViewPair) {
        let compared = pair.compared();
        self.compared += u32::from(compared != ViewComparison::Hurried);
        self.arrived += u32::from(compared == ViewComparison::Differ);
        self.beyond += u32::from(matches!(pair.road, Road::CarryOver(_)) && !pair.is_as_declared());
    }
}

/// Tries these roads `trials` times each. `observe` is called after each trial of all roads. The
/// interrupt clock of the engine has to run.
///
/// The result is empty if the operator cancels.
///
/// # Errors
///
/// [`Error`] if the host could not go on.
pub fn quick(
    subject: &AuditSubject,
    roads: &Roads,
    trials: u64,
    observe: &(dyn Fn() + Sync),
) -> Result<Vec<QuickResult>, Error> {
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
    let mut tried: BTreeMap<(Road, &'static str), QuickResult> = BTreeMap::new();
    for lived in lived {
        for pair in &lived?.pairs {
            let (channel, road) = (pair.channel, pair.road);
            let nothing = QuickResult { channel, road, compared: 0, arrived: 0, beyond: 0 };
            tried.entry((road, channel)).or_insert(nothing).add(pair);
        }
    }
    Ok(tried.into_values().collect())
}
