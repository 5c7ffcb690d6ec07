//! Cases made up for tests.

use std::sync::Arc;

use super::{Case, Rules, SeedOrigin};
use crate::agent::AgentSource;
use crate::environment::World;
use crate::policy::Policy;
use crate::property::Property;
use crate::statistics::Level;
use crate::value::Seed;

/// Returns a case of this property under `strict`, with an agent that has a name and no component.
pub(crate) fn case(property: &str, agent: &str, world: &str) -> Case {
    let property = Property::find(property).unwrap();
    let (name, instructions) = AgentSource::split(agent);
    let policy = Policy::shipped("strict").unwrap();
    Case {
        property,
        agent: Arc::new(AgentSource {
            text: agent.to_owned(),
            name: name.to_owned(),
            bytes: Vec::new().into(),
            instructions: instructions.map(str::to_owned),
        }),
        learns: false,
        rules: Rules { text: "strict".to_owned(), policy: Arc::new(policy) },
        world: world.parse::<World>().unwrap(),
        limit: property.limit,
        trials: None,
        lessons: None,
        required: false,
        level: Level::P95,
        seed: Seed(0),
        origin: SeedOrigin::Fixed,
        line: None,
    }
}
