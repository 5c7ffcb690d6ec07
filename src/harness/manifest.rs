//! What a run is, from its plan.

use std::borrow::Cow;

use super::Plan;
use crate::agent::Known;
use crate::capability::{PACKAGE, VERSION};
use crate::ledger::{FORMAT, Named, Run};
use crate::value::Digest;

impl<A: AsRef<Known>> Plan<A> {
    /// What this run is, as its manifest says it.
    pub fn manifest(&self) -> Run {
        let agent = self.agent.as_ref();
        Run {
            ledger: FORMAT,
            dayfly: env!("CARGO_PKG_VERSION").into(),
            wasmtime: crate::agent::ENGINE_VERSION.into(),
            contract: format!("{PACKAGE}@{VERSION}"),
            agent: Named { name: agent.name().to_owned(), digest: agent.digest() },
            instructions: agent.instructions().map(str::to_owned),
            imports: agent.imports().iter().copied().map(Cow::from).collect(),
            policy: Named { name: self.policy.name.clone(), digest: self.policy.digest() },
            effective: self.policy.effective(),
            environment: Named { name: self.world.name.clone(), digest: Digest::of(self.world.definition.as_bytes()) },
            definition: self.world.definition.clone(),
            task: self.task.as_deref().map(str::to_owned),
            seed: self.seed,
            draws: self.draws.as_deref().map(str::to_owned),
            episodes: self.episodes,
            lineages: self.lineages,
        }
    }
}
