//! The start of a worker, until it has taken up its work.
//!
//! ```text
//!  start --> attempt --Terms--> Confined --Charge, Component, Code--> Compiled, where it is wanted --> Ready
//!    ^          |
//!    +-- lost --+   again, after a while: five in a row are too many, two that say nothing, and two that are
//!                   lost while they compile an agent that no worker has compiled
//! ```

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::super::confine;
use super::super::frame::{self, Bytes};
use super::super::patience::TAKE_UP;
use super::super::slot::WorkerSlot;
use super::super::store::Store;
use super::super::wire::{
    Charge, ChargedAgent, Code, Confined, VERSION, WorkerReply, WorkerRequest, WorkerTerms, words,
};
use super::{Error, WorkerPool};
use crate::agent::ParsedAgent;
use crate::environment::World;
use crate::episode::Setting;
use crate::policy::IsolationPart;
use crate::value::plain;

/// Number of workers in a row that may be lost before they take up their work.
const ATTEMPTS: u32 = 5;
/// Number of these workers that may be lost while they compile. If all were, the component is the cause.
const COMPILING: u32 = ATTEMPTS;
/// Maximum number of bytes of an answer before a worker has taken up its work.
const TALK: usize = 1 << 20;
/// Number of these workers that may be lost to silence. The full time limit passes for each.
const SILENT: u32 = 2;

impl WorkerPool {
    /// Starts a worker, and returns it once it has taken up its work. A worker that is lost before costs nothing and
    /// is replaced.
    pub(super) fn start(&self) -> Result<(WorkerSlot, Confined), Error> {
        let mut silent: u32 = 0;
        let mut attempts: u32 = 0;
        let mut compiling: u32 = 0;
        loop {
            let why = match self.attempt() {
                Ok(started) => return Ok(started),
                Err(StartAttempt::Refused(error)) => return Err(error),
                Err(StartAttempt::Lost(why)) => why,
                Err(StartAttempt::Silent(why)) => {
                    silent = silent.saturating_add(1);
                    why
                }
                Err(StartAttempt::Compiling(why)) => {
                    compiling = compiling.saturating_add(1);
                    why
                }
            };
            attempts = attempts.saturating_add(1);
            if compiling >= COMPILING && compiling == attempts {
                return Err(self.heavy(&why, attempts));
            }
            if attempts >= ATTEMPTS || silent >= SILENT || self.setting.cancel.is_cancelled() {
                return Err(Error::TakeUp(format!("{why}, {attempts} in a row")));
            }
            self.back_off(attempts);
        }
    }

    fn attempt(&self) -> Result<(WorkerSlot, Confined), StartAttempt> {
        let mut worker =
            self.watchdog.start(&self.program).map_err(|error| StartAttempt::Refused(Error::Start(error)))?;
        self.watchdog.watch(&worker.watch);
        self.watchdog.expect(&worker.watch, self.patience.confine);
        match self.take_up(&mut worker) {
            Ok(confined) => {
                worker.watch.due.store(0, Ordering::Relaxed);
                self.is_taken_up.store(true, Ordering::Relaxed);
                Ok((worker, confined))
            }
            // Another worker has taken up this work before, so the fault lies with this worker.
            Err(Start::Refused(error)) if self.is_taken_up.load(Ordering::Relaxed) => {
                Err(StartAttempt::Lost(reason(error)))
            }
            Err(Start::Refused(error)) => Err(StartAttempt::Refused(error)),
            Err(Start::Compiling(error)) if error.is_the_end() => {
                match Self::lost(worker, &error, &compiling(&self.setting)) {
                    // A worker that has compiled it shows that the agent is not the cause.
                    StartAttempt::Lost(why) if !self.is_taken_up.load(Ordering::Relaxed) => {
                        Err(StartAttempt::Compiling(why))
                    }
                    other => Err(other),
                }
            }
            Err(Start::Pipe(error) | Start::Compiling(error)) => Err(Self::lost(worker, &error, "")),
        }
    }

    /// Returns the error for an agent whose compilation ends every worker.
    fn heavy(&self, why: &str, attempts: u32) -> Error {
        Error::Agent {
            why: format!("`{}` cannot be compiled: {why}, {attempts} in a row", plain(self.setting.agent.name())),
            help:
                "build it for size, and split its largest functions; if it is small, see how much memory this machine \
                   has left"
                    .to_owned(),
        }
    }

    /// Ends a worker that was lost, and returns the reason with `more` added.
    fn lost(worker: WorkerSlot, error: &frame::Error, more: &str) -> StartAttempt {
        let is_silent = worker.watch.overdue.load(Ordering::Relaxed);
        let (_, why) = worker.lose(error);
        if is_silent { StartAttempt::Silent(why) } else { StartAttempt::Lost(why + more) }
    }

    fn take_up(&self, worker: &mut WorkerSlot) -> Result<Confined, Start> {
        worker.say(&self.terms)?;
        let confined = match worker.hear(TALK)? {
            WorkerReply::Confined(confined) => confined.in_words(),
            WorkerReply::Failed(why) => return Err(Start::Refused(Error::TakeUp(words(&why)))),
            _ => return Err(frame::Error::Malformed.into()),
        };
        // The confinement is checked before the agent is handed over.
        let demanded = &self.setting.policy.isolation.parts;
        let has = |part: IsolationPart| confined.in_force().any(|(in_force, _)| in_force == part);
        let missing: Vec<(IsolationPart, String)> = demanded
            .iter()
            .filter(|part| !has(**part))
            .map(|part| {
                let why = confined.missing().find(|(missing, _)| missing == part).map_or("", |(_, why)| why);
                (*part, why.to_owned())
            })
            .collect();
        if !missing.is_empty() {
            return Err(Start::Refused(Error::Missing(missing)));
        }
        let components = self.setting.components();
        let times = u32::try_from(components.len()).unwrap_or(u32::MAX);
        self.watchdog.expect(&worker.watch, self.patience.take_up.saturating_mul(times));
        let codes: Vec<Code> = components.iter().map(|agent| self.store.code(agent)).collect();
        let missing = codes.iter().zip(&components).find(|(code, _)| !matches!(code, Code::Handed { .. }));
        let missing = missing.map(|(_, agent)| agent.name());
        let wanted = codes.iter().zip(&components).find(|(code, _)| matches!(code, Code::Wanted));
        let wanted = wanted.map(|(_, agent)| *agent);
        let _told = missing.map(|name| self.store.compiler().begin(name));
        worker.say(&self.charge)?;
        for code in codes {
            worker.say(&framed(&WorkerRequest::Code(code)).map_err(Start::Refused)?)?;
        }
        let heard = worker.hear(wanted.map_or(TALK, Store::most));
        let mut answer = if missing.is_none() { heard? } else { heard.map_err(Start::Compiling)? };
        if let (WorkerReply::Compiled(Bytes(code)), Some(agent)) = (&answer, wanted) {
            self.store.keep(agent, code);
            answer = worker.hear(TALK)?;
        }
        match answer {
            WorkerReply::Ready => Ok(confined),
            WorkerReply::Unfit { why, help } => {
                Err(Start::Refused(Error::Agent { why: words(&why), help: words(&help) }))
            }
            WorkerReply::Failed(why) => Err(Start::Refused(Error::TakeUp(words(&why)))),
            _ => Err(frame::Error::Malformed.into()),
        }
    }
}

/// Failure of an attempt to start a worker.
enum StartAttempt {
    Lost(String),
    /// The worker did not answer within its time.
    Silent(String),
    /// The worker was lost while it compiled an agent that no worker has compiled before.
    Compiling(String),
    Refused(Error),
}

/// Reason for which a worker does not take up its work.
enum Start {
    Pipe(frame::Error),
    /// The worker was lost while it compiled.
    Compiling(frame::Error),
    Refused(Error),
}

impl From<frame::Error> for Start {
    fn from(error: frame::Error) -> Self {
        Self::Pipe(error)
    }
}

/// Describes a loss during compilation, with the limit on memory that may have caused it.
fn compiling(setting: &Setting<ParsedAgent>) -> String {
    let memory = confine::memory_to_compile(&confine::Needs::of(&setting.policy, &setting.role_names()));
    let most = memory.map(|bytes| format!(", for which it may write to {} MiB of memory", bytes >> 20));
    format!(" while it compiled the agent{}", most.unwrap_or_default())
}

/// Returns the reason of a refusal, as text.
fn reason(error: Error) -> String {
    match error {
        Error::Agent { why, .. } | Error::TakeUp(why) => why,
        other => other.to_string(),
    }
}

pub(super) fn terms(setting: &Setting<ParsedAgent>, episodes: u64) -> Result<Vec<u8>, Error> {
    let policy = &setting.policy;
    // No worker can take longer: compiling is added.
    let seconds = longest(setting).as_secs().saturating_add(2).saturating_mul(episodes);
    let components = u64::try_from(setting.components().len()).unwrap_or(u64::MAX);
    let terms = WorkerTerms {
        version: VERSION,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        policy: policy.effective(),
        tools: policy.tools_allowed().map(|tool| (tool.name().to_owned(), tool.digest())).collect(),
        roles: setting.role_names(),
        seconds: seconds.saturating_add(TAKE_UP.as_secs().saturating_mul(4).saturating_mul(components)),
    };
    framed(&WorkerRequest::Terms(terms))
}

pub(super) fn charge(setting: &Setting<ParsedAgent>, world: &World) -> Result<Vec<u8>, Error> {
    let components = setting.components();
    let charged = |agent: &ParsedAgent| {
        let place = components.iter().position(|component| component.digest() == agent.digest());
        ChargedAgent {
            name: agent.name().to_owned(),
            component: place.and_then(|place| u32::try_from(place).ok()).unwrap_or(u32::MAX),
            instructions: agent.instructions().map(str::to_owned),
        }
    };
    let mut frames = framed(&WorkerRequest::Charge(Charge {
        components: u32::try_from(components.len()).unwrap_or(u32::MAX),
        agents: setting.shares().into_iter().map(|(agent, _)| charged(agent)).collect(),
        task: setting.task.as_deref().map(str::to_owned),
        environment: world.definition(),
        registered: world.portable().is_none().then(|| world.to_string()),
    }))?;
    for component in &components {
        frames.append(&mut framed(&WorkerRequest::Component(Bytes(component.bytes().to_vec())))?);
    }
    Ok(frames)
}

/// Returns the time that one episode can take: its wall clock, and as much again for each agent that learns.
pub(super) fn longest(setting: &Setting<ParsedAgent>) -> Duration {
    let agents = u32::try_from(setting.shares().len()).unwrap_or(u32::MAX);
    setting.policy.episode.wall.saturating_mul(agents.saturating_add(1))
}

fn framed(order: &WorkerRequest) -> Result<Vec<u8>, Error> {
    let mut frames = Vec::new();
    frame::put(order, &mut frames).map_err(|error| Error::TakeUp(error.to_string()))?;
    Ok(frames)
}
