//! The workflow that `dayfly init` writes, run as GitHub would.

#[cfg(unix)]
use std::path::Path;
#[cfg(unix)]
use std::process::Output;

#[cfg(unix)]
use crate::suites::{dayfly, text};

/// Returns the scripts of a workflow, in their order, by the names of their steps.
pub(crate) fn scripts(workflow: &str) -> Vec<(String, String)> {
    let mut scripts = Vec::new();
    let mut name = String::new();
    let mut lines = workflow.lines().peekable();
    while let Some(line) = lines.next() {
        let indent = line.len() - line.trim_start().len();
        if let Some(named) = line.trim_start().strip_prefix("- name: ") {
            named.clone_into(&mut name);
        }
        let Some(run) = line.trim_start().strip_prefix("run: ") else { continue };
        let mut script = if run == "|" { String::new() } else { format!("{run}\n") };
        while run == "|" && lines.peek().is_some_and(|line| line.len() - line.trim_start().len() > indent) {
            script += lines.next().unwrap().trim_start();
            script.push('\n');
        }
        scripts.push((name.clone(), script));
    }
    scripts
}

/// Runs a script as GitHub does, with a `cargo` and a `rustup` that only say what they were asked
/// for.
#[cfg(unix)]
fn act(folder: &Path, script: &str, variables: &[(&str, &str)]) -> Output {
    use std::os::unix::fs::PermissionsExt as _;
    let tools = folder.join("tools");
    std::fs::create_dir_all(&tools).unwrap();
    for tool in ["cargo", "rustup"] {
        let path = tools.join(tool);
        std::fs::write(&path, "#!/bin/sh\necho \"$(basename \"$0\") $*\"\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = format!("{}:/usr/bin:/bin", tools.display());
    let mut bash = crate::common::command("bash");
    bash.current_dir(folder).env("PATH", path).args(["-e", "-c", script]).envs(variables.iter().copied());
    bash.output().unwrap()
}

#[test]
#[cfg(unix)]
fn the_workflow_of_init_says_what_is_missing_or_builds_what_is_pinned() {
    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let read = |under: &str| {
        let workflow = std::fs::read_to_string(folder.join(under).join(".github/workflows/dayfly.yml")).unwrap();
        (scripts(&workflow), workflow)
    };
    let variables = |workflow: &str| {
        ["DAYFLY_SOURCE", "DAYFLY_COMMIT"].map(|name| {
            let line = workflow.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix(": ")).unwrap();
            (name, line.trim_matches('"').to_owned())
        })
    };
    let run = |workflow: &str, script: &str| {
        let variables = variables(workflow);
        act(folder, script, &variables.each_ref().map(|(name, value)| (*name, value.as_str())))
    };
    assert_eq!(dayfly(folder, &["init"]).status.code(), Some(0));
    let (steps, workflow) = read("");
    let names: Vec<&str> = steps.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["where dayfly is", "build the agent", "build dayfly", "test"]);
    let empty = run(&workflow, &steps[0].1);
    assert_eq!(empty.status.code(), Some(1), "{}", text(&empty));
    let place = workflow.lines().position(|line| line.contains("DAYFLY_SOURCE: ")).unwrap();
    assert!(text(&empty).starts_with("::error file=.github/workflows/dayfly.yml,line="), "{}", text(&empty));
    assert!(text(&empty).contains(&format!("line={}::write the source of Dayfly", place + 1)), "{}", text(&empty));
    // The files that are written name no page that is not there.
    for name in ["suite.toml", "policy.toml", ".github/workflows/dayfly.yml"] {
        assert_eq!(crate::words::lacking(&std::fs::read_to_string(folder.join(name)).unwrap()), [""; 0], "{name}");
    }

    let source = format!("https://example.org/dayfly.git@{COMMIT}");
    let wrote = dayfly(folder, &["init", "pinned", "--source", &source, "--agent", "built/my agent.wasm"]);
    assert_eq!(wrote.status.code(), Some(0), "{}", text(&wrote));
    let (steps, workflow) = read("pinned");
    assert_eq!(run(&workflow, &steps[0].1).status.code(), Some(0));
    let missing = run(&workflow, &steps[1].1);
    assert!(missing.status.code() == Some(1) && text(&missing).contains("there is no agent"), "{}", text(&missing));
    std::fs::create_dir(folder.join("built")).unwrap();
    std::fs::write(folder.join("built/my agent.wasm"), "").unwrap();
    assert_eq!(run(&workflow, &steps[1].1).status.code(), Some(0), "it lies there");
    let built = text(&run(&workflow, &steps[2].1));
    let expected = format!("cargo +stable install --locked --git https://example.org/dayfly.git --rev {COMMIT} dayfly");
    assert_eq!(built.lines().last(), Some(expected.as_str()), "{built}");
    for wrong in [
        "https://example.org/dayfly",
        "https://example.org/dayfly@main",
        &format!("a b@{COMMIT}"),
        &format!("$(x)@{COMMIT}"),
    ] {
        assert_eq!(dayfly(folder, &["init", "wrong", "--source", wrong]).status.code(), Some(2), "{wrong}");
    }
}
