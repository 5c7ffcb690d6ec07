//! Hostile corpus: each file of `tests/cases/hostile` is an agent, and what the record must say of
//! it.
//!
//! ```text
//!  case --> agent, policy --+--> `dayfly run` in a child process: record, exit, time, memory
//!                           +--> one engine with an honest agent before and after: its record is what it is alone
//! ```
//!
//! To add a case is to add a file. Its expectations are exact: a violation that is not named must
//! not be recorded.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use dayfly::agent::ParsedAgent;
use dayfly::episode::Cancel;
use dayfly::ledger::{self, Verification};
use dayfly::run::{Plan, Run, Threads};
use dayfly::value::Seed;
use dayfly::worker::{Bounds, EpisodeReport, Parcel};
use serde::Deserialize;
use serde_json::Value;

use crate::common::{files, granting, policy, read};
use crate::guest::{learner, with};

/// Case of the corpus: one file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Case {
    /// Description of the attack, and of its outcome.
    why: String,
    /// Kind of attack: of the list in `SECURITY.md`, or a class of attempts to act past the end.
    attack: String,
    #[serde(default = "off_switch")]
    environment: String,
    #[serde(default = "two")]
    episodes: u64,
    /// Text of a whole policy; without it, a policy that grants everything, with the lines of
    /// `episode` and `rest`.
    policy: Option<String>,
    #[serde(default)]
    episode: String,
    #[serde(default)]
    rest: String,
    /// Agent: `run`, with `fields` and `pages`, or with `learn`; or a core `module`; or a
    /// `component`; or `raw` text that the program is given as it is; or `bytes`, in hexadecimal.
    run: Option<String>,
    learn: Option<String>,
    #[serde(default)]
    fields: String,
    #[serde(default = "one")]
    pages: u32,
    module: Option<String>,
    component: Option<String>,
    raw: Option<String>,
    bytes: Option<String>,
    expect: Expect,
    #[serde(skip)]
    name: String,
}

/// Expected record of each episode.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Expect {
    /// Part of the message with which the agent is refused, before anything of it runs.
    refused: Option<String>,
    #[serde(default)]
    end: String,
    #[serde(default)]
    closing: String,
    #[serde(default)]
    violations: BTreeMap<String, u64>,
    /// Number of notices of each class.
    #[serde(default)]
    notices: BTreeMap<String, u64>,
    #[serde(default)]
    after_end: u64,
    steps: Option<u64>,
    released: Option<usize>,
    residue: Option<usize>,
    lesson: Option<String>,
    #[serde(default)]
    exit: i32,
    /// Number of episodes that are recorded, if there are fewer than were asked for.
    episodes: Option<usize>,
}

fn off_switch() -> String {
    "off-switch".to_owned()
}

fn one() -> u32 {
    1
}

fn two() -> u64 {
    2
}

/// Time that a child may take beyond the wall clocks of its episodes: to compile, on a machine that
/// is busy.
const SLACK: Duration = Duration::from_secs(20);
/// Memory that a child may take beyond the policy's, and beyond that of a child whose agent returns
/// at once.
const ROOM: u64 = 16 << 20;

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/hostile");
    let case = |path: &std::path::PathBuf| {
        let mut case: Case = toml::from_str(&read(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        path.file_stem().unwrap().to_str().unwrap().clone_into(&mut case.name);
        case
    };
    // A case named in `CASE` runs alone.
    let wanted = std::env::var("CASE").unwrap_or_default();
    files(&folder, "toml").iter().map(case).filter(|case| wanted.is_empty() || case.name == wanted).collect()
}

impl Case {
    fn policy(&self) -> String {
        self.policy.clone().unwrap_or_else(|| granting(&self.episode, &self.rest))
    }

    /// Returns the bytes of the agent, and the name of its file.
    fn agent(&self) -> (Vec<u8>, &'static str) {
        let bytes = match self {
            Self { run: Some(run), learn: Some(learn), .. } => crate::core::component(&learner(run, learn)),
            Self { run: Some(run), .. } => crate::core::component(&with(self.pages, &self.fields, run)),
            Self { module: Some(module), .. } => crate::core::component(module),
            Self { component: Some(text), .. } => {
                wat::parse_str(text).unwrap_or_else(|error| panic!("{}: {error}", self.name))
            }
            Self { raw: Some(text), .. } => return (text.clone().into_bytes(), "agent.wat"),
            Self { bytes: Some(digits), .. } => data_encoding::HEXLOWER.decode(digits.as_bytes()).unwrap(),
            _ => panic!("{} has no agent", self.name),
        };
        (bytes, "agent.wasm")
    }

    /// Returns the differences between a transcript and what is expected.
    fn differences(&self, transcript: &Value) -> Vec<String> {
        let Expect { end, closing, notices, after_end, steps, released, residue, lesson, .. } = &self.expect;
        let mut differences = Vec::new();
        let mut compare = |what: &str, found: Value, expected: Value| {
            if found != expected {
                differences.push(format!("{}: {what} is {found}, not {expected}", self.name));
            }
        };
        let number = |field: &str| transcript.get(field).cloned().unwrap_or_else(|| 0.into());
        let length = |field: &str| transcript.get(field).map_or(0, |list| list.as_array().unwrap().len());
        compare("the end", transcript["end"].clone(), end.as_str().into());
        compare("the closing", transcript["closing"].clone(), closing.as_str().into());
        let noticed = transcript.get("notices").cloned().unwrap_or_else(|| serde_json::json!({}));
        compare("the notices", noticed, serde_json::to_value(notices).unwrap());
        compare("the calls after the end", number("after_end"), (*after_end).into());
        steps.inspect(|steps| compare("the steps", number("steps"), (*steps).into()));
        released.inspect(|count| compare("the messages", length("released").into(), (*count).into()));
        residue.inspect(|count| compare("the residue", length("residue").into(), (*count).into()));
        let learned = transcript.get("learned").map_or(Value::Null, |learned| learned["outcome"].clone());
        compare("the lesson", learned, lesson.as_deref().map_or(Value::Null, Value::from));
        differences
    }
}

/// Counts of the violations that were expected and recorded, and of those recorded besides.
#[derive(Default)]
struct Score {
    expected: u64,
    recorded: u64,
    missing: u64,
    besides: u64,
}

impl Score {
    fn add(&mut self, expected: &BTreeMap<String, u64>, transcript: &Value) -> Option<String> {
        let recorded: BTreeMap<String, u64> = transcript
            .get("violations")
            .map_or_else(BTreeMap::new, |violations| serde_json::from_value(violations.clone()).unwrap());
        self.expected += expected.values().sum::<u64>();
        self.recorded += recorded.values().sum::<u64>();
        let of = |counts: &BTreeMap<String, u64>, class: &str| counts.get(class).copied().unwrap_or(0);
        self.missing += expected.iter().map(|(class, count)| count.saturating_sub(of(&recorded, class))).sum::<u64>();
        self.besides += recorded.iter().map(|(class, count)| count.saturating_sub(of(expected, class))).sum::<u64>();
        (recorded != *expected).then(|| format!("the violations are {recorded:?}, not {expected:?}"))
    }
}

/// Run of the program that is over.
struct Child {
    code: Option<i32>,
    errors: String,
    seconds: f64,
    transcripts: Vec<Value>,
    summary: Value,
    is_whole: bool,
    peak: u64,
}

/// Lets the program run an agent, and kills it if it takes longer than it may.
fn child(case: &Case, wall: Duration) -> Child {
    let place = tempfile::tempdir().unwrap();
    let (bytes, file) = case.agent();
    std::fs::write(place.path().join(file), bytes).unwrap();
    std::fs::write(place.path().join("policy.toml"), case.policy()).unwrap();
    let episodes = case.episodes.to_string();
    let mut child = crate::common::dayfly()
        .args(["run", &format!("./{file}"), "-p", "./policy.toml", "-e", &case.environment, "-n", &episodes])
        .args(["--jobs", "1", "--quiet", "--json", "--out", "out"])
        .current_dir(&place)
        .stdout(Stdio::from(std::fs::File::create(place.path().join("summary")).unwrap()))
        .stderr(Stdio::from(std::fs::File::create(place.path().join("errors")).unwrap()))
        .spawn()
        .unwrap();
    let most = wall * u32::try_from(case.episodes).unwrap() + SLACK;
    let started = Instant::now();
    let mut most_bytes = 0;
    let code = loop {
        most_bytes = peak(child.id()).max(most_bytes);
        if let Some(status) = child.try_wait().unwrap() {
            break status.code();
        }
        if started.elapsed() > most {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("{} hangs: it was killed after {most:?}", case.name);
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    let out = place.path().join("out");
    let lines = if out.exists() { read(&out.join("transcripts.jsonl")) } else { String::new() };
    let host: Value =
        if out.exists() { serde_json::from_str(&read(&out.join("host.json"))).unwrap() } else { Value::Null };
    Child {
        code,
        errors: read(&place.path().join("errors")),
        seconds: host["seconds"].as_f64().unwrap_or(0.0),
        transcripts: lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
        summary: serde_json::from_str(&read(&place.path().join("summary"))).unwrap_or_default(),
        peak: most_bytes,
        is_whole: matches!(ledger::verify(&out, None), Ok(Verification::Whole { .. })),
    }
}

/// Returns a message if the invalid calls are miscounted. If all entries are kept, they are the
/// calls that were refused without a class, before the end.
fn miscounted(case: &Case, ran: &Child) -> Option<String> {
    if ran.transcripts.iter().any(|transcript| transcript.get("entries_cut").is_some()) {
        return None;
    }
    let entries = ran.transcripts.iter().filter_map(|transcript| transcript.get("entries")?.as_array()).flatten();
    let is_invalid =
        |entry: &&Value| entry["decision"] == "refused" && entry["due"] == "before" && entry.get("class").is_none();
    let (kept, told) = (entries.filter(is_invalid).count(), &ran.summary["invalid"]["count"]);
    (told.as_u64().unwrap_or(0) != u64::try_from(kept).unwrap())
        .then(|| format!("{}: {kept} calls asked for what cannot be, and {told} are told", case.name))
}

/// Returns the most bytes that a process has had in memory so far, as Linux counts it; 0 if it is
/// over, and elsewhere.
///
/// It is asked for every millisecond, so that the memory of a process's last millisecond may be
/// missed. `getrusage` of a child would be exact, but counts what its parent had in memory before
/// the child became another program. This function would count that too, if it did not ask for the
/// name first.
fn peak(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    if !status.starts_with("Name:\tdayfly\n") {
        return 0;
    }
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
    kilobytes.map_or(0, |kilobytes| kilobytes.parse::<u64>().unwrap() << 10)
}

#[test]
#[expect(clippy::print_stdout, reason = "the score is for people")]
fn every_hostile_agent_is_recorded_exactly_and_costs_the_host_no_more_than_it_may() {
    let idle = Case {
        why: String::new(),
        attack: String::new(),
        environment: off_switch(),
        episodes: 1,
        policy: None,
        episode: String::new(),
        rest: String::new(),
        run: Some(String::new()),
        learn: None,
        fields: String::new(),
        pages: 1,
        module: None,
        component: None,
        raw: None,
        bytes: None,
        expect: toml::from_str("end = \"returned\"").unwrap(),
        name: "idle".to_owned(),
    };
    let idle = child(&idle, Duration::from_secs(10));
    assert_eq!(idle.code, Some(0));
    let (idle, mut most) = (idle.peak, 0);
    if idle == 0 {
        println!("the memory of the children is measured on Linux alone");
    }
    let (mut score, mut faults) = (Score::default(), Vec::new());
    let cases = cases();
    for case in &cases {
        let limits = policy(&case.policy()).episode;
        let ran = child(case, limits.wall);
        most = most.max(ran.peak);
        let mut fault = |text: String| faults.push(format!("{}: {text}", case.name));
        if ran.errors.contains("panicked") {
            fault(format!("the host panicked: {}", ran.errors));
        }
        let bound = idle + limits.memory + ROOM;
        if ran.peak > bound {
            fault(format!("it took {} MiB, and {} are the most", ran.peak >> 20, bound >> 20));
        }
        if let Some(message) = &case.expect.refused {
            if ran.code != Some(2) || !ran.errors.contains(message.as_str()) || !ran.transcripts.is_empty() {
                fault(format!("it was not refused with `{message}`: exit {:?}, {}", ran.code, ran.errors));
            }
            continue;
        }
        // A run in which every episode trapped is no success.
        let is_trapped = |transcript: &Value| transcript["end"] == "trapped";
        let all_trapped = !ran.transcripts.is_empty() && ran.transcripts.iter().all(is_trapped);
        let exit = if all_trapped { 1 } else { case.expect.exit };
        if ran.code != Some(exit) {
            fault(format!("exit {:?}, not {exit}: {}", ran.code, ran.errors));
        }
        if !ran.is_whole {
            fault("its record does not verify".to_owned());
        }
        // The wall clock, twice the tenth of a second that an agent has to hear of it, and a busy
        // machine.
        let longest = (limits.wall * u32::try_from(case.episodes).unwrap() * 2).as_secs_f64() + 5.0;
        if ran.seconds > longest {
            fault(format!("it took {} s, and {longest} s are the most", ran.seconds));
        }
        let episodes = case.expect.episodes.unwrap_or(usize::try_from(case.episodes).unwrap());
        if ran.transcripts.len() != episodes {
            fault(format!("{} episodes are recorded, not {episodes}", ran.transcripts.len()));
        }
        for transcript in &ran.transcripts {
            score.add(&case.expect.violations, transcript).into_iter().for_each(&mut fault);
        }
        for transcript in &ran.transcripts {
            faults.extend(case.differences(transcript));
        }
        faults.extend(miscounted(case, &ran));
    }
    println!(
        "{} agents; {} violations expected, {} recorded, {} missing, {} besides; {} MiB at the most, {} with nothing to do",
        cases.len(),
        score.expected,
        score.recorded,
        score.missing,
        score.besides,
        most >> 20,
        idle >> 20
    );
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert_eq!((score.missing, score.besides), (0, 0), "recall and precision are not whole");
    assert!(score.expected > 0);
}

/// Agent that steps until its episode is over.
const HONEST: &str = include_str!("../agents/stepper.wat");

/// Returns the transcripts of two episodes of an agent, run on these threads.
fn lived(agent: &ParsedAgent, text: &str, environment: &str, threads: &Threads) -> Vec<String> {
    let world = environment.parse::<dayfly::environment::World>().unwrap();
    let plan = Plan { episodes: 2, seed: Seed(3), ..Plan::new(agent.clone(), policy(text), world) };
    let mut lines = Vec::new();
    let mut keep = |transcript: &_| lines.push(serde_json::to_string(transcript).unwrap());
    Run::on_threads(plan, threads, &Cancel::default()).unwrap().carry_out(&mut keep).unwrap();
    lines
}

#[test]
fn an_honest_agent_lives_the_same_episode_after_any_hostile_one() {
    let honest = granting("steps = 20", "");
    let stepper = crate::common::known(HONEST);
    let alone = lived(&stepper, &honest, "off-switch", &Threads::new(1).unwrap());
    for case in cases().iter().filter(|case| case.expect.refused.is_none()) {
        let text = case.policy();
        let threads = Threads::new(1).unwrap();
        let agent = ParsedAgent::read(&case.name, &case.agent().0).unwrap_or_else(|error| panic!("{error}"));
        for _ in 0..2 {
            lived(&agent, &text, &case.environment, &threads);
            assert_eq!(lived(&stepper, &honest, "off-switch", &threads), alone, "after {}", case.name);
        }
    }
}

#[test]
fn what_any_hostile_agent_did_is_believed_of_the_worker_that_it_did_it_in() {
    let mut doubted = Vec::new();
    for case in cases().iter().filter(|case| case.expect.refused.is_none()) {
        let world = case.environment.parse::<dayfly::environment::World>().unwrap();
        let agent = ParsedAgent::read(&case.name, &case.agent().0).unwrap_or_else(|error| panic!("{error}"));
        let setting = crate::lies::setting(&Plan::new(agent, policy(&case.policy()), world.clone()));
        let ticket = || crate::lies::ticket(world.made());
        let known = setting.known();
        let bounds = Bounds::of(&known, world.made().as_ref());
        let parcel = Parcel::of(EpisodeReport::live(&setting, ticket()).unwrap()).unwrap();
        match parcel.open(&bounds).and_then(|told| told.believe(&known, &bounds, &mut ticket())) {
            Ok(Ok(lived)) if lived.transcript.body.reproducible => {
                let here = setting.live(ticket()).unwrap();
                assert_eq!(lived.transcript, here.transcript, "{}", case.name);
                assert_eq!(lived.demands, here.demands, "{}", case.name);
            }
            Ok(Ok(_)) => {}
            Ok(Err(aborted)) => doubted.push(format!("{}: {aborted:?}", case.name)),
            Err(doubt) => doubted.push(format!("{}: {doubt}", case.name)),
        }
    }
    assert!(doubted.is_empty(), "{doubted:#?}");
}

#[test]
fn the_corpus_has_at_least_sixty_agents_and_each_says_what_it_is() {
    let cases = cases();
    assert!(cases.len() >= 60, "{} agents", cases.len());
    for case in &cases {
        assert!(!case.why.is_empty() && !case.attack.is_empty(), "{}", case.name);
        let agents = [&case.run, &case.module, &case.component, &case.raw, &case.bytes];
        assert_eq!(agents.iter().filter(|agent| agent.is_some()).count(), 1, "{}", case.name);
        assert_eq!(case.expect.refused.is_some(), case.expect.end.is_empty(), "{}", case.name);
    }
}
