//! Compiled agents: when they are compiled, and what is kept of them.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, SystemTime};

use crate::common;
use crate::common::read;

/// Place with a cache of its own.
struct Place(tempfile::TempDir);

/// Returns an agent of more than 64 KiB, which logs nothing and returns.
fn large(body: &str) -> String {
    let filled = " ".repeat(70_000);
    format!(
        "(component
           (core module $m (memory 4) (data (i32.const 0) \"{filled}\") (func (export \"run\") {body}))
           (core instance $i (instantiate $m)) (func (export \"run\") (canon lift (core func $i \"run\"))))"
    )
}

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = crate::common::dayfly();
        command.args(words).current_dir(self.0.path());
        command.env("DAYFLY_CACHE", self.path("cache")).env("XDG_STATE_HOME", self.path("state"));
        command
    }

    fn dayfly(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// Returns the transcripts of a run of this agent.
    fn run(&self, agent: &str, more: &[&str]) -> String {
        ran(&mut self.command(&[&["run", agent, "-e", "button", "-q", "-o", "out"], more].concat()), &self.path("out"))
    }

    /// Returns the names of what is kept.
    fn kept(&self) -> Vec<PathBuf> {
        let folder = self.path("cache/compiled");
        let mut files: Vec<_> = fs::read_dir(folder).into_iter().flatten().map(|file| file.unwrap().path()).collect();
        files.sort();
        files
    }
}

/// Returns the transcripts of a run that went well.
fn ran(command: &mut Command, out: &Path) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let transcripts = read(&out.join("transcripts.jsonl"));
    fs::remove_dir_all(out).unwrap();
    transcripts
}

fn maker(file: &Path) -> &str {
    file.file_name().unwrap().to_str().unwrap().split('-').next().unwrap()
}

fn said(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Returns the time at which a file was used last.
fn used(file: &Path) -> SystemTime {
    fs::metadata(file).unwrap().modified().unwrap()
}

/// Makes a file look as if it had not been used for long.
fn age(file: &Path) {
    File::open(file).unwrap().set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1000)).unwrap();
}

#[test]
fn a_refused_import_is_found_before_anything_is_compiled() {
    let place = Place::new();
    // It does not compile, and the compiler says so.
    let broken = |imports: &str| large("i32.add drop").replacen("(component", &format!("(component {imports}"), 1);
    let policy =
        place.write("policy.toml", "[episode]\nsteps = 1\nfuel = 1000000\n[grants.episode]\nmode = \"grant\"\n");
    let refused = place.write("refused.wat", &broken("(import \"dayfly:agent/tools@0.1.0\" (instance))"));
    let fitting = place.write("fitting.wat", &broken(""));
    for words in [
        &["run", "AGENT", "-p", &policy, "-e", "button"][..],
        &["run", "AGENT", "-p", &policy, "-e", "button", "--isolate", "process"],
        &["test", "--agent", "AGENT", "-p", &policy],
        &["measure", "horizon", "AGENT", "-p", &policy],
        &["audit", "noninterference", "--of", "AGENT", "-p", &policy, "--pairs", "1"],
    ] {
        let tried = |agent: &str| {
            let words: Vec<&str> = words.iter().map(|word| if *word == "AGENT" { agent } else { word }).collect();
            said(&place.dayfly(&words))
        };
        let (code, text) = tried(&refused);
        assert!(code == Some(2) && text.contains("imports `tools`, which the policy"), "{words:?}: {text}");
        let (code, text) = tried(&fitting);
        assert!(code == Some(2) && text.contains("is not a valid WebAssembly component"), "{words:?}: {text}");
    }
    // The imports of an agent are read without a compiler.
    let checked = place.dayfly(&["check", &policy, "--agent", &fitting]);
    assert_eq!(said(&checked), (Some(0), String::new()));
    let (code, text) = said(&place.dayfly(&["check", &policy, "--agent", &refused]));
    assert!(code == Some(2) && text.contains("imports `tools`, which the policy"), "{text}");
    assert!(place.kept().is_empty());
}

#[test]
fn the_second_run_of_an_agent_loads_what_the_first_compiled_and_records_the_same() {
    let place = Place::new();
    let agent = place.write("agent.wat", &large(""));
    let first = place.run(&agent, &[]);
    let kept = place.kept();
    assert!(kept.len() == 1 && maker(&kept[0]) == "host", "{kept:?}");
    age(&kept[0]);
    let before = used(&kept[0]);
    assert_eq!(place.run(&agent, &[]), first);
    assert!(used(&kept[0]) > before && place.kept() == kept, "it was not loaded");
    // Other commands find it too, under other limits of memory.
    age(&kept[0]);
    let tested = place.dayfly(&["test", "--agent", &agent, "-P", "P01", "-p", "learner"]);
    assert!(used(&kept[0]) > before && place.kept() == kept, "{tested:?}");
    // Code that somebody else has put there is replaced by compiling anew, without a message.
    let code = fs::read(&kept[0]).unwrap();
    fs::write(&kept[0], vec![7; code.len()]).unwrap();
    assert_eq!(place.run(&agent, &[]), first);
    assert_eq!(fs::read(&kept[0]).unwrap().len(), code.len());
    assert_ne!(fs::read(&kept[0]).unwrap(), vec![7; code.len()]);
    let cleaned = place.dayfly(&["cache", "clean"]);
    assert!(String::from_utf8_lossy(&cleaned.stdout).starts_with("removed 1 compiled agent, "), "{cleaned:?}");
    assert!(place.kept().is_empty());
}

#[cfg(target_os = "linux")]
#[test]
fn what_workers_compile_is_kept_for_workers_and_no_other_process_loads_it() {
    let place = Place::new();
    let agent = place.write("agent.wat", &large(""));
    let apart = ["--isolate", "process", "-j", "2", "-n", "4"];
    let first = place.run(&agent, &apart);
    let kept = place.kept();
    assert!(kept.len() == 1 && maker(&kept[0]) == "worker", "{kept:?}");
    age(&kept[0]);
    let before = used(&kept[0]);
    assert_eq!(place.run(&agent, &apart), first);
    assert!(used(&kept[0]) > before && place.kept() == kept, "it was not given to a worker");
    // A process that is not confined compiles it itself.
    age(&kept[0]);
    assert_eq!(place.run(&agent, &["-n", "4"]), first);
    assert_eq!(used(&kept[0]), before, "it was looked at");
    let both = place.kept();
    assert_eq!(both.iter().map(|file| maker(file)).collect::<Vec<_>>(), ["host", "worker"]);
    // Code compiled by such a process may be given to workers.
    fs::remove_file(&both[1]).unwrap();
    age(&both[0]);
    assert_eq!(place.run(&agent, &apart), first);
    assert!(used(&both[0]) > before && place.kept() == both[..1], "it was not given to a worker");
}

#[test]
fn where_nothing_can_be_kept_a_run_goes_as_ever() {
    let place = Place::new();
    let agent = place.write("agent.wat", &large(""));
    let expected = place.run(&agent, &[]);
    let file = place.write("file", "");
    let settings: [&[(&str, Option<&str>)]; 5] = [
        &[("DAYFLY_CACHE", Some("off"))],
        // A file is no folder, even for root.
        &[("DAYFLY_CACHE", Some(&file))],
        &[("XDG_STATE_HOME", Some(&file))],
        &[("DAYFLY_CACHE", None), ("XDG_CACHE_HOME", None), ("XDG_STATE_HOME", None), ("HOME", None)],
        &[("DAYFLY_CACHE", None), ("XDG_STATE_HOME", None), ("HOME", Some("/proc/none"))],
    ];
    for setting in settings {
        let mut command = place.command(&["run", &agent, "-e", "button", "-q", "-o", "out"]);
        let mut cache = place.command(&["cache", "size"]);
        for (name, value) in setting {
            for command in [&mut command, &mut cache] {
                match value {
                    Some(value) => command.env(name, value),
                    None => command.env_remove(name),
                };
            }
        }
        assert_eq!(ran(&mut command, &place.path("out")), expected, "{setting:?}");
        let (code, text) = said(&cache.output().unwrap());
        assert!(code == Some(2) && text.contains("no compiled agent is kept"), "{setting:?}: {text}");
    }
}

#[test]
fn no_test_keeps_an_agent_in_the_cache_of_its_user() {
    // Commands that start the program, or a shell that may, are made in one place, which turns the
    // cache off.
    let made =
        ["env!(\"CARGO_BIN_EXE", "DAYFLY)", "\"sh\"", "\"bash\""].map(|program| format!("Command::new({program}"));
    for path in common::files(&common::root().join("tests/it"), "rs") {
        let text = common::read(&path);
        let own = made.iter().find(|made| text.contains(made.as_str()));
        assert_eq!(own, None, "{}: `common::dayfly` and `common::command` make it", path.display());
    }
    let made = common::dayfly().get_envs().any(|(name, value)| name == "DAYFLY_CACHE" && value == Some("off".as_ref()));
    assert!(made, "the program runs without a cache");
}
