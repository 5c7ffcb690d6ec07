//! The worker itself.
//!
//! 1. A worker confines itself before it reads anything of the agent.
//! 2. A worker runs one episode at a time, and keeps nothing of it for the next.

use std::fs::File;
use std::io::{self, BufReader, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use super::begun::BegunCount;
use super::confine::{self, Needs};
use super::frame::{self, Bytes};
use super::parcel::Parcel;
use super::report::EpisodeReport;
use super::wire::{
    Charge, ChargedAgent, Code, Confined, EpisodeOpening, VERSION, WorkerReply, WorkerRequest, WorkerTerms,
};
use crate::agent::{self, Agent, Compiler, Engine, Handed, ParsedAgent};
use crate::environment::World;
use crate::episode::{self, Cancel, Setting, Ticket};
use crate::policy::Policy;
use crate::registry::Registry;
use crate::transcript::Role;
use crate::value::{Digest, Seed};

/// Age and size, in bytes, at which waiting answers are sent at the latest.
const LATEST: Duration = Duration::from_millis(5);
const MOST: usize = 1 << 15;

/// Serves the supervisor at the other end of the pipes until there are no more orders. Workspaces lie in `scratch`, and
/// worlds and tools are those of `registry`.
///
/// A program whose workers have worlds or tools of its own calls this, before anything else, where its arguments are
/// `worker` and a folder, which is `scratch`. See `examples/apart.rs`.
///
/// # Errors
///
/// Returns the error that could not be reported to the supervisor.
pub fn serve(scratch: &Path, registry: &Registry) -> Result<(), frame::Error> {
    let alone = confine::alone();
    let (orders, answers) = pipes()?;
    let begun = BegunCount::open(scratch)?;
    let mut worker = Worker { orders, answers, begun };
    match worker.take_up(scratch, alone, registry) {
        Ok(ready) => on_its_stack(move || worker.work(&ready)),
        Err(StartRefusal::Pipe(error)) => Err(error),
        Err(StartRefusal::Agent(error)) => {
            frame::send(&WorkerReply::Unfit { why: error.to_string(), help: error.help() }, &mut worker.answers)
        }
        Err(StartRefusal::Reason(why)) => frame::send(&WorkerReply::Failed(why), &mut worker.answers),
    }
}

/// Runs `work` on a thread with the stack that episodes need.
fn on_its_stack(work: impl FnOnce() -> Result<(), frame::Error> + Send + 'static) -> Result<(), frame::Error> {
    let thread = thread::Builder::new().name("episodes".to_owned()).stack_size(episode::STACK).spawn(work)?;
    thread.join().unwrap_or_else(|_| Err(io::Error::other("the worker panicked").into()))
}

struct Worker {
    orders: File,
    answers: File,
    begun: BegunCount,
}

/// Everything that a worker needs to run episodes.
struct Ready {
    setting: Setting,
    selection: World,
    confined: Confined,
    needs: Needs,
}

/// Reason for which a worker cannot take up its work.
enum StartRefusal {
    Pipe(frame::Error),
    Agent(agent::Error),
    Reason(String),
}

impl From<frame::Error> for StartRefusal {
    fn from(error: frame::Error) -> Self {
        Self::Pipe(error)
    }
}

impl Worker {
    fn take_up(
        &mut self,
        scratch: &Path,
        alone: Result<(), String>,
        registry: &Registry,
    ) -> Result<Ready, StartRefusal> {
        let mut buffer = Vec::new();
        let WorkerRequest::Terms(terms) = frame::take(&mut self.orders, &mut buffer)? else {
            return Err(StartRefusal::Reason("the terms have to come first".to_owned()));
        };
        let policy = Arc::new(policy(&terms, registry)?);
        let needs = Needs::of(&policy, &terms.roles);
        // INVARIANT 1
        let confined = confine::before_the_agent(&needs, scratch, terms.seconds, alone);
        frame::send(&WorkerReply::Confined(confined.clone()), &mut self.answers)?;
        let WorkerRequest::Charge(charge) = frame::take(&mut self.orders, &mut buffer)? else {
            return Err(StartRefusal::Reason("the agent has to come next".to_owned()));
        };
        let mut components = Vec::new();
        for _ in 0..charge.components {
            let WorkerRequest::Component(Bytes(component)) = frame::take(&mut self.orders, &mut buffer)? else {
                return Err(StartRefusal::Reason("its components have to come next".to_owned()));
            };
            components.push(component);
        }
        let mut codes = Vec::new();
        for _ in 0..charge.components {
            let WorkerRequest::Code(code) = frame::take(&mut self.orders, &mut buffer)? else {
                return Err(StartRefusal::Reason("what there is of its code has to come next".to_owned()));
            };
            codes.push(code);
        }
        drop(buffer);
        let instances = u32::try_from(terms.roles.len()).unwrap_or(u32::MAX).max(1);
        let engine = Engine::new(episode::memory(&policy), instances)
            .map_err(|error| StartRefusal::Reason(format!("{error:#}")))?;
        let is_wanted = codes.iter().any(|code| matches!(code, Code::Wanted));
        let (setting, selection) = prepare(charge, &terms.roles, (components, codes), (policy, registry), &engine)?;
        if let Some(code) = setting.agent.code().filter(|_| is_wanted) {
            match frame::send(&WorkerReply::Compiled(Bytes(code)), &mut self.answers) {
                // Code that is too long is not sent, so the next worker compiles it again.
                Err(frame::Error::Long(_)) => {}
                sent => sent?,
            }
        }
        Ok(Ready { setting, selection, confined, needs })
    }

    fn work(mut self, ready: &Ready) -> Result<(), frame::Error> {
        let Ready { setting, selection, confined, needs } = ready;
        setting.agent.start_clock();
        let batches = listen(self.orders, setting.cancel.clone());
        if let Err(why) = confine::with_the_agent(needs, confined) {
            return frame::send(&WorkerReply::Failed(why), &mut self.answers);
        }
        frame::send(&WorkerReply::Ready, &mut self.answers)?;
        let mut told = OutgoingReplies { answers: self.answers, buffer: Vec::new(), since: now() };
        let mut begun: u64 = 0;
        for batch in batches {
            told.since = now();
            for opening in batch {
                if setting.cancel.is_cancelled() {
                    told.tell(&WorkerReply::Stopped)?;
                    return told.flush();
                }
                begun = begun.saturating_add(1);
                self.begun.say(begun)?;
                let of = opening.seed;
                let lived = match live(setting, selection, opening) {
                    Ok(lived) => {
                        let parcel = Parcel::of(lived).map_err(|_| frame::Error::Malformed)?;
                        told.tell(&WorkerReply::Lived { of, parcel })
                    }
                    Err(why) => return told.fail(why),
                };
                match lived {
                    // A ledger does not take a line of this length either.
                    Err(frame::Error::Long(bytes)) => {
                        return told.fail(format!("an episode of {bytes} bytes is more than can be told"));
                    }
                    other => other?,
                }
            }
            told.flush()?;
        }
        Ok(())
    }
}

/// Runs one episode, or returns the failure of the host.
fn live(setting: &Setting, selection: &World, opening: EpisodeOpening) -> Result<EpisodeReport, String> {
    let EpisodeOpening { seed, lineage_seed, generation, world, carry_over, carry_overs } = opening;
    let mut environment = selection.made();
    if let Some(Bytes(state)) = world
        && environment.restore(&state).is_err()
    {
        return Err("the world could not be brought over".to_owned());
    }
    // INVARIANT 2: the ticket has everything that an episode opens with. Its ordinal is known to the supervisor only.
    let ticket = Ticket {
        episode: 0,
        lineage: 0,
        world: 0,
        seed: Seed(seed),
        lineage_seed: Seed(lineage_seed),
        generation,
        carry_over_of: None,
        environment,
        carry_over: Arc::from(carry_over.0),
        carry_overs: carry_overs.into_iter().map(|Bytes(carried)| Arc::from(carried)).collect(),
    };
    EpisodeReport::live(setting, ticket).map_err(|aborted| aborted.error.to_string())
}

fn policy(terms: &WorkerTerms, registry: &Registry) -> Result<Policy, StartRefusal> {
    let (version, program) = (terms.version, terms.program.as_str());
    if version != VERSION || program != env!("CARGO_PKG_VERSION") {
        let own = env!("CARGO_PKG_VERSION");
        return Err(StartRefusal::Reason(format!("the supervisor is Dayfly {program} ({version}), the worker {own}")));
    }
    for (name, digest) in &terms.tools {
        if registry.tools().get(name).is_none_or(|tool| tool.digest() != *digest) {
            return Err(StartRefusal::Reason(format!("the program of the workers has no such tool `{name}`")));
        }
    }
    registry
        .parse_policy("policy.toml", terms.policy.clone())
        .map_err(|invalid| StartRefusal::Reason(invalid.to_string()))
}

fn prepare(
    charge: Charge,
    roles: &[Role],
    (components, codes): (Vec<Vec<u8>>, Vec<Code>),
    (policy, registry): (Arc<Policy>, &Registry),
    engine: &Engine,
) -> Result<(Setting, World), StartRefusal> {
    let reason = |error: &dyn std::fmt::Display| StartRefusal::Reason(error.to_string());
    let selection = match &charge.registered {
        None => World::defined(&charge.environment).map_err(|error| reason(&error))?,
        Some(text) => {
            let own = registry.world(text).ok().filter(|world| world.definition() == charge.environment);
            let none = || StartRefusal::Reason(format!("the program of the workers has no such world `{text}`"));
            own.ok_or_else(none)?
        }
    };
    let mut compiled = Vec::new();
    for (number, (component, code)) in (0..).zip(components.iter().zip(codes)) {
        let named = charge.agents.iter().find(|agent| agent.component == number);
        let name = named.map_or("", |agent| agent.name.as_str());
        compiled.push(agent(name, component, code, engine).map_err(StartRefusal::Agent)?);
    }
    let of_one = |charged: &ChargedAgent| {
        let agent: Agent = compiled.get(usize::try_from(charged.component).ok()?)?.clone();
        Some(match &charged.instructions {
            Some(instructions) => agent.instructed(instructions),
            None => agent,
        })
    };
    let agents: Option<Vec<Agent>> = charge.agents.iter().map(of_one).collect();
    let agents = agents.filter(|agents| agents.len() == roles.len().max(1));
    let agents =
        agents.ok_or_else(|| StartRefusal::Reason("there is an agent for each role, and no other".to_owned()))?;
    let Some(first) = agents.first().cloned() else {
        return Err(StartRefusal::Reason("there is no agent".to_owned()));
    };
    let task = charge.task.map(Arc::from);
    // The supervisor writes the digest of the run.
    let run = Digest::of(&[]);
    let setting = if roles.is_empty() {
        Setting::new(first, policy, task, run, Cancel::default())
    } else {
        // Linked before the worker is confined further.
        agents.iter().try_for_each(|agent| agent.by_turns().map(|_| ())).map_err(StartRefusal::Agent)?;
        let roles = roles.iter().cloned().zip(agents).collect();
        Setting::of_roles(first, roles, policy, task, run, Cancel::default())
    };
    Ok((setting.map_err(|error| reason(&error))?, selection))
}

/// Returns the agent of a component, loaded from compiled code where there is some, or else compiled.
fn agent(name: &str, component: &[u8], code: Code, engine: &Engine) -> Result<Agent, agent::Error> {
    let known = ParsedAgent::read(name, component)?;
    if let Code::Handed { key, tag, code: Bytes(code) } = code
        && let Some(agent) = (Handed { key, tag, code }).load(&known, engine)
    {
        return agent;
    }
    Compiler::default().compile(known, engine)
}

/// Reads orders on a thread of its own, so that a cancellation arrives while an episode is open. The worker ends with
/// its supervisor.
fn listen(orders: File, cancel: Cancel) -> Receiver<Vec<EpisodeOpening>> {
    let (sender, batches) = mpsc::channel();
    thread::spawn(move || {
        let (mut orders, mut buffer) = (BufReader::new(orders), Vec::new());
        loop {
            match frame::take(&mut orders, &mut buffer) {
                Ok(WorkerRequest::Batch(batch)) => {
                    if sender.send(batch).is_err() {
                        return;
                    }
                }
                Ok(WorkerRequest::Cancel) => cancel.cancel(),
                _ => std::process::exit(0),
            }
        }
    });
    batches
}

/// Answers that wait to be sent.
struct OutgoingReplies {
    answers: File,
    buffer: Vec<u8>,
    since: Instant,
}

impl OutgoingReplies {
    fn tell(&mut self, answer: &WorkerReply) -> Result<(), frame::Error> {
        frame::put(answer, &mut self.buffer)?;
        if self.buffer.len() >= MOST || now().duration_since(self.since) >= LATEST { self.flush() } else { Ok(()) }
    }

    /// Reports that the worker cannot go on, and `why`, after all answers that were waiting.
    fn fail(mut self, why: String) -> Result<(), frame::Error> {
        self.tell(&WorkerReply::Failed(why))?;
        self.flush()
    }

    fn flush(&mut self) -> Result<(), frame::Error> {
        self.answers.write_all(&self.buffer)?;
        self.buffer.clear();
        self.since = now();
        Ok(())
    }
}

/// Returns the current time. It decides only when answers are sent, and reaches no record.
#[expect(clippy::disallowed_methods, reason = "how long answers may wait for company is no part of any record")]
fn now() -> Instant {
    Instant::now()
}

/// Returns the pipes that this process was started with.
#[cfg(unix)]
fn pipes() -> io::Result<(File, File)> {
    use std::os::fd::AsFd as _;
    let orders = io::stdin().as_fd().try_clone_to_owned()?;
    let answers = io::stdout().as_fd().try_clone_to_owned()?;
    Ok((File::from(orders), File::from(answers)))
}

/// Returns the pipes that this process was started with.
#[cfg(windows)]
fn pipes() -> io::Result<(File, File)> {
    use std::os::windows::io::AsHandle as _;
    let orders = io::stdin().as_handle().try_clone_to_owned()?;
    let answers = io::stdout().as_handle().try_clone_to_owned()?;
    Ok((File::from(orders), File::from(answers)))
}
