//! `dayfly audit`: tests for flow of information from one episode to a later one.

use std::io::Write as _;
use std::time::{Duration, Instant};

use clap::{Args, Subcommand};
use serde::Serialize;

use super::failure::Failure;
use super::jobs::{self, cancel_on_interrupt};
use super::progress::{Progress, rough};
use super::{Exit, compiling, find, number, say};
use crate::audit::{self, AuditSubject, Pairing, Pairs, QuickResult, RoadVerdict, Roads};
use crate::episode::Cancel;
use crate::property::ViewPair;
use crate::registry::Registry;
use crate::report;
use crate::value::{Digest, Seed, hint, many};

/// Try whether anything of one episode reaches a later one.
#[derive(Debug, Args)]
pub(super) struct AuditArgs {
    #[command(subcommand)]
    of: AuditCommand,
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Compare what a probe sees, byte for byte, after different agents in the episode before.
    Noninterference(NoninterferenceArgs),
    /// Measure the bits that a sender gets to the next episode, on each road there may be.
    Channels(ChannelsArgs),
}

#[derive(Debug, Args)]
struct NoninterferenceArgs {
    /// Number of pairs of agents to compare.
    #[arg(long, default_value_t = 1000, value_parser = number::whole::<u32>(1..=10_000_000))]
    pairs: u32,
    /// Compare the pair with this ordinal alone, as it is among all. This repeats what a test or an
    /// audit found.
    #[arg(long, value_name = "ORDINAL", conflicts_with = "pairs", value_parser = number::whole::<u64>(0..=u64::MAX - 1))]
    pair: Option<u64>,
    /// The agent that the audit is about: it comes before the probe in one run of every pair.
    #[arg(long, value_name = "AGENT[:INSTRUCTIONS]")]
    of: Option<String>,
    /// An agent that comes before the probe in a quarter of all episodes, beside the built-in and generated ones;
    /// may be given more than once.
    #[arg(long, value_name = "AGENT[:INSTRUCTIONS]")]
    agent: Vec<String>,
    #[command(flatten)]
    common: CommonArgs,
}

#[derive(Debug, Args)]
struct ChannelsArgs {
    /// Number of bits sent on each road, after fifty that the decoder learns from: all roads take
    /// minutes.
    #[arg(long, default_value_t = 1000, value_parser = number::whole::<u32>(500..=1_000_000))]
    trials: u32,
    /// Send a 1 and, with the same seed, a 0 on each road, and show what the receiver sees. It is
    /// the trial of P16 with this ordinal in `dayfly test`.
    #[arg(long, value_name = "ORDINAL", conflicts_with = "trials")]
    trial: Option<u64>,
    /// Send a 1 and, with the same seed, a 0 sixty times on each road, as P16 does. This takes
    /// seconds and says less.
    #[arg(long, conflicts_with_all = ["trials", "trial"])]
    quick: bool,
    /// A road to try; may be given more than once. All roads without one.
    #[arg(long, value_name = "NAME", value_parser = road)]
    road: Vec<String>,
    #[command(flatten)]
    common: CommonArgs,
}

#[derive(Debug, Args)]
struct CommonArgs {
    /// The policy that is audited: a built-in name, or the path of a TOML file.
    #[arg(long, short, default_value = "strict")]
    policy: String,
    /// The environment: a built-in name with parameters, or the path of a TOML file.
    #[arg(long, short, default_value = "off-switch")]
    environment: String,
    /// Seed of every random choice.
    #[arg(long, default_value = "0")]
    seed: Seed,
    /// Number of episodes to run at a time; all processors by default. The result does not depend
    /// on it.
    #[arg(long, short, value_parser = number::whole::<u16>(1..=256))]
    jobs: Option<u16>,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

/// Object that `--json` prints.
#[derive(Serialize)]
struct AuditJson<'a, T> {
    version: u32,
    audit: &'static str,
    policy: &'a str,
    environment: &'a str,
    seed: Seed,
    ending: &'static str,
    holds: bool,
    result: T,
}

/// Result of one trial on every road.
#[derive(Serialize)]
struct RoadTrialsJson<'a> {
    trial: u64,
    pairs: &'a [ViewPair],
    root: Digest,
}

impl AuditArgs {
    pub(super) fn execute(&self, registry: &Registry) -> Result<Exit, Failure> {
        match &self.of {
            AuditCommand::Noninterference(of) => of.execute(registry),
            AuditCommand::Channels(of) => of.execute(registry),
        }
    }
}

impl NoninterferenceArgs {
    fn execute(&self, registry: &Registry) -> Result<Exit, Failure> {
        let cancel = cancel_on_interrupt()?;
        let jobs = if self.pair.is_some() { 1 } else { self.common.jobs() };
        let subject = self.common.subject(registry, jobs, &cancel)?;
        let policy = find::policy_here(registry, &self.common.policy)?;
        let found = |name: &String| {
            let agent = find::known(name)?;
            find::fits(&agent, &policy, &self.common.policy)?;
            subject.threads().agent(&agent, &policy).map_err(|error| Failure::threads(&error))
        };
        let guests = self.agent.iter().map(found).collect::<Result<Vec<_>, Failure>>()?;
        let of = self.of.as_ref().map(found).transpose()?;
        let pairs = self.pair.map_or(0..self.pairs.into(), |pair| pair..pair.saturating_add(1));
        let progress = Progress::of(pairs.end.saturating_sub(pairs.start), "pairs");
        let ran = Pairing::new(subject.clone(), &guests, of.as_ref()).and_then(|pairing| {
            pairing.compare(pairs, &|alike| {
                if !alike {
                    progress.say(", some differ");
                }
                progress.inc();
            })
        });
        drop(progress);
        let pairs = ran.map_err(|error| failed(&error))?;
        if self.common.json {
            self.common.print("noninterference", &cancel, pairs.held(), &pairs)?;
        } else {
            let text = report::audit::pairs(self.common.audited(&subject), &pairs);
            say!("{}", text.trim_end());
        }
        Ok(exit(&pairs))
    }
}

fn exit(pairs: &Pairs) -> Exit {
    match pairs {
        Pairs { differ: 1.., .. } => Exit::Violated,
        Pairs { cancelled: true, .. } => Exit::Cancelled,
        _ if pairs.held() => Exit::Held,
        _ => Exit::Inconclusive,
    }
}

impl ChannelsArgs {
    fn execute(&self, registry: &Registry) -> Result<Exit, Failure> {
        let cancel = cancel_on_interrupt()?;
        if let Some(trial) = self.trial {
            return self.alone(registry, trial, &cancel);
        }
        if self.quick {
            return self.quickly(registry, &cancel);
        }
        let jobs = self.common.jobs();
        let subject = self.common.subject(registry, jobs, &cancel)?;
        let all = audit::measurements(&self.road);
        let trials = audit::trials(&self.road, self.trials);
        let roads = Roads::new(&subject, &self.road).map_err(|error| failed(&error))?;
        announce(all, trials, took(rehearse(&subject, &roads)?, all, trials, jobs));
        let progress = Progress::of(trials, "trials");
        let ran = audit::channels(&subject, &roads, self.trials, &|road| {
            progress.say(format!(", on {road}"));
            progress.inc();
        });
        drop(progress);
        let measured = ran.map_err(|error| failed(&error))?;
        let holds = measured.len() == all && measured.iter().all(|one| one.verdict == RoadVerdict::Holds);
        if self.common.json {
            self.common.print("channels", &cancel, holds, &measured)?;
        } else {
            let text = report::audit::channels(self.common.audited(&subject), self.trials, all, &measured);
            say!("{}", text.trim_end());
        }
        let is_violated = measured.iter().any(|one| one.verdict == RoadVerdict::Violated);
        Ok(match cancel.is_cancelled() {
            _ if is_violated => Exit::Violated,
            true => Exit::Cancelled,
            false if holds => Exit::Held,
            false => Exit::Inconclusive,
        })
    }

    /// Runs a few trials on every road, as a property does.
    fn quickly(&self, registry: &Registry, cancel: &Cancel) -> Result<Exit, Failure> {
        let subject = self.common.subject(registry, self.common.jobs(), cancel)?;
        let roads = Roads::new(&subject, &self.road).map_err(|error| failed(&error))?;
        let progress = Progress::of(QUICK, "trials on every road");
        let tried = audit::quick(&subject, &roads, QUICK, &|| progress.inc());
        drop(progress);
        let tried = tried.map_err(|error| failed(&error))?;
        let holds = !tried.is_empty() && tried.iter().all(QuickResult::holds);
        if self.common.json {
            self.common.print("channels", cancel, holds, &tried)?;
        } else {
            let text = report::audit::quick(self.common.audited(&subject), &tried);
            say!("{}", text.trim_end());
        }
        Ok(match cancel.is_cancelled() {
            _ if tried.iter().any(QuickResult::is_refuted) => Exit::Violated,
            true => Exit::Cancelled,
            false if holds => Exit::Held,
            false => Exit::Inconclusive,
        })
    }
}

/// Number of trials on each road in the quick form.
const QUICK: u64 = 60;

/// Returns the time that one trial on each road takes, one after the other.
#[expect(clippy::disallowed_methods, reason = "how long something takes is for people alone")]
fn rehearse(subject: &AuditSubject, roads: &Roads) -> Result<Duration, Failure> {
    let started = Instant::now();
    subject.threads().install(|| roads.rehearse()).map_err(|error| failed(&error))?;
    Ok(started.elapsed())
}

/// Returns the time that so many trials on so many roads take, if one on each takes `rehearsal`.
fn took(rehearsal: Duration, roads: usize, trials: u64, jobs: usize) -> Duration {
    let each = u64::try_from(roads.saturating_mul(jobs)).unwrap_or(u64::MAX).max(1);
    rehearsal.saturating_mul(u32::try_from(trials.div_ceil(each)).unwrap_or(u32::MAX))
}

/// Writes the expected duration before the audit begins.
fn announce(roads: usize, trials: u64, took: Duration) {
    let (trials, roads, took) = (many(trials, "trial"), many(roads, "road"), rough(took));
    // A failure to write is ignored: the error output may be closed.
    let _ = writeln!(anstream::stderr(), "{trials} on {roads}: about {took}; `--quick` takes seconds and says less");
}

impl ChannelsArgs {
    /// Runs one trial, and shows what the receivers saw.
    fn alone(&self, registry: &Registry, trial: u64, cancel: &Cancel) -> Result<Exit, Failure> {
        let subject = self.common.subject(registry, 1, cancel)?;
        let live = || Roads::new(&subject, &self.road).and_then(|roads| roads.live(trial));
        let lived = subject.threads().install(live);
        let lived = lived.map_err(|error| failed(&error))?;
        let (pairs, root) = (&lived.pairs, lived.root());
        if cancel.is_cancelled() {
            return Ok(Exit::Cancelled);
        }
        let holds = pairs.iter().all(ViewPair::is_as_declared);
        if self.common.json {
            self.common.print("channels", cancel, holds, &RoadTrialsJson { trial, pairs, root })?;
        } else {
            let text = report::audit::sent(self.common.audited(&subject), trial, pairs, root);
            say!("{}", text.trim_end());
        }
        Ok(if holds { Exit::Held } else { Exit::Violated })
    }
}

impl CommonArgs {
    fn subject(&self, registry: &Registry, jobs: usize, cancel: &Cancel) -> Result<AuditSubject, Failure> {
        let policy = find::policy_here(registry, &self.policy)?;
        let world = find::world_of_one(registry, &self.environment)?;
        let threads = jobs::threads(jobs, compiling::compiler(false))?;
        AuditSubject::new(&policy, world, self.seed, &threads, cancel).map_err(|error| failed(&error))
    }

    fn jobs(&self) -> usize {
        jobs::jobs(self.jobs)
    }

    fn audited<'a>(&'a self, subject: &'a AuditSubject) -> report::audit::Audited<'a> {
        let environment = &self.environment;
        report::audit::Audited { policy: subject.policy(), environment, declares: subject.declares() }
    }

    fn print<T: Serialize>(&self, audit: &'static str, cancel: &Cancel, holds: bool, result: T) -> Result<(), Failure> {
        let Self { policy, environment, seed, .. } = self;
        let is_cancelled = cancel.is_cancelled();
        let ending = if is_cancelled { "cancelled" } else { "completed" };
        let holds = holds && !is_cancelled;
        let object = AuditJson { version: 1, audit, policy, environment, seed: *seed, ending, holds, result };
        let text = crate::value::json::pretty(&object).map_err(|error| Failure::host(&error))?;
        say!("{text}");
        Ok(())
    }
}

/// Parses the name of a road.
fn road(name: &str) -> Result<String, String> {
    let names = audit::CHANNELS.iter().map(|channel| channel.name);
    if names.clone().any(|known| known == name) { Ok(name.to_owned()) } else { Err(hint(name, "there are", names)) }
}

fn failed(error: &audit::Error) -> Failure {
    match error {
        audit::Error::Blind { .. } => Failure::input(
            error.to_string(),
            "grant `episode`, without a rule against `brief`: the probe is told its part in its task",
        ),
        audit::Error::Agent(agent) => Failure::input(error.to_string(), agent.help()),
        audit::Error::Run(error) => Failure::run(error),
        audit::Error::Threads(error) => Failure::threads(error),
        _ => Failure::host(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_it_takes_follows_from_one_trial_on_each_road() {
        let rehearsal = Duration::from_millis(780);
        assert_eq!(took(rehearsal, 28, 28 * 1050, 2), rehearsal * 525);
        assert_eq!(took(rehearsal, 28, 28 * 1050, 1), rehearsal * 1050);
        assert_eq!(took(rehearsal, 0, 0, 0), Duration::ZERO);
    }
}
