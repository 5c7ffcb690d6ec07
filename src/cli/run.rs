//! `dayfly run`: runs an agent through episodes.

mod drawn;
mod host;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use clap::{Args, ValueEnum};

use self::drawn::DrawnEpisodes;
use self::host::host;
use super::failure::Failure;
use super::jobs::{cancel_on_interrupt, jobs, threads};
use super::{Exit, compiling, find, key, note, number, progress, say, width};
use crate::agent::{Compiler, ParsedAgent};
use crate::environment::{Knob, World};
use crate::ledger::{self, SigningKey};
use crate::policy::{Continuity, Policy, Process};
use crate::registry::Registry;
use crate::report::{RunReport, json, plain, text};
use crate::run::{self, Ending, Plan, RunOutcome, Summary, Workers};
use crate::transcript::{End, Role, Transcript};
use crate::value::{Seed, many};
use crate::worker::Leftover;

/// Run an agent through episodes, and record them.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// An agent: a built-in name, or the path of a component (.wasm or .wat). What follows a colon is told to
    /// it at the end of every task, on a line of its own.
    #[arg(value_name = "AGENT[:INSTRUCTIONS]", required_unless_present = "role")]
    agent: Option<String>,
    /// The agent that plays a role, in an environment that has several: once for each. `dayfly
    /// explain ENVIRONMENT` names them.
    #[arg(long, value_name = "ROLE=AGENT[:INSTRUCTIONS]", conflicts_with = "agent", value_parser = RoleArg::parse)]
    role: Vec<RoleArg>,
    /// A policy: a built-in name, or the path of a TOML file.
    #[arg(long, short, default_value = "strict")]
    policy: String,
    /// An environment: a built-in name with parameters, such as `button:future=-10`, or the path of a TOML file.
    #[arg(long, short)]
    environment: String,
    /// The task that the brief gives; `@FILE` reads it from a file.
    #[arg(long, value_name = "TEXT|@FILE")]
    task: Option<String>,
    /// Number of episodes.
    #[arg(long, short = 'n', default_value_t = 1, value_parser = number::whole::<u64>(1..=u64::MAX))]
    episodes: u64,
    /// Number of lineages that the episodes are dealt out to, in turns. A lineage hands its
    /// carry-over, and its world if that persists, from one of its episodes to the next. By default
    /// 1, or the size of the policy's population; with fewer lineages than that, none is selected.
    #[arg(long, value_parser = number::whole::<u32>(1..=100_000))]
    lineages: Option<u32>,
    /// Seed of every random choice, together with what the agent is handed: another agent draws
    /// other numbers.
    #[arg(long, default_value = "0")]
    seed: Seed,
    /// A name for what the agent and its world draw: other agents, or other tasks, meet the same
    /// under the same seed and name. It is for demonstrations beside each other: an agent that was
    /// made for it knows what it will meet.
    #[arg(long, value_name = "NAME")]
    draws: Option<String>,
    /// Number of episodes to run at a time; all processors by default. The record does not depend
    /// on it.
    #[arg(long, short, value_parser = number::whole::<u16>(1..=256))]
    jobs: Option<u16>,
    /// Place of the episodes: this process, or confined processes of their own. By default as the
    /// policy says, or else this process. The record does not depend on it.
    #[arg(long, value_enum, value_name = "WHERE")]
    isolate: Option<Isolate>,
    /// Folder for the record, which must not exist. By default a new one in `dayfly-runs`.
    #[arg(long, short)]
    out: Option<PathBuf>,
    /// Sign the record with this key, which `dayfly key new` made. Whoever has the file beside it, which
    /// ends in `.pub`, can tell the record from any that somebody else wrote.
    #[arg(long, value_name = "KEY")]
    sign: Option<PathBuf>,
    /// Draw the first episodes into this file, each with its boundary and with what was tried after
    /// it.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Print one JSON object instead of the summary.
    #[arg(long)]
    json: bool,
    /// Show no progress and no summary.
    #[arg(long, short)]
    quiet: bool,
}

/// Role, and the agent that plays it.
#[derive(Clone, Debug)]
struct RoleArg {
    role: Role,
    agent: String,
}

impl RoleArg {
    fn parse(text: &str) -> Result<Self, String> {
        let (role, agent) = text.split_once('=').ok_or("write `ROLE=AGENT`, such as `odd=planner`")?;
        let role = Role::new(role).map_err(|error| error.to_string())?;
        Ok(Self { role, agent: agent.to_owned() })
    }
}

/// Place where episodes run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Isolate {
    /// This process.
    None,
    /// Confined processes of their own.
    Process,
}

impl RunArgs {
    pub(super) fn execute(&self, registry: &Registry) -> Result<Exit, Failure> {
        let policy = Arc::new(find::policy(registry, &self.policy)?);
        if let Some(path) = &self.svg {
            find::place("picture", path)?;
        }
        let key = self.sign.as_deref().map(key::signing).transpose()?;
        if self.is_apart(&policy)? {
            self.apart(registry, policy, key.as_ref())
        } else {
            self.here(registry, policy, key.as_ref())
        }
    }

    /// Runs the episodes in this process.
    fn here(&self, registry: &Registry, policy: Arc<Policy>, key: Option<&SigningKey>) -> Result<Exit, Failure> {
        let jobs = jobs(self.jobs);
        let plan = self.plan(registry, policy)?;
        let threads = threads(jobs, self.compiler())?;
        let cancel = cancel_on_interrupt()?;
        let run = run::Run::on_threads(plan, &threads, &cancel).map_err(|error| Failure::run(&error))?;
        self.carry_out(run, jobs, key)
    }

    /// Runs the episodes in processes of their own. This process reads the agent, but neither
    /// compiles nor runs it.
    fn apart(&self, registry: &Registry, policy: Arc<Policy>, key: Option<&SigningKey>) -> Result<Exit, Failure> {
        let jobs = jobs(self.jobs);
        let plan = self.plan(registry, policy)?;
        let cancel = cancel_on_interrupt()?;
        let program = std::env::current_exe().map_err(|error| Failure::host(&error))?;
        let run = run::Run::on_workers(plan, Workers::new(program, jobs).compiling(self.compiler()), &cancel);
        let run = run.map_err(|error| Failure::run(&error))?;
        for (part, why) in run.workers().iter().flat_map(|workers| workers.confined().missing()) {
            // A failure to write is ignored: the error output may be closed.
            let _ = writeln!(anstream::stderr(), "not confined by `{}`: {why}", part.name());
        }
        self.carry_out(run, jobs, key)
    }

    /// Returns the compiler of the agent, which also keeps what workers have compiled.
    fn compiler(&self) -> Compiler {
        compiling::compiler(self.quiet || self.json)
    }

    /// `true` if episodes run in processes of their own.
    fn is_apart(&self, policy: &Policy) -> Result<bool, Failure> {
        let is_required = policy.isolation.process == Process::Required;
        match self.isolate {
            Some(Isolate::None) if is_required => Err(Failure::run(&run::Error::NotIsolated(policy.name.clone()))),
            Some(isolate) => Ok(isolate == Isolate::Process),
            None => Ok(is_required),
        }
    }

    /// Returns the plan of the run, after checking that everything it names exists and fits.
    fn plan(&self, registry: &Registry, policy: Arc<Policy>) -> Result<Plan, Failure> {
        let lineages = self.lineages(&policy)?;
        let world = find::world(registry, &self.environment)?;
        self.note_unpaid(&policy, &world);
        let task = self.task.as_deref().map(find::task).transpose()?;
        // Checked before anything is compiled, which may take a minute.
        let roles = self.roles(&policy)?;
        let agent = match (&self.agent, roles.first()) {
            (Some(agent), _) => {
                let agent = find::known(agent)?;
                find::fits(&agent, &policy, &self.policy)?;
                agent
            }
            (None, Some((_, agent))) => agent.clone(),
            (None, None) => return Err(Failure::input("there is no agent", "name one, such as `planner`")),
        };
        Ok(Plan {
            agent,
            roles,
            policy,
            world,
            task: task.map(Arc::from),
            episodes: self.episodes,
            lineages,
            seed: self.seed,
            draws: self.draws.as_deref().map(Arc::from),
        })
    }

    /// Returns the agent of each role.
    fn roles(&self, policy: &Policy) -> Result<Vec<(Role, ParsedAgent)>, Failure> {
        let known = |cast: &RoleArg| {
            let agent = find::known(&cast.agent)?;
            find::fits_role(&agent, policy, &self.policy, &cast.role)?;
            Ok((cast.role.clone(), agent))
        };
        self.role.iter().map(known).collect()
    }

    /// Writes a note if the reward for the next episode is never paid, because the policy makes its
    /// world anew.
    fn note_unpaid(&self, policy: &Policy, world: &World) {
        let is_reset = policy.boundary.environment == Continuity::Reset;
        let Some(knob) = world.knob(Knob::Future).filter(|_| is_reset && self.episodes > 1 && !self.quiet) else {
            return;
        };
        let (knob, policy) = (plain(knob.name), plain(&policy.name));
        note(&format!(
            "`{knob}` of the next episode is never paid: the policy `{policy}` resets the world; `--policy persist` keeps it"
        ));
    }

    /// Returns the number of lineages.
    fn lineages(&self, policy: &Policy) -> Result<u32, Failure> {
        let size = policy.population.map(|population| population.size);
        let lineages = self.lineages.or(size).unwrap_or(1);
        if let Some(size) = size.filter(|size| *size < lineages) {
            return Err(Failure::run(&run::Error::Population { size, lineages }));
        }
        if u64::from(lineages) > self.episodes {
            return Err(Failure::input(
                format!("{} cannot share {}", many(lineages, "lineage"), many(self.episodes, "episode")),
                "ask for at least one episode a lineage",
            ));
        }
        Ok(lineages)
    }

    #[expect(clippy::disallowed_methods, reason = "how long a run took is for people and `host.json` alone")]
    fn carry_out(&self, run: run::Run, jobs: usize, key: Option<&SigningKey>) -> Result<Exit, Failure> {
        let manifest = run.manifest().clone();
        let folder = self.out.clone().unwrap_or_else(|| free_folder(&manifest));
        let unwritten = |error| Failure::ledger(&error).leaving(&folder);
        let digest = run.digest();
        let run = match key {
            Some(key) => run.record_signed_in(&folder, key.clone()),
            None => run.record_in(&folder),
        };
        let run = run.map_err(|error| match error {
            ledger::Error::Exists { .. } => Failure::ledger(&error),
            error => unwritten(error),
        })?;
        let confined = run.workers().map(|workers| workers.confined().clone());
        let mut progress = RunProgress::new(self, manifest.episodes);
        let mut drawn = DrawnEpisodes::default();
        let started = Instant::now();
        let outcome = run.carry_out(&mut |transcript: &Transcript| {
            progress.see(transcript);
            drawn.see(transcript);
        });
        let took = started.elapsed();
        drop(progress);
        let RunOutcome { summary, ending, head, left } =
            outcome.map_err(|error| Failure::run(&error).leaving(&folder))?;
        for Leftover { folder, why } in &left {
            let folder = plain(&folder.display().to_string());
            note(&format!("what a worker left in `{folder}` could not be removed: {}", plain(why)));
        }
        ledger::write_host(&folder, &host(jobs, took, confined.as_ref(), &left)).map_err(unwritten)?;
        if let Some(key) = key {
            ledger::sign_host(&folder, key, digest, head).map_err(unwritten)?;
        }
        if let Some(path) = &self.svg {
            drawn.write(path, &manifest, summary.episodes)?;
        }
        let path = folder.display().to_string();
        let told = RunReport { manifest: &manifest, summary: &summary, ending: &ending, path: &path, head };
        if self.json {
            let object =
                crate::value::json::pretty(&json::RunJson::new(told)).map_err(|error| Failure::host(&error))?;
            say!("{object}");
        } else if !self.quiet {
            let pace = text::Pace { took, jobs };
            say!("{}", text::summary(told, pace, width().unwrap_or(80)).trim_end());
            if let Some(key) = key {
                say!("   signed by  {}", plain(key.verifying().name()));
            }
        }
        exit(&summary, &ending)
    }
}

fn exit(summary: &Summary, ending: &Ending) -> Result<Exit, Failure> {
    match ending {
        Ending::Cancelled => Ok(Exit::Cancelled),
        Ending::Quarantined | Ending::Full => Ok(Exit::Violated),
        Ending::Aborted(error) => Err(Failure::episode(error)),
        Ending::Halted(halt) => Err(Failure::halted(halt)),
        Ending::Completed if summary.ends.contains_key(&End::Aborted) => {
            let lost = summary.ends.get(&End::Aborted).copied().unwrap_or_default();
            Err(Failure::lost(lost))
        }
        Ending::Completed if summary.failed() => Ok(Exit::Violated),
        Ending::Completed => Ok(Exit::Held),
    }
}

/// Returns the first folder in `dayfly-runs` that is free, named for the agent and the environment.
fn free_folder(manifest: &ledger::Manifest) -> PathBuf {
    let letters = |text: &str| -> String {
        let word = text.split(':').next().unwrap_or_default();
        word.chars().filter(|character| character.is_ascii_alphanumeric() || matches!(character, '-' | '_')).collect()
    };
    let stem = format!("{}-{}", letters(&manifest.agent.name), letters(&manifest.environment.name));
    let folder = |number: u32| Path::new("dayfly-runs").join(format!("{stem}-{number}"));
    (1..u32::MAX).map(folder).find(|folder| !folder.exists()).unwrap_or_else(|| folder(u32::MAX))
}

/// Progress of a run, for people.
struct RunProgress {
    shown: progress::Progress,
    has_refused: bool,
}

impl RunProgress {
    fn new(run: &RunArgs, episodes: u64) -> Self {
        let shown = if run.quiet { progress::Progress::hidden() } else { progress::Progress::of(episodes, "episodes") };
        Self { shown, has_refused: false }
    }

    fn see(&mut self, transcript: &Transcript) {
        if transcript.body.after_end > 0 && !std::mem::replace(&mut self.has_refused, true) {
            self.shown.say(", late calls refused");
        }
        self.shown.inc();
    }
}
