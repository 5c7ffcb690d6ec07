//! Agents that come before the probe. They do as little as possible, as much as possible, or what
//! chance decides.

use super::operation::{ProbedOperation, callable};
use super::{AuditSubject, Error, contract, generate};
use crate::agent::{Agent, SHIPPED};
use crate::episode::Setting;
use crate::value::{Seed, Stream};

/// Parts of the audit's own component.
const PARTS: &[&str] = &["idle", "play", "hog", "crash"];
/// Agents that come with Dayfly, each with its instructions.
const KNOWN: &[(&str, &str)] = &[
    ("random", ""),
    ("overstayer", ""),
    ("procrastinator", ""),
    ("hoarder", ""),
    ("lingerer", ""),
    ("lingerer", "at once"),
    ("smuggler", ""),
];
/// Share of generated agents in what is drawn: one in so many.
const GENERATED: u64 = 2;
/// Share of guests in the rest, if there are guests: one in so many.
const GUEST: u64 = 2;

/// Maximum number of attempts to generate an agent.
const ATTEMPTS: u64 = 16;

/// Agent that may come before the probe.
#[derive(Clone, Debug)]
pub(super) struct Predecessor {
    pub(super) name: String,
    pub(super) setting: Setting,
}

/// All agents that may come before the probe.
#[derive(Debug)]
pub(super) struct Predecessors {
    /// Agent that comes first in every pair, if the audit is about one agent.
    of: Option<Predecessor>,
    known: Vec<Predecessor>,
    guests: Vec<Predecessor>,
    operations: Vec<ProbedOperation>,
}

/// Name of generated agents.
pub(super) const CHANCE: &str = "generated";

impl Predecessors {
    /// Returns the agents that may come before the probe under the policy of `subject`, and the one
    /// that comes first in every pair. A built-in agent that imports what the policy does not
    /// mention is left out.
    pub(super) fn new(subject: &AuditSubject, guests: &[Agent], of: Option<&Agent>) -> Result<Self, Error> {
        let policy = subject.policy();
        let mut known = Vec::new();
        for part in PARTS {
            known.push(Predecessor { name: (*part).to_owned(), setting: subject.part(part)? });
        }
        for (name, instructions) in KNOWN {
            let Some(shipped) = SHIPPED.iter().find(|shipped| shipped.name == *name) else { continue };
            let agent = Agent::load(name, shipped.bytes, &subject.engine)?;
            if policy.ungranted(agent.imports()).is_empty() {
                let agent = if instructions.is_empty() { agent } else { agent.instructed(instructions) };
                known.push(Predecessor { name: called(&agent), setting: subject.setting(agent, None)? });
            }
        }
        let guest = |agent: &Agent| -> Result<Predecessor, Error> {
            Ok(Predecessor { name: called(agent), setting: subject.guest(agent.clone())? })
        };
        let (of, guests) = (of.map(guest).transpose()?, guests.iter().map(guest).collect::<Result<_, _>>()?);
        let mut operations = contract::operations()?;
        operations.retain(|operation| operation.is_importable(policy));
        Ok(Self { of, known, guests, operations: callable(operations) })
    }

    /// Draws two agents that differ. The first is the one that the audit is about, if there is one.
    pub(super) fn pair(&self, subject: &AuditSubject, seed: Seed) -> Result<(Predecessor, Predecessor), Error> {
        let mut stream = seed.derive("cast", 0).stream();
        let one = match &self.of {
            Some(of) => of.clone(),
            None => self.draw(subject, seed.derive("one", 0), &mut stream)?,
        };
        loop {
            let other = self.draw(subject, seed.derive("other", 0), &mut stream)?;
            if other.name != one.name || other.name == CHANCE {
                return Ok((one, other));
            }
        }
    }

    fn draw(&self, subject: &AuditSubject, seed: Seed, stream: &mut Stream) -> Result<Predecessor, Error> {
        if stream.next_u64().is_multiple_of(GENERATED) {
            let agent = self.generate(subject, seed)?;
            return Ok(Predecessor { name: called(&agent), setting: subject.setting(agent, None)? });
        }
        if !self.guests.is_empty() && stream.next_u64().is_multiple_of(GUEST) {
            return pick(&self.guests, stream);
        }
        // One more than there are agents: the last case is an agent with a secret of its own.
        let count = u64::try_from(self.known.len()).unwrap_or(u64::MAX).saturating_add(1);
        if stream.next_u64().is_multiple_of(count) {
            let secret = format!("secret {}", stream.next_u64());
            return Ok(Predecessor { setting: subject.part(&secret)?, name: secret });
        }
        pick(&self.known, stream)
    }
}

impl Predecessors {
    /// Generates an agent. A generated module may exceed the limits of an agent, such as with too
    /// large a table.
    fn generate(&self, subject: &AuditSubject, seed: Seed) -> Result<Agent, Error> {
        let make = |attempt| -> Result<Agent, Error> {
            let module = generate::module(seed.derive("generated", attempt), &self.operations)?;
            Ok(Agent::load(CHANCE, &module, &subject.engine)?)
        };
        (1..ATTEMPTS).map(make).find(Result::is_ok).unwrap_or_else(|| make(0))
    }
}

/// Returns the name of an agent in reports.
fn called(agent: &Agent) -> String {
    agent.instructions().map_or_else(|| agent.name().to_owned(), |told| format!("{}:{told}", agent.name()))
}

fn pick(among: &[Predecessor], stream: &mut Stream) -> Result<Predecessor, Error> {
    let count = u64::try_from(among.len()).unwrap_or(u64::MAX).max(1);
    let index = usize::try_from(stream.next_u64() % count).unwrap_or(0);
    among.get(index).cloned().ok_or_else(|| Error::Contract("nobody comes before the probe".to_owned()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::ProbeCrossing;
    use super::super::unwinding::subject;
    use super::super::view::EpisodeView;
    use super::*;

    #[test]
    fn everybody_does_something_else() {
        let subject = subject("off-switch");
        let known = Predecessors::new(&subject, &[], None).unwrap().known;
        assert_eq!(known.len(), PARTS.len() + KNOWN.len());
        let lived = |role: &Predecessor| {
            let lived = subject.relay(Seed(1), ProbeCrossing::Open, &[&role.setting]).unwrap();
            EpisodeView::of(&lived[0]).unwrap().digest().to_string()
        };
        assert_eq!(known.iter().map(lived).collect::<BTreeSet<_>>().len(), known.len());
    }
}
