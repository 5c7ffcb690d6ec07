//! Registry: worlds, tools, properties, policies and agents, as one
//! value.
//!
//! ```text
//!  Registry::builtin --with_world, with_tool, with_agent, with_policy--> Registry --world("coin:side=1"), policy(..)--> World, Policy
//! ```
//!
//! 1. Names are unique and valid.
//! 2. Everything that a property names exists: its world, its controls, and the agents and policies
//!    of its trials.
//!
//! Both are checked when a registry is made, so no later look-up meets a name without an entry.

use crate::agent::{AgentSource, SHIPPED as AGENTS, Shipped};
use crate::capability::{Taken, Tool, Tools};
use crate::environment::{self, KINDS, World};
use crate::objective::{Horizon, Objective, Reveal};
use crate::policy::{self, Base, Invalid, Policy, Resolve, SourceFile};
use crate::property::{Broken, Inquiry, PROPERTIES, PolicyTerms, Property, TrialAgents, TrialSubject, Under};
use crate::statistics::Level;
use crate::value::{Seed, hint};

/// Everything that can be named.
///
/// ```
/// use dayfly::{Answer, Registry, Tool, ToolCall};
///
/// let tool = Tool::new("echo", "Answers its input.", || Box::new(|call: &ToolCall<'_>| Answer::Now(Ok(call.input.to_owned()))));
/// let registry = Registry::builtin()?.with_tool(tool)?;
/// let policy = registry.parse_policy("mine.toml", "based-on = 'lab'\n[grants.tools]\nmode = 'grant'\nallow = ['echo']");
/// assert!(policy.is_ok() && registry.world("off-switch:level=2").is_ok());
/// # Ok::<(), dayfly::RegistryError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Registry {
    worlds: Vec<World>,
    tools: Tools,
    properties: &'static [Property],
    /// Agents that were added to those that come with Dayfly.
    agents: Vec<AgentSource>,
    /// Policies that were added to those that come with Dayfly: name and text.
    policies: Vec<(String, String)>,
}

/// Error returned when a registry cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A world, a tool, an agent or a policy has an invalid or used name.
    #[error(transparent)]
    Name(#[from] Taken),
    /// An added policy is invalid.
    #[error("the policy `{name}` is invalid: {why}")]
    Policy {
        /// Name of the policy.
        name: String,
        /// Faults of its text.
        why: String,
    },
    /// A property has the code or the name of another one.
    #[error("there are two properties `{0}`")]
    Property(String),
    /// A property names something that does not exist.
    #[error("the property {code} asks for the {kind} `{name}`, which there is not")]
    Unknown {
        /// Code of the property.
        code: &'static str,
        /// Kind of the missing thing: a world, an agent or a policy.
        kind: &'static str,
        /// Name of the missing thing.
        name: String,
    },
}

impl Registry {
    /// Makes the registry of everything that comes with Dayfly.
    ///
    /// # Errors
    ///
    /// Returns [`Error`] if a built-in property names something that does not exist. A test
    /// excludes that.
    pub fn builtin() -> Result<Self, Error> {
        Self::of(KINDS.iter().map(World::of).collect(), Tools::builtin(), PROPERTIES)
    }

    fn of(worlds: Vec<World>, tools: Tools, properties: &'static [Property]) -> Result<Self, Error> {
        let registry = Self { worlds, tools, properties, agents: Vec::new(), policies: Vec::new() };
        // INVARIANT 1
        for (position, world) in registry.worlds.iter().enumerate() {
            Taken::check(world.name(), registry.worlds.iter().take(position).map(World::name))?;
        }
        for (position, property) in properties.iter().enumerate() {
            let is_like = |other: &&Property| other.code == property.code || other.name == property.name;
            if properties.iter().take(position).any(|other| is_like(&other)) {
                return Err(Error::Property(property.name.to_owned()));
            }
        }
        // INVARIANT 2
        properties.iter().try_for_each(|property| registry.has_all_of(property))?;
        Ok(registry)
    }

    /// Adds a world.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Name`] if the name of the world is invalid or in use.
    pub fn with_world(mut self, world: World) -> Result<Self, Error> {
        Taken::check(world.name(), self.worlds.iter().map(World::name))?;
        self.worlds.push(world);
        Ok(self)
    }

    /// Adds a tool. The policies that this registry reads may allow it.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Name`] if the name of the tool is invalid or in use.
    pub fn with_tool(self, tool: Tool) -> Result<Self, Error> {
        Ok(Self { tools: self.tools.with(tool)?, ..self })
    }

    /// Adds an agent, under its name. Its text on the command line is the name, with `:INSTRUCTIONS` behind it where it
    /// is given any.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Name`] if the name is invalid or in use.
    pub fn with_agent(mut self, agent: AgentSource) -> Result<Self, Error> {
        let names = AGENTS.iter().map(|agent| agent.name).chain(self.agents.iter().map(|agent| agent.name.as_str()));
        Taken::check(&agent.name, names)?;
        self.agents.push(agent);
        Ok(self)
    }

    /// Adds a policy. Policies that this registry reads may extend it, and this one those that were added before.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Name`] if the name is invalid or in use, and [`Error::Policy`] if the text is no valid policy.
    pub fn with_policy(mut self, name: &str, text: &str) -> Result<Self, Error> {
        let own = self.policies.iter().map(|(name, _)| name.as_str());
        Taken::check(name, policy::SHIPPED.iter().map(|(name, _)| *name).chain(own))?;
        let invalid = |invalid: Invalid| Error::Policy { name: name.to_owned(), why: invalid.to_string() };
        self.parse_policy(format!("{name}.toml"), text).map_err(invalid)?;
        self.policies.push((name.to_owned(), text.to_owned()));
        Ok(self)
    }

    /// Finds an agent by its text, such as `planner:discount=0.9`.
    pub fn agent(&self, text: &str) -> Option<AgentSource> {
        let (name, instructions) = AgentSource::split(text);
        let own = self.agents.iter().find(|agent| agent.name == name).cloned();
        let told = |agent: AgentSource| AgentSource {
            text: text.to_owned(),
            instructions: instructions.map(str::to_owned).or(agent.instructions),
            ..agent
        };
        own.map(told).or_else(|| AgentSource::shipped(text))
    }

    /// Finds a policy by its name.
    pub fn policy_named(&self, name: &str) -> Option<Policy> {
        match self.policies.iter().find(|(own, _)| own == name) {
            Some((_, text)) => self.parse_policy(format!("{name}.toml"), text.as_str()).ok(),
            None => Policy::shipped(name),
        }
    }

    /// Returns the worlds, each with its parameters at their defaults. Those that come with Dayfly
    /// are first.
    pub fn worlds(&self) -> &[World] {
        &self.worlds
    }

    /// Finds a world by its text, such as `off-switch:level=1`.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no world of that name, or the selection is invalid.
    pub fn world(&self, text: &str) -> Result<World, environment::Error> {
        let (name, pairs) = text.split_once(':').map_or((text, None), |(name, pairs)| (name, Some(pairs)));
        let names = self.worlds.iter().map(World::name);
        let world = self.worlds.iter().find(|world| world.name() == name).ok_or_else(|| {
            let message = format!("there is no environment `{name}`");
            environment::Error::new(
                &message,
                &hint(name, "the environments are", names.collect::<Vec<_>>().into_iter()),
            )
        })?;
        pairs.map_or_else(|| Ok(world.clone()), |pairs| world.select(pairs))
    }

    /// Returns the tools, in the order of their names.
    #[doc(hidden)]
    pub const fn tools(&self) -> &Tools {
        &self.tools
    }

    /// Returns the properties, in the order of their codes.
    #[doc(hidden)]
    pub const fn properties(&self) -> &'static [Property] {
        self.properties
    }

    /// Returns the agents that come with Dayfly.
    #[doc(hidden)]
    pub const fn agents(&self) -> &'static [Shipped] {
        AGENTS
    }

    /// Returns the policies that come with Dayfly: name and text.
    #[doc(hidden)]
    pub const fn policies(&self) -> &'static [(&'static str, &'static str)] {
        policy::SHIPPED
    }

    /// Loads the policy of a file, with the policy that it is based on: see
    /// [`Policy::load_with_base`]. The policy may allow the tools of this registry.
    ///
    /// # Errors
    ///
    /// As [`Policy::load`].
    #[doc(hidden)]
    pub fn policy(&self, file: &SourceFile, resolve: &Resolve<'_>) -> Result<(Policy, Option<Base>), Invalid> {
        let own = |name: &str| self.policies.iter().find(|(own, _)| own == name);
        let source = |(name, text): &(String, String)| SourceFile::user(format!("{name}.toml"), text.as_str());
        let among = |name: &str, from: &SourceFile| Ok(resolve(name, from)?.or_else(|| own(name).map(source)));
        Policy::load_among(file, &among, &self.tools)
    }

    /// Loads the policy of a text, which may extend shipped policies. Messages call the text
    /// `path`.
    ///
    /// # Errors
    ///
    /// As [`Policy::load`].
    pub fn parse_policy(&self, path: impl Into<String>, text: impl Into<String>) -> Result<Policy, Invalid> {
        self.policy(&SourceFile::user(path, text), &|_, _| Ok(None)).map(|(policy, _)| policy)
    }

    /// Returns the JSON Schema (draft-07) of a policy that may allow the tools of this registry.
    pub fn policy_schema(&self) -> serde_json::Value {
        policy::schema_among(&self.tools)
    }

    /// INVARIANT 2: checks that everything a property names exists.
    fn has_all_of(&self, property: &Property) -> Result<(), Error> {
        let unknown = |kind, name: &str| Error::Unknown { code: property.code, kind, name: name.to_owned() };
        let agent = |text: &str| AgentSource::shipped(text).map(|_| ()).ok_or_else(|| unknown("agent", text));
        let world = self.world(property.world).map_err(|_| unknown("world", property.world))?;
        agent(property.controls.holds)?;
        if let Broken::Agent(text) = property.controls.violated {
            agent(text)?;
        }
        for learns in [false, true] {
            let inquiry = Inquiry {
                subject: TrialSubject { name: property.controls.holds.to_owned(), learns },
                world: world.clone(),
                terms: TERMS,
                seed: Seed(0),
                level: Level::P95,
                limit: property.limit,
                trials: Some(1),
                lessons: Some(1),
            };
            for trial in property.planned(&inquiry, &[]) {
                if let TrialAgents::Shipped(text) = trial.cast {
                    agent(text)?;
                }
                if let Under::Shipped(name) = trial.under
                    && policy::shipped(name).is_none()
                {
                    return Err(unknown("policy", name));
                }
            }
        }
        Ok(())
    }
}

/// Terms for planning the trials of a property, to find the names in them.
const TERMS: PolicyTerms = PolicyTerms {
    steps: 10,
    objective: Objective {
        horizon: Horizon::Episode,
        discount: 1.0,
        reveal: Reveal { reward: true, step: true, limits: true },
    },
    persists: true,
    carry: 64,
    population: 0,
    interval: 0,
    replaced: 0,
    swaps: false,
    release_ends: false,
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::property::{Controls, Observed, Trial};

    /// Makes a registry whose one property is the first built-in one, changed by `change`.
    fn changed(change: impl FnOnce(&mut Property)) -> Result<Registry, Error> {
        let mut property = *PROPERTIES.first().unwrap();
        change(&mut property);
        let properties = Box::leak(Box::new([property]));
        Registry::of(KINDS.iter().map(World::of).collect(), Tools::builtin(), properties)
    }

    #[test]
    fn whatever_a_property_of_ours_names_is_there() {
        let registry = Registry::builtin().unwrap();
        assert_eq!(registry.worlds().len(), KINDS.len());
        assert_eq!(registry.properties().len(), PROPERTIES.len());
    }

    #[test]
    fn a_name_that_a_property_asks_for_and_that_is_not_there_is_found_when_the_registry_is_made() {
        let unknown = |kind, name: &str| Err(Error::Unknown { code: "P01", kind, name: name.to_owned() });
        let failed = |made: Result<Registry, Error>| made.map(|_| ());
        assert_eq!(failed(changed(|_| ())), Ok(()));
        assert_eq!(failed(changed(|property| property.world = "of-switch")), unknown("world", "of-switch"));
        let controls = Controls { holds: "nobody", ..PROPERTIES[0].controls };
        assert_eq!(failed(changed(|property| property.controls = controls)), unknown("agent", "nobody"));
        let controls = Controls { violated: Broken::Agent("no-one"), ..PROPERTIES[0].controls };
        assert_eq!(failed(changed(|property| property.controls = controls)), unknown("agent", "no-one"));
        let plan: fn(&Inquiry, &[Observed]) -> Vec<Trial> =
            |inquiry, _| vec![Trial { under: Under::Shipped("stritc"), ..Trial::of(inquiry, 1) }];
        assert_eq!(failed(changed(|property| property.plan = plan)), unknown("policy", "stritc"));
        let plan: fn(&Inquiry, &[Observed]) -> Vec<Trial> =
            |inquiry, _| vec![Trial { cast: TrialAgents::Shipped("overstayr"), ..Trial::of(inquiry, 1) }];
        assert_eq!(failed(changed(|property| property.plan = plan)), unknown("agent", "overstayr"));
    }

    #[test]
    fn agents_and_policies_of_ones_own_are_found_by_their_names() {
        let random = AgentSource::shipped("random").unwrap();
        let own = |name: &str| AgentSource { name: name.to_owned(), text: name.to_owned(), ..random.clone() };
        let registry = Registry::builtin().unwrap().with_agent(own("mine")).unwrap();
        let told = registry.agent("mine:be quick").unwrap();
        assert_eq!((told.text.as_str(), told.instructions.as_deref()), ("mine:be quick", Some("be quick")));
        assert!(registry.agent("random").is_some() && registry.agent("yours").is_none());
        let name = |made: Result<Registry, Error>| made.err();
        assert_eq!(
            name(registry.clone().with_agent(own("random"))),
            Some(Error::Name(Taken::Twice("random".to_owned())))
        );
        assert_eq!(name(registry.clone().with_agent(own("mine"))), Some(Error::Name(Taken::Twice("mine".to_owned()))));
        let registry = registry.with_policy("short", "extends = 'strict'\n[episode]\nsteps = 3").unwrap();
        assert_eq!(registry.policy_named("short").unwrap().episode.steps, 3);
        assert_eq!(registry.policy_named("strict"), Policy::shipped("strict"));
        let shorter = registry.parse_policy("shorter.toml", "extends = 'short'\n[episode]\nsteps = 2").unwrap();
        assert_eq!(shorter.episode.steps, 2);
        // What extends a policy of one's own is held to it.
        assert!(registry.parse_policy("longer.toml", "extends = 'short'\n[episode]\nsteps = 4").is_err());
        assert_eq!(
            name(registry.clone().with_policy("strict", "")),
            Some(Error::Name(Taken::Twice("strict".to_owned())))
        );
        assert!(matches!(name(registry.with_policy("wrong", "stesp = 3")), Some(Error::Policy { .. })));
    }

    #[test]
    fn names_are_unique_and_names() {
        let builtin = || Registry::builtin().unwrap();
        let world = |name: &str| World::new(name, name, |_| World::of(&KINDS[0]).make());
        let error = |name| builtin().with_world(world(name)).err();
        assert_eq!(error("button"), Some(Error::Name(Taken::Twice("button".to_owned()))));
        assert_eq!(error("my world"), Some(Error::Name(Taken::NoName("my world".to_owned()))));
        let registry = builtin().with_world(world("lake")).unwrap();
        assert_eq!(registry.world("lake").unwrap().name(), "lake");
        let error = registry.world("laek").unwrap_err();
        assert!(error.help.starts_with("did you mean `lake`?"), "{}", error.help);
        assert_eq!(registry.world("lake:depth=1").unwrap_err().message, "`lake` has no parameter `depth`");
        let twice = [PROPERTIES[0], PROPERTIES[0]];
        let made = Registry::of(builtin().worlds, Tools::builtin(), Box::leak(Box::new(twice)));
        assert_eq!(made.err(), Some(Error::Property(PROPERTIES[0].name.to_owned())));
    }
}
