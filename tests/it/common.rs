//! Shared by the tests: a run through the library, and its record.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use dayfly::agent::{ParsedAgent, SHIPPED};
use dayfly::capability::CAPABILITIES;
use dayfly::environment::World;
use dayfly::episode::Cancel;
use dayfly::ledger;
use dayfly::policy::Policy;
use dayfly::run::{self, Ending, Plan, RunOutcome, Summary, Threads, Unwatched, Workers};
use dayfly::transcript::{Role, Transcript};
use dayfly::value::Seed;
use dayfly::worker::Patience;
use serde_json::Value;

/// Run to be made; a test changes what matters to it.
pub(crate) struct Run {
    pub(crate) agent: String,
    /// Roles and their agents, where there are several. The first one's agent is also `agent`.
    pub(crate) roles: Vec<(&'static str, String)>,
    pub(crate) policy: String,
    pub(crate) environment: String,
    pub(crate) task: Option<String>,
    pub(crate) instructions: Option<String>,
    pub(crate) episodes: u64,
    pub(crate) lineages: u32,
    pub(crate) seed: u64,
    pub(crate) draws: Option<String>,
    pub(crate) jobs: usize,
}

/// Run that is over.
pub(crate) struct Ran {
    pub(crate) folder: PathBuf,
    pub(crate) summary: Summary,
    pub(crate) ending: Ending,
    pub(crate) transcripts: Vec<Value>,
    _place: tempfile::TempDir,
}

impl Run {
    /// Returns a run of one episode. The agent is shipped, or the text of a core module or a
    /// component; policy and environment are names of shipped ones, or texts.
    pub(crate) fn of(agent: &str, policy: &str, environment: &str) -> Self {
        Self {
            agent: agent.to_owned(),
            roles: Vec::new(),
            policy: policy.to_owned(),
            environment: environment.to_owned(),
            task: None,
            instructions: None,
            episodes: 1,
            lineages: 1,
            seed: 0,
            draws: None,
            jobs: 1,
        }
    }

    pub(crate) fn go(&self) -> Ran {
        self.attempt().unwrap_or_else(|error| panic!("{error}"))
    }

    /// Makes the run as [`Run::go`] does, but returns a refusal.
    pub(crate) fn attempt(&self) -> Result<Ran, run::Error> {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("run");
        let run = run::Run::on_threads(self.plan(), &Threads::new(self.jobs)?, &Cancel::default())?;
        let RunOutcome { summary, ending, .. } = run.record_in(&folder)?.carry_out(&mut Unwatched)?;
        // The record is one of this program, whatever an agent does.
        let verified = ledger::verify(&folder, None).unwrap();
        assert!(matches!(verified, ledger::Verification::Whole { .. }), "{verified:?}");
        let transcripts =
            read(&folder.join("transcripts.jsonl")).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        Ok(Ran { folder, summary, ending, transcripts, _place: place })
    }

    /// Returns the transcripts of the run in workers of `program`, which may not be Dayfly, or the
    /// reason why there are none.
    pub(crate) fn apart(&self, program: &Path) -> Result<Vec<Value>, String> {
        self.apart_within(program, Duration::from_secs(20))
    }

    /// Runs as [`Run::apart`] does, with so much patience. The transcripts are in the order in
    /// which the episodes were over.
    pub(crate) fn apart_within(&self, program: &Path, patience: Duration) -> Result<Vec<Value>, String> {
        self.apart_by(program, Patience { answer: patience, ..Patience::default() }, |make| make())
    }

    /// Runs as [`Run::apart`] does, with so much patience for each answer.
    pub(crate) fn apart_with(&self, program: &Path, patience: Patience) -> Result<Vec<Value>, String> {
        self.apart_by(program, patience, |make| make())
    }

    /// Runs as [`Run::apart`] does, but the thread that starts the workers is over before any
    /// episode begins.
    pub(crate) fn apart_from_another_thread(&self, program: &Path) -> Result<Vec<Value>, String> {
        self.apart_by(program, Patience::default(), |make| {
            let run = std::thread::scope(|scope| scope.spawn(make).join().unwrap());
            // The system ends what depends on the thread a moment later.
            std::thread::sleep(Duration::from_millis(100));
            run
        })
    }

    fn apart_by(
        &self,
        program: &Path,
        patience: Patience,
        ready: impl FnOnce(&(dyn Fn() -> Result<run::Run, run::Error> + Sync)) -> Result<run::Run, run::Error>,
    ) -> Result<Vec<Value>, String> {
        let cancel = Cancel::default();
        let run = ready(&|| self.on_workers(program, patience, &cancel)).map_err(|error| error.to_string())?;
        let mut transcripts = Vec::new();
        let mut observe = |transcript: &Transcript| transcripts.push(serde_json::to_value(transcript).unwrap());
        let outcome = run.carry_out(&mut observe).map_err(|error| error.to_string())?;
        if let Ending::Halted(halt) = outcome.ending {
            return Err(halt.to_string());
        }
        Ok(transcripts)
    }

    /// Makes the run in workers of `program`, which may not be Dayfly.
    pub(crate) fn on_workers(
        &self,
        program: &Path,
        patience: Patience,
        cancel: &Cancel,
    ) -> Result<run::Run, run::Error> {
        run::Run::on_workers(self.plan(), Workers::new(program, self.jobs).patient(patience), cancel)
    }

    pub(crate) fn plan(&self) -> Plan {
        let is_table = self.environment.contains('\n');
        let selection = if is_table { World::table(&self.environment) } else { Ok(self.environment.parse().unwrap()) };
        let agent = known(&self.agent);
        let agent = match &self.instructions {
            Some(instructions) => agent.instructed(instructions),
            None => agent,
        };
        let roles = self.roles.iter().map(|(role, agent)| (Role::new(role).unwrap(), known(agent))).collect();
        let plan = Plan {
            task: self.task.as_deref().map(Arc::from),
            episodes: self.episodes,
            lineages: self.lineages,
            seed: Seed(self.seed),
            draws: self.draws.as_deref().map(Arc::from),
            ..Plan::new(agent, policy(&self.policy), selection.unwrap())
        };
        plan.with_roles(roles)
    }
}

impl Ran {
    /// Returns the one transcript of a run of one episode.
    pub(crate) fn only(&self) -> &Value {
        let [transcript] = self.transcripts.as_slice() else { panic!("{} episodes", self.transcripts.len()) };
        transcript
    }
}

/// Returns a shipped policy, or the one that this text makes.
pub(crate) fn policy(text: &str) -> Policy {
    let read = || Policy::parse("test.toml", text).unwrap_or_else(|invalid| panic!("{invalid}"));
    Policy::shipped(text).unwrap_or_else(read)
}

/// Returns the text of a policy with these lines for its episode. It grants every capability that
/// `rest` does not mention.
pub(crate) fn granting(episode: &str, rest: &str) -> String {
    let mut text = "[episode]\n".to_owned();
    for (key, value) in [("steps", "100"), ("fuel", "100_000")] {
        if !episode.lines().any(|line| line.starts_with(key)) {
            text = format!("{text}{key} = {value}\n");
        }
    }
    text = format!("{text}{episode}\n{rest}\n");
    for capability in CAPABILITIES {
        let header = format!("[grants.{}]", capability.name);
        if !rest.contains(&header) {
            text = format!("{text}{header}\nmode = \"grant\"\n");
        }
    }
    text
}

/// Returns the transcript of one episode of an agent whose `run` is `body`.
pub(crate) fn live(body: &str, policy: &str, environment: &str) -> Value {
    Run::of(&crate::guest::agent(body), policy, environment).go().only().clone()
}

/// Returns the end of the episode, and its closing.
pub(crate) fn ended(transcript: &Value) -> (&str, &str) {
    (transcript["end"].as_str().unwrap(), transcript["closing"].as_str().unwrap())
}

/// Returns the number of violations of a class.
pub(crate) fn violations(transcript: &Value, class: &str) -> u64 {
    transcript["violations"].get(class).map_or(0, |count| count.as_u64().unwrap())
}

/// Returns a shipped agent, or the one that this text of a core module or a component makes.
pub(crate) fn known(text: &str) -> ParsedAgent {
    let shipped = SHIPPED.iter().find(|shipped| shipped.name == text);
    let bytes = match shipped {
        Some(shipped) => shipped.bytes.to_vec(),
        None if text.starts_with("(component") => text.as_bytes().to_vec(),
        None => crate::core::component(text),
    };
    ParsedAgent::read("test", &bytes).unwrap_or_else(|error| panic!("{error}"))
}

/// Path of the program, which the tests look at from outside.
pub(crate) const DAYFLY: &str = env!("CARGO_BIN_EXE_dayfly");

/// Returns a command that runs the program. All tests make theirs here.
pub(crate) fn dayfly() -> Command {
    command(DAYFLY)
}

/// Returns a command that runs the program by way of another one. It keeps no compiled agents in
/// the user's cache.
pub(crate) fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env("DAYFLY_CACHE", "off").env_remove("COLUMNS");
    command
}

/// Returns the folder of the package.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns the files below `folder` with an ending, in the order of their paths.
pub(crate) fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.extension().is_some_and(|extension| extension == ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}
