//! Files that a file names, and the names of states in a table in TOML.

use std::path::Path;
use std::process::{Command, Output};

fn dayfly(folder: &Path, words: &[&str]) -> Output {
    let mut command = crate::common::dayfly();
    command.current_dir(folder).env_remove("GITHUB_ACTIONS").args(words).output().unwrap()
}

/// Folder with a file of secrets, inside and outside of TOML.
#[cfg(unix)]
struct Stranger(tempfile::TempDir);

#[cfg(unix)]
impl Stranger {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("shadow", "root:hush-hush:19000:0\n");
        write("secrets.toml", "[registry]\ntoken = \"hush-hush\"\n");
        write("broken.toml", "root:hush-hush:19000:0\n");
        Self(folder)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.path().join(name), text).unwrap();
    }

    fn link(&self, name: &str, to: &str) {
        std::os::unix::fs::symlink(to, self.0.path().join(name)).unwrap();
    }

    /// Returns the output, after checking that it does not quote the secret.
    fn said(&self, words: &[&str]) -> String {
        let output = dayfly(self.0.path(), words);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{words:?}: {said}");
        assert!(!said.contains("hush"), "{words:?}: {said}");
        said
    }
}

#[cfg(unix)]
#[test]
fn no_line_is_shown_of_what_a_policy_extends_and_that_is_no_policy() {
    let stranger = Stranger::new();
    stranger.link("link.toml", "shadow");
    stranger.link("environ.toml", "/proc/self/environ");
    stranger.link("device.toml", "/dev/zero");
    stranger.link("to-secrets.toml", "secrets.toml");
    std::fs::create_dir(stranger.0.path().join("folder.toml")).unwrap();
    let pipe = Command::new("mkfifo").arg(stranger.0.path().join("pipe.toml")).status().unwrap();
    assert!(pipe.success());
    for (name, says) in [
        ("./shadow", "its name does not end as it must"),
        ("/proc/self/environ", "its name does not end as it must"),
        ("link.toml", "it leads to a file of another kind"),
        ("environ.toml", "it leads to a file of another kind"),
        ("device.toml", "it leads to a file of another kind"),
        ("folder.toml", "it is no regular file"),
        ("pipe.toml", "it is no regular file"),
        ("secrets.toml", "and is none"),
        ("broken.toml", "and is none"),
        ("to-secrets.toml", "and is none"),
    ] {
        stranger.write("policy.toml", &format!("extends = \"{name}\"\n"));
        let said = stranger.said(&["check", "policy.toml"]);
        assert!(said.contains(says), "{name}: {said}");
    }
    // An invalid policy is shown with its line.
    stranger.write("parent.toml", "[episode]\nsteps = 0\nfuel = 100\n");
    stranger.write("policy.toml", "extends = \"parent.toml\"\n");
    assert!(stranger.said(&["check", "policy.toml"]).contains("steps = 0"));
}

#[cfg(unix)]
#[test]
fn no_line_is_shown_of_what_a_suite_names_and_that_is_not_what_it_was_named_as() {
    let stranger = Stranger::new();
    stranger.link("link.wasm", "shadow");
    for (names, says) in [
        ("agents = [\"./shadow\"]", "its name does not end as it must"),
        ("agents = [\"link.wasm:be kind\"]", "it leads to a file of another kind"),
        ("agents = [\"random\"]\npolicies = [\"./shadow\"]", "its name does not end as it must"),
        ("agents = [\"random\"]\npolicies = [\"secrets.toml\"]", "and is none"),
        ("agents = [\"random\"]\npolicies = [\"broken.toml\"]", "and is none"),
        ("agents = [\"random\"]\npolicies = [\"secrets.toml+persist\"]", "and is none"),
        ("agents = [\"random\"]\npolicies = [\"./shadow+persist\"]", "its name does not end as it must"),
        ("agents = [\"random\"]\nenvironments = [\"/proc/self/environ\"]", "its name does not end as it must"),
        ("agents = [\"random\"]\nenvironments = [\"secrets.toml\"]", "and is none"),
        ("agents = [\"random\"]\nenvironments = [\"broken.toml\"]", "and is none"),
    ] {
        stranger.write("suite.toml", &format!("{names}\n"));
        let said = stranger.said(&["test", "suite.toml"]);
        assert!(said.contains(says), "{names}: {said}");
    }
}

#[cfg(unix)]
#[test]
fn a_link_on_the_command_line_leads_to_no_file_of_another_kind_and_shows_no_line_of_one() {
    let stranger = Stranger::new();
    for name in ["policy.toml", "suite.toml", "world.toml"] {
        stranger.link(name, "shadow");
    }
    stranger.link("secret-policy.toml", "secrets.toml");
    stranger.link("secret-suite.toml", "broken.toml");
    for words in [
        &["check", "policy.toml"][..],
        &["check", "secret-policy.toml"],
        &["test", "suite.toml"],
        &["test", "secret-suite.toml"],
        &["run", "random", "-e", "world.toml"],
        &["run", "random", "-e", "secret-policy.toml"],
    ] {
        stranger.said(words);
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_has_no_end_or_a_fault_in_each_of_its_lines_is_refused_in_little_memory() {
    let stranger = Stranger::new();
    std::fs::File::create(stranger.0.path().join("large.toml")).unwrap().set_len(1 << 40).unwrap();
    let said = stranger.said(&["check", "large.toml"]);
    assert!(said.contains("has more than 4194304 bytes"), "{said}");
    let lines: Vec<_> = (0..80_000).map(|line| format!("a{line} = 1\n")).collect();
    stranger.write("policy.toml", &format!("extends = \"strict\"\n{}", lines.concat()));
    let said = stranger.said(&["check", "policy.toml"]);
    assert!(said.contains("more faults in `policy.toml`"), "{said}");
    assert!(said.matches("unknown key").count() <= 64, "{}", said.len());
}

/// A pipe that nobody writes to is not waited for: what stops the program after a minute says so with its status.
#[cfg(unix)]
#[test]
fn whatever_is_named_is_a_regular_file_and_nothing_else_is_opened() {
    let stranger = Stranger::new();
    let place = |name: &str| stranger.0.path().join(name);
    std::fs::create_dir(place("folder.toml")).unwrap();
    assert!(Command::new("mkfifo").arg(place("pipe.toml")).status().unwrap().success());
    let _socket = std::os::unix::net::UnixListener::bind(place("socket.toml")).unwrap();
    stranger.write("extends.toml", "extends = \"pipe.toml\"\n");
    for (names, of) in [("agents", "a.wasm"), ("policies", "p.toml"), ("environments", "w.toml")] {
        assert!(Command::new("mkfifo").arg(place(of)).status().unwrap().success());
        stranger.write(&format!("{names}.toml"), &format!("{names} = [\"{of}\"]\n[properties.P21]\n"));
    }
    for files in ["manifest.json", "transcripts.jsonl"] {
        let run = place(files).with_extension("run");
        let words = ["run", "random", "-e", "button", "-n", "1", "-q", "--out", run.to_str().unwrap()];
        assert!(dayfly(stranger.0.path(), &words).status.success());
        std::fs::remove_file(run.join(files)).unwrap();
        assert!(Command::new("mkfifo").arg(run.join(files)).status().unwrap().success());
    }
    let named = ["pipe.toml", "folder.toml", "socket.toml", "/dev/zero", "/dev/full"];
    let mut asked: Vec<(Vec<String>, &[&str])> = Vec::new();
    for name in named {
        for before in [
            "run -e button",
            "run random -e button -p",
            "run random -e",
            "run --role odd=random -e matching-pennies --role",
            "run random -e button --task",
            "test",
            "test --agent",
            "test --agent random --policy",
            "test --agent random --environment",
            "measure horizon",
            "measure horizon clock-watcher --policy",
            "audit noninterference --of",
            "audit noninterference --agent",
            "audit noninterference --policy",
            "audit channels --environment",
            "check",
            "check strict --agent",
            "check strict --against",
        ] {
            let mut words: Vec<String> = before.split(' ').map(str::to_owned).collect();
            let written = match words.last().map(String::as_str) {
                Some("--role") => format!("even={name}"),
                Some("--task") => format!("@{name}"),
                _ => name.to_owned(),
            };
            words.push(written);
            asked.push((words, &["regular file", "folder"]));
        }
        for command in ["verify", "show"] {
            asked
                .push((vec![command.to_owned(), name.to_owned()], &["not a ledger", "cannot be shown", "cannot read"]));
        }
    }
    for words in [
        "check extends.toml",
        "run random -e button -p extends.toml",
        "test agents.toml",
        "test policies.toml",
        "test environments.toml",
        "verify manifest.run",
        "verify transcripts.run",
        "show manifest.run",
        "show transcripts.run",
    ] {
        asked.push((words.split(' ').map(str::to_owned).collect(), &["regular file"]));
    }
    for (words, says) in asked {
        let mut command = crate::common::command("timeout");
        command.current_dir(stranger.0.path()).env_remove("GITHUB_ACTIONS");
        let output = command.args(["60", crate::common::DAYFLY]).args(&words).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{words:?}: {said}");
        assert!(says.iter().any(|one| said.contains(one)), "{words:?}: {said}");
    }
}

#[test]
fn the_record_has_the_names_of_states_and_actions_with_and_without_workers() {
    let folder = tempfile::tempdir().unwrap();
    let world =
        "name = \"garden\"\ntask = \"Water the bed.\"\nstart = \"dry\"\nactions = [\"wait\", \"water\"]\nsteps = 9\n
        [states.dry]\nwait = { to = \"dry\" }\nwater = { to = \"wet\", reward = 2.5 }\n[states.wet]\nterminal = true\n";
    std::fs::write(folder.path().join("garden.toml"), world).unwrap();
    let policy = "extends = \"lab\"\n[record]\nsteps = \"full\"\n";
    std::fs::write(folder.path().join("full.toml"), policy).unwrap();
    let run = |out: &str, more: &[&str]| {
        let words = ["run", "random", "-p", "full.toml", "-e", "garden.toml", "-n", "4", "--seed", "1", "--out", out];
        let output = dayfly(folder.path(), &[&words[..], more].concat());
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        std::fs::read_to_string(folder.path().join(out).join("transcripts.jsonl")).unwrap()
    };
    let lines = run("here", &[]);
    assert!(
        lines.contains(
            r#"{"action":{"discrete":1},"action_name":"water","reward":2.5,"observation":{"discrete":1},"observation_name":"wet"}"#
        ),
        "{lines}"
    );
    assert!(
        lines.contains(r#""action_name":"wait","reward":0.0,"observation":{"discrete":0},"observation_name":"dry""#)
    );
    #[cfg(target_os = "linux")]
    assert_eq!(run("there", &["--isolate", "process"]), lines);
}

#[test]
fn a_suite_names_a_policy_with_its_openings() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("mine.toml", "extends = \"strict\"\n");
    write("suite.toml", "seed = 1\nagents = [\"random\"]\npolicies = [\"mine.toml+persist\"]\n[properties.P21]\n");
    let output = dayfly(folder.path(), &["test", "--list", "--json"]);
    let (said, wrong) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{wrong}");
    assert!(said.contains("\"policy\": \"mine.toml+persist\""), "{said}");
}
