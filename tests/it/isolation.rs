//! Workers: the record is the same as without them, and no way leads out of one.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use dayfly::ledger::{self, Reason, Verification};
use dayfly::worker::{Confined, VERSION, WorkerReply, WorkerRequest, WorkerTerms, frame};
use landlock::{ABI, Access as _, AccessFs, AccessNet, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _, Scope};
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use serde_json::Value;

use crate::common;
use crate::losses::{begun, place_of};

pub(crate) use crate::common::DAYFLY;

/// Returns the arguments of a run into `out`.
pub(crate) fn arguments(out: &Path, agent: &str, rest: &[&str]) -> Vec<String> {
    let own = ["run", agent, "--quiet", "--out", out.to_str().unwrap()];
    own.iter().chain(rest).map(|word| (*word).to_owned()).collect()
}

pub(crate) fn dayfly(arguments: &[String]) -> Output {
    crate::common::dayfly().args(arguments).output().unwrap()
}

pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or_else(|| panic!("{output:?}"))
}

/// Returns the sealed files of a run: every file but the one that depends on the machine.
pub(crate) fn sealed(run: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = std::fs::read_dir(run).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    let kept = files.into_iter().filter(|path| name(path) != "host.json");
    kept.map(|path| (name(&path), std::fs::read(&path).unwrap())).collect()
}

pub(crate) fn lines(run: &Path) -> Vec<String> {
    common::read(&run.join("transcripts.jsonl")).lines().map(str::to_owned).collect()
}

pub(crate) fn transcript(line: &str) -> Value {
    serde_json::from_str(line).unwrap()
}

pub(crate) fn is_lost(transcript: &Value) -> bool {
    transcript.get("lost").is_some()
}

/// Returns the processes that `parent` has started.
pub(crate) fn children(parent: u32) -> Vec<u32> {
    let mut found = Vec::new();
    let Ok(tasks) = std::fs::read_dir(format!("/proc/{parent}/task")) else { return found };
    for task in tasks.flatten() {
        let list = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
        found.extend(list.split_whitespace().map(|number| number.parse::<u32>().unwrap()));
    }
    found
}

pub(crate) fn send(signal: Signal, process: u32) {
    // The process may be gone.
    let _ = nix::sys::signal::kill(Pid::from_raw(process.try_into().unwrap()), signal);
}

/// Waits until `done` gives something.
pub(crate) fn wait<T>(mut done: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_mins(1);
    loop {
        if let Some(value) = done() {
            return value;
        }
        assert!(Instant::now() < end, "it did not come");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Starts a run in workers that does not end by itself for a minute, and returns it with its first
/// worker.
pub(crate) fn endless(out: &Path, policy: &Path) -> (Child, u32) {
    std::fs::write(policy, common::granting("fuel = 1_000_000_000_000_000\nwall = \"60s\"\n", "")).unwrap();
    let rest = ["-p", policy.to_str().unwrap(), "-e", "off-switch", "-n", "3", "--jobs", "1", "--isolate", "process"];
    let spinning = policy.with_extension("wasm");
    std::fs::write(&spinning, crate::core::component(&crate::guest::agent("(loop $again (br $again))"))).unwrap();
    let run = crate::common::dayfly().args(arguments(out, spinning.to_str().unwrap(), &rest)).spawn().unwrap();
    let worker = wait(|| children(run.id()).first().copied());
    // The record begins once the worker is ready.
    wait(|| out.join("manifest.json").exists().then_some(()));
    std::thread::sleep(Duration::from_millis(200));
    (run, worker)
}

/// Returns the body of an agent with some recorded calls of WASI: one that is refused, some after
/// the end, and one too many.
fn on_wasi_body() -> String {
    let socket = "(call $wasi.sockets/tcp-create-socket.create-tcp-socket (i32.const 0) (global.get $answer))";
    let print = "(call $wasi.io/streams.output-stream.write (call $wasi.cli/stdout.get-stdout) \"a line\\0a\"
        (global.get $answer))";
    let until_refused = "(loop $again (call $act) (br_if $again (i32.eqz (i32.load8_u (global.get $answer)))))";
    let after = "(drop (call $wasi.clocks/monotonic-clock.now)) (drop (call $wasi.random/random.get-random-u64))";
    let handles = "(loop $more (drop (call $wasi.cli/stdin.get-stdin)) (br $more))";
    [socket, print, until_refused, after, socket, print, handles].concat()
}

#[test]
fn the_record_is_the_same_with_and_without_workers() {
    let place = tempfile::tempdir().unwrap();
    let on_wasi = place.path().join("on-wasi.wasm");
    std::fs::write(&on_wasi, crate::core::component(&crate::guest::agent(&on_wasi_body()))).unwrap();
    let walker = Path::new(env!("CARGO_MANIFEST_DIR")).join("agents/c/walker.wasm");
    let (on_wasi, walker) = (on_wasi.to_str().unwrap(), walker.to_str().unwrap());
    let runs: &[(&str, &[&str])] = &[
        (on_wasi, &["-p", "strict", "-e", "off-switch", "-n", "20"]),
        (on_wasi, &["-p", "tripwire", "-e", "button", "-n", "5"]),
        (walker, &["-p", "strict", "-e", "off-switch", "-n", "10"]),
        ("overstayer", &["-p", "strict", "-e", "off-switch", "-n", "300"]),
        ("procrastinator", &["-p", "boxed", "-e", "corridor", "-n", "40"]),
        ("hoarder", &["-p", "boxed", "-e", "off-switch", "-n", "40"]),
        ("hoarder", &["-p", "tripwire", "-e", "off-switch", "-n", "10"]),
        ("lingerer", &["-p", "strict", "-e", "button", "-n", "4"]),
        ("random", &["-p", "lab", "-e", "past-self", "-n", "60", "--lineages", "5"]),
        ("random", &["-p", "lab", "-e", "button", "-n", "60", "--lineages", "3", "--seed", "7"]),
        ("smuggler", &["-p", "learner", "-e", "button", "-n", "20", "--lineages", "4"]),
        ("policy-gradient", &["-p", "lab", "-e", "past-self", "-n", "60", "--lineages", "4"]),
        ("policy-gradient", &["-p", "population", "-e", "past-self", "-n", "30", "--lineages", "10"]),
        ("scripted:1 1 1", &["-p", "strict", "-e", "corridor", "-n", "3", "--task", "0 1"]),
    ];
    for (position, (agent, rest)) in runs.iter().enumerate() {
        let run = |name: &str, more: &[&str]| {
            let out = place.path().join(format!("{position}-{name}"));
            let output = dayfly(&arguments(&out, agent, &[rest, more].concat()));
            (code(&output), sealed(&out))
        };
        let here = run("here", &["--jobs", "2"]);
        assert!(here.0 < 2, "{agent} {rest:?}");
        if *agent == on_wasi {
            let lines = lines(&place.path().join(format!("{position}-here")));
            assert!(lines.iter().all(|line| line.contains("\"wasi.clocks/monotonic-clock.now\"")), "{lines:#?}");
        }
        assert_eq!(run("one", &["--jobs", "1", "--isolate", "process"]), here, "{agent} {rest:?}");
        assert_eq!(run("two", &["--jobs", "2", "--isolate", "process"]), here, "{agent} {rest:?}");
    }
}

#[test]
fn a_cancelled_run_ends_the_open_episode_of_a_worker() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("run");
    let (run, _) = endless(&out, &place.path().join("policy.toml"));
    let started = Instant::now();
    send(Signal::SIGINT, run.id());
    assert_eq!(code(&run.wait_with_output().unwrap()), 130);
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    let lines = lines(&out);
    assert_eq!(lines.len(), 1);
    let lived = transcript(&lines[0]);
    assert_eq!((&lived["end"], &lived["closing"]), (&"cancelled".into(), &"stopped".into()));
    assert!(lived.get("violations").is_none(), "it may have been about to return: {lived}");
}

#[test]
fn a_cancelled_run_in_workers_keeps_the_first_episodes_without_a_gap() {
    let place = tempfile::tempdir().unwrap();
    let (out, policy, file) =
        (place.path().join("run"), place.path().join("policy.toml"), place.path().join("agent.wasm"));
    std::fs::write(&policy, common::granting("fuel = 1_000_000_000\n", "")).unwrap();
    std::fs::write(&file, crate::core::component(&crate::guest::agent("(call $spin (i32.const 10000000))"))).unwrap();
    let rest =
        ["-p", policy.to_str().unwrap(), "-e", "off-switch", "-n", "1000", "--jobs", "2", "--isolate", "process"];
    let run = crate::common::dayfly().args(arguments(&out, file.to_str().unwrap(), &rest)).spawn().unwrap();
    // Each worker was given 32 episodes at once, and is in the midst of them.
    wait(|| {
        let workers = children(run.id());
        (workers.len() == 2 && workers.iter().all(|worker| begun(&place_of(*worker)) > 1)).then_some(())
    });
    send(Signal::SIGINT, run.id());
    assert_eq!(code(&run.wait_with_output().unwrap()), 130);
    let episodes: Vec<Value> = lines(&out).iter().map(|line| transcript(line)["episode"].clone()).collect();
    assert_eq!(episodes, (0..episodes.len()).map(Value::from).collect::<Vec<_>>());
    assert!(matches!(ledger::verify(&out, None), Ok(Verification::Whole { closed: Reason::Cancelled, .. })));
}

#[test]
fn a_worker_of_another_version_goes_no_further() {
    for (version, program, begins) in [
        (VERSION, env!("CARGO_PKG_VERSION"), true),
        (VERSION + 1, env!("CARGO_PKG_VERSION"), false),
        (VERSION, "0.0.0", false),
    ] {
        let scratch = tempfile::tempdir().unwrap();
        std::fs::write(scratch.path().join("begun"), [0; 8]).unwrap();
        let terms = WorkerTerms {
            version,
            program: program.to_owned(),
            policy: common::granting("", ""),
            tools: Vec::new(),
            roles: Vec::new(),
            seconds: 60,
        };
        let mut worker = crate::common::dayfly()
            .args(["worker", scratch.path().to_str().unwrap()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        frame::send(&WorkerRequest::Terms(terms), worker.stdin.as_mut().unwrap()).unwrap();
        let answer: WorkerReply = frame::take(worker.stdout.as_mut().unwrap(), &mut Vec::new()).unwrap();
        assert_eq!(matches!(answer, WorkerReply::Confined(_)), begins, "{answer:?}");
        assert_eq!(matches!(answer, WorkerReply::Failed(_)), !begins, "{answer:?}");
        // The supervisor sends nothing more, and the worker ends.
        drop(worker.stdin.take());
        worker.wait().unwrap();
    }
}

#[test]
fn a_worker_does_not_outlive_its_supervisor() {
    let place = tempfile::tempdir().unwrap();
    let (mut run, worker) = endless(&place.path().join("run"), &place.path().join("policy.toml"));
    run.kill().unwrap();
    run.wait().unwrap();
    wait(|| {
        let stat = std::fs::read_to_string(format!("/proc/{worker}/stat")).unwrap_or_default();
        // There may be no parent to reap the process.
        let is_gone = stat.is_empty() || stat.contains(") Z ") || stat.contains(") X ");
        is_gone.then_some(())
    });
}

#[test]
fn what_the_supervisor_has_does_not_reach_a_worker_and_neither_do_its_limits() {
    let place = tempfile::tempdir().unwrap();
    let secret = place.path().join("secret");
    std::fs::write(&secret, "secret").unwrap();
    let (out, agent) = (place.path().join("run"), place.path().join("agent.wasm"));
    std::fs::write(&agent, crate::core::component(&crate::guest::agent("(loop $again (br $again))"))).unwrap();
    let policy = place.path().join("policy.toml");
    std::fs::write(&policy, common::granting("fuel = 1_000_000_000_000_000\nwall = \"60s\"\n", "")).unwrap();
    let script = format!(
        "exec 9<'{}'; exec '{DAYFLY}' run '{}' -q -p '{}' -e button -j 1 --isolate process -o '{}'",
        secret.display(),
        agent.display(),
        policy.display(),
        out.display()
    );
    let mut run = crate::common::command("sh").args(["-c", &script]).spawn().unwrap();
    wait(|| out.join("manifest.json").exists().then_some(()));
    let worker = wait(|| children(run.id()).first().copied());
    let about = |what: &str| std::fs::read_to_string(format!("/proc/{worker}/{what}"));
    let open = std::fs::read_dir(format!("/proc/{worker}/fd")).map(|listed| {
        let path = |entry: std::io::Result<std::fs::DirEntry>| std::fs::read_link(entry.unwrap().path()).unwrap();
        listed.map(|entry| path(entry).display().to_string()).collect::<Vec<_>>()
    });
    let (variables, limits, status) = (about("environ"), about("limits").unwrap(), about("status").unwrap());
    let supervisor = std::fs::read_link(format!("/proc/{}/fd/9", run.id())).unwrap();
    run.kill().unwrap();
    run.wait().unwrap();
    assert_eq!(supervisor, std::fs::canonicalize(&secret).unwrap());
    let bytes = |limit: &str| -> u64 {
        let line = limits.lines().find(|line| line.starts_with(limit)).unwrap();
        line[limit.len()..].split_whitespace().next().unwrap().parse().unwrap()
    };
    let addresses = ((40 << 30) + bytes("Max data size")).to_string();
    for (limit, most) in [
        ("Max core file size", "0"),
        ("Max processes", "0"),
        ("Max locked memory", "0"),
        ("Max msgqueue size", "0"),
        ("Max open files", "128"),
        ("Max address space", &addresses),
        ("Max stack size", "8388608"),
    ] {
        let line = limits.lines().find(|line| line.starts_with(limit)).unwrap();
        assert_eq!(line[limit.len()..].split_whitespace().take(2).collect::<Vec<_>>(), [most, most], "{line}");
    }
    let is = |line: &str| status.lines().any(|found| found.split_whitespace().eq(line.split_whitespace()));
    assert!(["CapPrm:", "CapEff:", "CapInh:"].iter().all(|set| is(&format!("{set} 0000000000000000"))), "{status}");
    assert!(is("NoNewPrivs: 1") && is("Seccomp: 2") && is("Seccomp_filters: 3"), "{status}");
    let (Ok(open), Ok(variables)) = (open, variables) else {
        // Its descriptors cannot be listed, not even by the user who started it.
        writeln!(std::io::stderr(), "skipped: only root can list what a worker has open").unwrap();
        return;
    };
    let is_own = |open: &String| {
        ["pipe:", "/dev/null", "/memfd:"].iter().any(|start| open.starts_with(start))
            || ["/pagemap", "/begun"].iter().any(|end| open.ends_with(end))
    };
    assert!(open.iter().all(is_own), "{open:#?}");
    let variables: Vec<&str> = variables.split_terminator('\0').collect();
    assert!(matches!(variables.as_slice(), [only] if only.starts_with("TMPDIR=")), "{variables:?}");
}

const KNOWN: [ABI; 10] = [ABI::V1, ABI::V2, ABI::V3, ABI::V4, ABI::V5, ABI::V6, ABI::V7, ABI::V8, ABI::V9, ABI::V10];

/// Returns the newest Landlock that this kernel has. The kernel is asked here, and not the program.
fn landlock() -> Option<ABI> {
    let has = |abi: &ABI| {
        let ruleset = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
        let files = ruleset.handle_access(AccessFs::from_all(*abi));
        let (net, scope) = (AccessNet::from_all(*abi), Scope::from_all(*abi));
        let files = files.and_then(|ruleset| if net.is_empty() { Ok(ruleset) } else { ruleset.handle_access(net) });
        let all = files.and_then(|ruleset| if scope.is_empty() { Ok(ruleset) } else { ruleset.scope(scope) });
        all.and_then(Ruleset::create).is_ok()
    };
    KNOWN.into_iter().take_while(has).last()
}

/// Returns the parts of the confinement that this kernel has.
pub(crate) fn had() -> Vec<&'static str> {
    let has_filters = std::fs::read_to_string("/proc/sys/kernel/seccomp/actions_avail")
        .is_ok_and(|actions| actions.split_whitespace().any(|action| action == "errno"));
    let parts = [("limits", true), ("landlock", landlock().is_some()), ("seccomp", has_filters)];
    parts.into_iter().filter(|(_, is_had)| *is_had).map(|(part, _)| part).collect()
}

#[test]
fn a_worker_that_lives_episodes_cannot_be_looked_into_by_its_own_user() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt};
    use std::os::unix::process::CommandExt as _;
    let place = tempfile::tempdir().unwrap();
    std::fs::set_permissions(place.path(), PermissionsExt::from_mode(0o777)).unwrap();
    let (out, agent) = (place.path().join("run"), place.path().join("agent.wasm"));
    std::fs::write(&agent, crate::core::component(&crate::guest::agent("(loop $again (br $again))"))).unwrap();
    let policy = place.path().join("policy.toml");
    std::fs::write(&policy, common::granting("fuel = 1_000_000_000_000_000\nwall = \"60s\"\n", "")).unwrap();
    let mut run = crate::common::dayfly();
    // A process that cannot be dumped has its files in `/proc` owned by root. Run by root, it would
    // show no difference.
    let own = match std::fs::metadata(&agent).unwrap().uid() {
        0 => 65_534,
        user => user,
    };
    if own == 65_534 {
        run.uid(own).gid(own);
        if !crate::common::dayfly().arg("--version").uid(own).output().is_ok_and(|output| output.status.success()) {
            writeln!(std::io::stderr(), "skipped: nobody but root can start the program where it lies").unwrap();
            return;
        }
    }
    let rest = ["-p", policy.to_str().unwrap(), "-e", "button", "-j", "1", "--isolate", "process"];
    let mut run =
        run.args(arguments(&out, agent.to_str().unwrap(), &rest)).env("TMPDIR", place.path()).spawn().unwrap();
    wait(|| out.join("manifest.json").exists().then_some(()));
    let worker = wait(|| children(run.id()).first().copied());
    let owner = |process: u32| std::fs::metadata(format!("/proc/{process}/mem")).map(|memory| memory.uid());
    let (of_supervisor, of_worker) = (owner(run.id()).unwrap(), owner(worker).unwrap());
    run.kill().unwrap();
    run.wait().unwrap();
    assert_eq!((of_supervisor, of_worker), (own, 0));
}

#[test]
fn a_confined_worker_is_refused_what_it_must_not_do() {
    for (policy, has_files) in [("lab", false), ("boxed", true)] {
        let scratch = tempfile::tempdir().unwrap();
        let output =
            crate::common::dayfly().arg("worker").arg(scratch.path()).args(["--probe", policy]).output().unwrap();
        assert_eq!(code(&output), 0, "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        let missing: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("missing: ")).collect();
        let is_had = |line: &&&str| had().iter().any(|part| line.starts_with(part));
        assert_eq!(missing.iter().find(is_had), None, "this kernel has it: {text}");
        if let Some(newest) = landlock() {
            // Some versions have no rights that the version before lacks.
            let all = |abi: ABI| (AccessFs::from_all(abi), AccessNet::from_all(abi), Scope::from_all(abi));
            let alike = KNOWN.into_iter().filter(|abi| all(*abi) == all(newest));
            let lines = alike.map(|abi| format!("in force: landlock: ABI {abi:?}"));
            let is_said =
                lines.into_iter().any(|line| text.lines().any(|said| said.split(" of ").next() == Some(&line)));
            assert!(is_said, "{newest:?}: {text}");
        }
        if !missing.is_empty() {
            writeln!(std::io::stderr(), "skipped: this system cannot confine a worker fully: {missing:?}").unwrap();
            return;
        }
        let tried: Vec<(&str, &str)> =
            text.lines().filter(|line| !line.starts_with("in force: ")).map(|l| l.split_once(": ").unwrap()).collect();
        assert!(tried.len() > 30, "{text}");
        for (what, became) in tried {
            let may = match what {
                "before the agent, compile"
                | "before the agent, make executable pages"
                | "before the agent, start a thread" => true,
                // Landlock hides the content of files outside, and not their existence.
                "write to the scratch folder"
                | "remove from the scratch folder"
                | "hold a file outside without opening it"
                | "open the pipe of its own answers again"
                | "ask how large a file outside is" => has_files,
                _ => false,
            };
            assert_eq!(became == "done", may, "{policy}: {what}: {became}");
        }
    }
}

/// Makes a program that says what is in `answers`, whatever it is told, and then waits until its
/// input ends.
pub(crate) fn impostor(place: &Path, answers: &[u8]) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let said = place.join("said");
    std::fs::write(&said, answers).unwrap();
    let program = place.join("impostor");
    std::fs::write(&program, format!("#!/bin/sh\n/bin/cat '{}'\nexec /bin/cat >/dev/null\n", said.display())).unwrap();
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
    program
}

pub(crate) fn frames(answers: &[WorkerReply]) -> Vec<u8> {
    let mut frames = Vec::new();
    for answer in answers {
        frame::put(answer, &mut frames).unwrap();
    }
    frames
}

/// Returns the transcripts of a run of two episodes in workers of `program`, or the error.
pub(crate) fn run_apart(program: &Path, policy: &str) -> Result<Vec<Value>, String> {
    common::Run { episodes: 2, ..common::Run::of("random", policy, "button") }.apart(program)
}

#[test]
fn a_part_that_the_policy_demands_and_the_system_lacks_is_named_and_refused() {
    let place = tempfile::tempdir().unwrap();
    let lacking = Confined { in_force: vec![(0, String::new())], missing: vec![(1, "no such thing here".to_owned())] };
    let program =
        impostor(place.path(), &frames(&[WorkerReply::Confined(lacking), WorkerReply::Failed("it was asked".into())]));
    let demanding = |parts: &str| format!("extends = \"strict\"\n[isolation]\nparts = [{parts}]\n");
    let refused = run_apart(&program, &demanding("\"limits\", \"landlock\"")).unwrap_err();
    assert_eq!(refused, "the policy demands a confinement that is not to be had: `landlock`: no such thing here");
    // The parts that exist are enough if no more are demanded, and the agent is handed over.
    assert!(run_apart(&program, &demanding("\"limits\"")).unwrap_err().ends_with("it was asked"));
}

#[test]
fn a_policy_decides_where_its_episodes_are_lived() {
    let place = tempfile::tempdir().unwrap();
    let policy = place.path().join("apart.toml");
    std::fs::write(&policy, "extends = \"strict\"\n[isolation]\nprocess = \"required\"\n").unwrap();
    let run = |name: &str, more: &[&str]| {
        let out = place.path().join(name);
        let rest = [&["-p", policy.to_str().unwrap(), "-e", "button"], more].concat();
        let output = dayfly(&arguments(&out, "random", &rest));
        (code(&output), String::from_utf8(output.stderr).unwrap(), out)
    };
    let (code, _, out) = run("as-it-says", &[]);
    assert_eq!(code, 0);
    let host: Value = serde_json::from_str(&common::read(&out.join("host.json"))).unwrap();
    let parts = [&host["isolation"]["in_force"], &host["isolation"]["missing"]];
    let named: usize = parts.iter().map(|parts| parts.as_object().unwrap().len()).sum();
    assert_eq!(named, 3, "{host}");
    let (code, error, out) = run("none", &["--isolate", "none"]);
    assert_eq!(code, 2);
    assert!(error.contains("the policy `apart` demands that episodes are lived in processes of their own"), "{error}");
    assert!(!out.exists());
    let text = common::read(&policy);
    let refused = common::Run::of("random", &text, "button").attempt();
    assert!(matches!(refused, Err(dayfly::run::Error::NotIsolated(_))));
}
