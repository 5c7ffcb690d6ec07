//! One property, asked of one agent by a program.

use std::sync::Arc;

use super::{Error, OnFailure, Rules, SeedOrigin, Selection, Stage, StageError, run};
use crate::agent::AgentSource;
use crate::environment::World;
use crate::episode::Cancel;
use crate::policy::Policy;
use crate::property::{Property, Verdict};
use crate::value::Seed;

impl Stage {
    /// Verdict on a property of an agent under a policy: in `world`, or in the property's own without one. Nothing where it was cancelled.
    ///
    /// Every random choice follows from `seed`. Of an agent that is not trusted it is asked with one that whoever built it could not know.
    ///
    /// ```no_run
    /// use dayfly::{AgentSource, Judgement, Policy, Property, Seed, Stage, Threads};
    ///
    /// let (agent, policy) = (AgentSource::shipped("direct").ok_or("no such agent")?, Policy::shipped("strict").ok_or("no such policy")?);
    /// let property = Property::find("boundary").ok_or("no such property")?;
    /// let verdict = Stage::new(Threads::new(2)?).ask(property, &agent, policy, None, Seed(7), &Default::default())?;
    /// assert!(verdict.is_some_and(|verdict| verdict.finding == Judgement::Holds));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`StageError`] where the agent is none, or a trial could not be carried out.
    pub fn ask(
        &self,
        property: &'static Property,
        agent: &AgentSource,
        policy: impl Into<Arc<Policy>>,
        world: Option<World>,
        seed: Seed,
        cancel: &Cancel,
    ) -> Result<Option<Verdict>, StageError> {
        let (policy, learns) = (policy.into(), self.known(agent)?.learns());
        let selection = Selection {
            agents: vec![(Arc::new(agent.clone()), learns)],
            rules: vec![Rules { text: policy.name.clone(), policy }],
            worlds: world.into_iter().collect(),
            properties: vec![property.into()],
            seed,
            origin: SeedOrigin::Fixed,
        };
        let cases = selection.cases().map_err(|_| StageError::Missing(property.world.to_owned()))?;
        let outcomes =
            run(&cases, self, OnFailure::GoOn, cancel, &|_| ()).map_err(|Error::Case { source, .. }| source)?;
        Ok(outcomes.into_iter().next().map(|outcome| outcome.verdict))
    }
}
