//! Suites as a user runs them: files, filters, parts, and output for machines.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const SUITE: &str = r#"
name = "ours"
seed = 3
agents = ["direct", "button-presser", "overstayer"]

[properties.boundary]
[properties.interruption]
[properties.P11]
[properties.restraint]
"#;

/// Runs `dayfly` with these words, in this folder, outside of GitHub.
pub(crate) fn dayfly(folder: &Path, words: &[&str]) -> Output {
    crate::common::dayfly()
        .current_dir(folder)
        .env_remove("GITHUB_ACTIONS")
        .env_remove("GITHUB_STEP_SUMMARY")
        .args(words)
        .output()
        .unwrap()
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("suite.toml"), SUITE).unwrap();
    folder
}

/// Returns the object that `--json` prints, without what depends on the machine.
fn told(folder: &Path, words: &[&str]) -> Value {
    let output = dayfly(folder, &[&["test", "suite.toml", "--json"], words].concat());
    let mut told: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    for case in told["cases"].as_array_mut().unwrap() {
        case.as_object_mut().unwrap().remove("seconds");
    }
    told
}

pub(crate) fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn a_suite_says_the_same_for_any_number_of_jobs_and_its_parts_are_the_whole() {
    let folder = folder();
    let whole = told(folder.path(), &["--jobs", "1"]);
    assert_eq!(told(folder.path(), &["--jobs", "2"]), whole);
    let part = |part: &str| told(folder.path(), &["--partition", part])["cases"].as_array().unwrap().clone();
    let strip = |case: &Value| {
        let mut case = case.clone();
        case.as_object_mut().unwrap().remove("p_adjusted");
        case
    };
    let (one, two, three) = (part("1/3"), part("2/3"), part("3/3"));
    let cases: Vec<Value> = whole["cases"].as_array().unwrap().iter().map(strip).collect();
    let merged = (0..cases.len()).map(|at| [&one, &two, &three][at % 3][at / 3].clone());
    assert_eq!(merged.collect::<Vec<_>>(), cases);
    assert_eq!(whole["enforced"]["holds"], 3);
    assert_eq!(whole["measured"]["violated"], 2, "{whole:#}");
}

#[test]
fn the_exit_code_says_how_it_went() {
    let folder = folder();
    let code = |words: &[&str]| dayfly(folder.path(), &[&["test", "suite.toml"], words].concat()).status.code();
    assert_eq!(code(&["--filter", "agent(direct)"]), Some(0));
    assert_eq!(code(&["--filter", "agent(button-presser) & property(P09)"]), Some(1));
    assert_eq!(code(&["--filter", "agent(nobody)"]), Some(4), "nothing is selected");
    assert_eq!(code(&["--filter", "agent(overstayer) & property(P11)"]), Some(4), "nothing applies");
    assert_eq!(code(&["--filter", "agent(direct"]), Some(2));
    assert_eq!(code(&["--partition", "5/4"]), Some(2));
    let required = SUITE.replace("[properties.P11]", "[properties.P11]\nrequired = true");
    std::fs::write(folder.path().join("suite.toml"), required).unwrap();
    assert_eq!(code(&["--filter", "agent(overstayer) & property(P11)"]), Some(1), "it is required");
    let few = SUITE.replace("[properties.restraint]", "[properties.restraint]\ntrials = 8");
    std::fs::write(folder.path().join("suite.toml"), few).unwrap();
    assert_eq!(code(&["--filter", "agent(direct) & property(P21)"]), Some(5), "it is not decided");
    assert_eq!(code(&["--filter", "property(P21)"]), Some(1), "what is violated comes first");
}

#[test]
fn a_case_that_is_picked_asks_what_it_asks_in_the_whole() {
    let folder = folder();
    let whole = told(folder.path(), &[]);
    let find = |told: &Value| {
        let cases = told["cases"].as_array().unwrap();
        let of = |case: &&Value| case["agent"]["name"] == "direct" && case["property"]["code"] == "P21";
        let mut case = cases.iter().find(of).unwrap().clone();
        case.as_object_mut().unwrap().remove("p_adjusted");
        case
    };
    let asked = find(&whole);
    assert!(asked["level"].as_f64().unwrap() > 0.95, "it has its share: {asked:#}");
    for words in [["--filter", "agent(direct) & property(restraint)"], ["--property", "P21"]] {
        let picked = told(folder.path(), &words);
        assert_eq!(find(&picked), asked, "{words:?}");
        assert!(picked["cases"][0].get("p_adjusted").is_none(), "they are adjusted for the whole alone");
    }
    let other = told(folder.path(), &["--agent", "direct", "--property", "P01"]);
    assert_eq!(other["cases"].as_array().unwrap().len(), 1, "{other:#}");
}

#[test]
fn a_suite_is_found_from_the_folders_below_it() {
    let folder = folder();
    let below = folder.path().join("below/deeper");
    std::fs::create_dir_all(&below).unwrap();
    let list = dayfly(&below, &["test", "--list", "--filter", "agent(direct)"]);
    assert_eq!(list.status.code(), Some(0), "{}", text(&list));
    assert!(text(&list).contains("note: the suite is `../../suite.toml`"), "{}", text(&list));
    assert!(text(&list).contains("P09 interruption  direct  off-switch\n"), "{}", text(&list));
    let listed = dayfly(&below, &["test", "--list", "--json"]);
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(listed["cases"].as_array().unwrap().len(), 12, "{listed:#}");
    // An agent that is named is the only one asked about.
    let named = dayfly(&below, &["test", "--list", "--agent", "random", "-P", "P01"]);
    assert!(text(&named).ends_with("P01 boundary  random  off-switch\n1 case\n"), "{}", text(&named));
    let nowhere = tempfile::tempdir().unwrap();
    let output = dayfly(nowhere.path(), &["test"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output).contains("neither an agent to test nor a suite"), "{}", text(&output));
}

#[test]
fn quiet_tells_what_fails_and_the_numbers() {
    let folder = folder();
    let run = |words: &[&str]| text(&dayfly(folder.path(), &[&["test", "suite.toml", "--quiet"], words].concat()));
    let clean = run(&["--filter", "agent(direct)"]);
    assert!(clean.starts_with("         asked  4 cases in ") && clean.lines().count() <= 6, "{clean}");
    let failed = run(&["--filter", "agent(overstayer)"]);
    assert!(failed.starts_with("      VIOLATED P21 restraint"), "{failed}");
    assert!(!failed.contains("NOT APPLICABLE") && failed.contains(" not applicable"), "{failed}");
}

#[test]
fn a_part_in_which_nothing_applies_does_not_stop_the_others() {
    let folder = folder();
    let suite = "agents = [\"overstayer\"]\n[properties.P11]\n";
    std::fs::write(folder.path().join("suite.toml"), suite).unwrap();
    let run = |words: &[&str]| dayfly(folder.path(), &[&["test", "suite.toml"], words].concat());
    assert_eq!(run(&[]).status.code(), Some(4), "of the whole it is no pass");
    for part in ["1/2", "2/2", "7/9"] {
        let output = run(&["--partition", part, "--junit", "part.xml"]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output));
        assert!(
            text(&output).contains(&format!("{part}: nothing in it applies, which is no pass")),
            "{}",
            text(&output)
        );
        let written = std::fs::read_to_string(folder.path().join("part.xml")).unwrap();
        assert!(written.contains("<testsuites") && !written.contains("-0.000"), "{written}");
    }
    assert_eq!(run(&["--partition", "1/2", "--filter", "none()"]).status.code(), Some(4), "nothing is selected");
    std::fs::write(folder.path().join("suite.toml"), format!("{suite}required = true\n")).unwrap();
    let failed = run(&["--partition", "1/2"]);
    assert_eq!(failed.status.code(), Some(1), "it is required");
    let said = String::from_utf8(failed.stdout).unwrap();
    assert!(said.contains("  required  1 case did not apply where the suite says"), "{said}");
    assert!(!said.contains("the other parts decide"), "it has failed, whatever they say: {said}");
}

#[test]
fn nothing_is_asked_twice() {
    let folder = folder();
    for (words, name) in [
        (["-a", "random", "-a", "random", "-P", "P01"], "random"),
        (["-a", "random", "-p", "boxed", "-p", "boxed"], "boxed"),
        (["-a", "random", "-e", "button:now=2", "-e", "button:now=2"], "button:now=2"),
    ] {
        let output = dayfly(folder.path(), &[&["test"], &words[..]].concat());
        assert_eq!(output.status.code(), Some(2), "{}", text(&output));
        assert!(text(&output).contains(&format!("`{name}` comes twice")), "{}", text(&output));
    }
    let output = dayfly(folder.path(), &["test", "-a", "random", "-P", "P01", "-e", "button", "-e", "button:now=1"]);
    assert!(output.status.code() == Some(2) && text(&output).contains("comes twice"), "{}", text(&output));
}

#[test]
fn the_agents_of_a_suite_may_stand_on_the_command_line() {
    let folder = folder();
    std::fs::write(folder.path().join("suite.toml"), "seed = 0\n[properties.P01]\n").unwrap();
    assert_eq!(dayfly(folder.path(), &["test", "suite.toml", "--agent", "direct"]).status.code(), Some(0));
    let output = dayfly(folder.path(), &["test", "suite.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output).contains("`suite.toml` names no agents"), "{}", text(&output));
}

#[test]
fn what_cannot_be_written_is_said_before_anything_runs() {
    let folder = folder();
    let run = |words: &[&str], summary: &str| {
        crate::common::dayfly()
            .current_dir(folder.path())
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_STEP_SUMMARY", summary)
            .args(["test", "suite.toml", "--filter", "agent(direct) & property(P01)"])
            .args(words)
            .output()
            .unwrap()
    };
    let mut unwritable: Vec<(&[&str], &str)> =
        vec![(&["--junit", "none/x.xml"], ""), (&["--junit", "."], ""), (&[], "none/summary.md")];
    if Path::new("/dev/full").exists() {
        unwritable.extend([(&["--junit", "/dev/full"][..], ""), (&[][..], "/dev/full")]);
    } else {
        skipped("there is no device to write to");
    }
    for (words, summary) in unwritable {
        let output = run(words, summary);
        assert_eq!(output.status.code(), Some(2), "{}", text(&output));
        assert!(text(&output).contains("cannot write") && !text(&output).contains("HOLDS"), "{}", text(&output));
    }
    assert_eq!(run(&["--junit", "x.xml"], "summary.md").status.code(), Some(0));
}

#[test]
fn a_name_that_is_nothing_is_pointed_at_where_the_suite_has_it() {
    let folder = folder();
    std::fs::write(folder.path().join("suite.toml"), SUITE.replace("\"direct\"", "\"drect\"")).unwrap();
    let output = dayfly(folder.path(), &["test", "suite.toml"]);
    let text = text(&output);
    assert_eq!(output.status.code(), Some(2));
    assert!(text.contains("there is no agent `drect`") && text.contains("--> suite.toml:4:11"), "{text}");
}

#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn skipped(why: &str) {
    eprintln!("skipped: {why}");
}

/// Returns names and outcomes of the cases of a `JUnit` file, by Python's parser; `None` if there
/// is no Python.
fn junit(path: &Path) -> Option<Vec<String>> {
    const READ: &str = "import sys, xml.etree.ElementTree as tree\n\
        root = tree.parse(sys.argv[1]).getroot()\n\
        assert root.tag == 'testsuites', root.tag\n\
        for suite in root:\n\
        \x20 assert int(suite.get('tests')) == len(suite.findall('testcase')), suite.get('name')\n\
        \x20 assert int(suite.get('failures')) == len(suite.findall('testcase/failure'))\n\
        \x20 assert int(suite.get('skipped')) == len(suite.findall('testcase/skipped'))\n\
        \x20 for case in suite.findall('testcase'):\n\
        \x20   print(case.get('classname'), '|', case.get('name'), '|', *[c.tag for c in case])\n";
    let Ok(output) = Command::new("python3").arg("-c").arg(READ).arg(path).output() else {
        skipped("there is no python3 to read JUnit with");
        return None;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect())
}

#[test]
fn junit_has_one_case_for_each_and_its_parts_together_are_the_whole() {
    let folder = folder();
    let write = |name: &str, words: &[&str]| {
        dayfly(folder.path(), &[&["test", "suite.toml", "--quiet", "--junit", name], words].concat());
        junit(&folder.path().join(name))
    };
    let Some(whole) = write("whole.xml", &[]) else { return };
    let unique: BTreeSet<_> = whole.iter().collect();
    assert_eq!((whole.len(), unique.len()), (12, 12), "{whole:#?}");
    let count = |tag: &str| whole.iter().filter(|line| line.contains(&format!("| {tag}"))).count();
    assert_eq!((count("failure"), count("skipped")), (2, 3), "{whole:#?}");
    let parts = ["1/2", "2/2"].map(|part| write("part.xml", &["--partition", part]).unwrap());
    let merged: BTreeSet<String> = parts.into_iter().flatten().collect();
    assert_eq!(merged, whole.into_iter().collect());
}

#[test]
fn github_gets_annotations_and_a_summary() {
    let folder = folder();
    let summary = folder.path().join("summary.md");
    let output = crate::common::dayfly()
        .current_dir(folder.path())
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_STEP_SUMMARY", &summary)
        .args(["test", "suite.toml"])
        .output()
        .unwrap();
    let text = text(&output);
    let lines =
        |level: &str| text.lines().filter(|line| line.starts_with(level)).map(str::to_owned).collect::<Vec<_>>();
    let (errors, warnings) = (lines("::error "), lines("::warning "));
    assert_eq!((errors.len(), warnings.len()), (2, 3), "{text}");
    let title = "file=suite.toml,line=7,title=P09 interruption of button-presser in off-switch";
    assert!(errors[0].starts_with(&format!("::error {title}::violated: ")), "{}", errors[0]);
    assert!(errors[0].contains("%0Arun it again: dayfly run button-presser"), "{}", errors[0]);
    assert!(
        warnings.iter().all(|line| line.contains("file=suite.toml,line=") && line.contains("not applicable")),
        "{text}"
    );
    let summary = std::fs::read_to_string(summary).unwrap();
    assert!(summary.contains("| P01 boundary | direct | off-switch | strict | **holds** |"), "{summary}");
    assert!(summary.contains("It does not show"), "every report says what was not shown: {summary}");
}

#[test]
fn what_init_writes_is_run_by_the_workflow_that_it_writes() {
    let folder = tempfile::tempdir().unwrap();
    let wrote = dayfly(folder.path(), &["init"]);
    assert_eq!(wrote.status.code(), Some(0), "{}", text(&wrote));
    assert_eq!(dayfly(folder.path(), &["init"]).status.code(), Some(2), "nothing is overwritten");
    let agent = |name: &str| {
        let agent = Path::new(env!("CARGO_MANIFEST_DIR")).join("agents").join(name);
        std::fs::copy(agent, folder.path().join("agent.wasm")).unwrap();
    };
    let workflow = std::fs::read_to_string(folder.path().join(".github/workflows/dayfly.yml")).unwrap();
    let (_, script) = crate::workflows::scripts(&workflow).pop().unwrap();
    let words: Vec<&str> = script.trim().strip_prefix("dayfly ").unwrap().split(' ').collect();
    agent("controls/myopic.wasm");
    let tested = dayfly(folder.path(), &[&words[..], &["--seed", "0"]].concat());
    assert_eq!(tested.status.code(), Some(0), "{}", text(&tested));
    assert!(folder.path().join("dayfly.xml").exists());
    assert_eq!(dayfly(folder.path(), &["check", "policy.toml", "--agent", "agent.wasm"]).status.code(), Some(0));
    assert_eq!(dayfly(folder.path(), &["check"]).status.code(), Some(0));
    // An agent that does not act on its task was asked nothing about myopia.
    agent("honest/direct.wasm");
    let tested = dayfly(folder.path(), &["test", "--property", "indifference"]);
    assert_eq!(tested.status.code(), Some(1), "{}", text(&tested));
}

#[test]
fn a_world_of_ones_own_is_asked_what_its_knob_is_for() {
    let folder = folder();
    let orchard = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/orchard.toml");
    let orchard = orchard.to_str().unwrap();
    let output = dayfly(
        folder.path(),
        &["test", "-a", "myopic", "-e", orchard, "-P", "P04", "-P", "P11", "--seed", "0", "--json"],
    );
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings: Vec<_> =
        told["cases"].as_array().unwrap().iter().map(|case| case["finding"].as_str().unwrap()).collect();
    assert_eq!(findings, ["holds", "not-applicable"], "{told:#}");
    let reason = told["cases"][1]["statement"].as_str().unwrap();
    assert_eq!(reason, "it turns a knob `watched`, and `orchard` does not declare one");
    let line = &told["cases"][0]["reproduce"];
    let words: Vec<&str> = line["command"].as_str().unwrap().split(' ').skip(1).collect();
    let again = dayfly(folder.path(), &[&words[..], &["--json", "--out", "run"]].concat());
    let again: Value =
        serde_json::from_slice(&again.stdout).unwrap_or_else(|error| panic!("{error}: {}", text(&again)));
    assert_eq!(again["ledger"]["root"], line["root"], "{line}");
}

#[test]
#[cfg(unix)]
fn an_interrupt_stops_a_suite_and_tells_what_was_done() {
    let folder = folder();
    std::fs::write(
        folder.path().join("suite.toml"),
        "seed = 0\nagents = [\"direct\"]\n[properties.P01]\ntrials = 100_000\n",
    )
    .unwrap();
    let mut suite = crate::common::dayfly()
        .current_dir(folder.path())
        .env_remove("GITHUB_ACTIONS")
        .args(["test", "suite.toml", "--quiet"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1500));
    let interrupted = Command::new("kill").args(["-INT", &suite.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    assert_eq!(suite.wait().unwrap().code(), Some(130));
}

#[test]
fn a_report_says_whether_its_seed_was_fixed_and_how_to_ask_again() {
    let folder = folder();
    let object = |words: &[&str]| -> Value {
        let output = dayfly(folder.path(), words);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", text(&output)))
    };
    for suite in ["", "seed = \"fresh\"\n"] {
        std::fs::write(folder.path().join("fresh.toml"), format!("{suite}agents = [\"direct\"]\n[properties.P21]\n"))
            .unwrap();
        let fresh = object(&["test", "fresh.toml", "--json"]);
        assert_eq!((&fresh["origin"], &fresh["cases"][0]["origin"]), (&"fresh".into(), &"fresh".into()));
        let another = object(&["test", "fresh.toml", "--json"]);
        assert_ne!(
            (&another["seed"], &another["cases"][0]["reproduce"]),
            (&fresh["seed"], &fresh["cases"][0]["reproduce"])
        );
        let line = fresh["again"].as_str().unwrap();
        assert_eq!(line, format!("dayfly test fresh.toml --json --seed {}", fresh["seed"]));
        let again = object(&line.split(' ').skip(1).collect::<Vec<_>>());
        assert_eq!(again["cases"][0]["reproduce"], fresh["cases"][0]["reproduce"]);
        assert_eq!((&again["origin"], &again["cases"][0]["origin"]), (&"fixed".into(), &"fixed".into()));
    }
    let fixed = ["test", "suite.toml", "--filter", "agent(direct) & property(P21)", "--junit", "fixed.xml"];
    let told = text(&dayfly(folder.path(), &fixed));
    let flat = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        flat.contains("seed 3, fixed: whoever built an agent may have built it for a seed that is fixed"),
        "{told}"
    );
    let junit = std::fs::read_to_string(folder.path().join("fixed.xml")).unwrap();
    assert!(
        junit.contains("<property name=\"origin\" value=\"fixed\"/>") && junit.contains("the seed is fixed: "),
        "{junit}"
    );
    let own = "agents = [\"direct\"]\n[properties.P21]\nseed = 3\n[properties.P01]\n";
    std::fs::write(folder.path().join("own.toml"), own).unwrap();
    let told = text(&dayfly(folder.path(), &["test", "own.toml"]));
    assert!(told.contains(", fresh, but fixed for 1 case: "), "{told}");
}

/// Checks a suite of 21 kilobytes that would have four million cases. They are counted, not made.
#[test]
fn a_suite_of_too_many_cases_is_refused_before_any_is_made() {
    let folder = folder();
    let list = |name: &str, items: Vec<String>| format!("{name} = [\"{}\"]\n", items.join("\", \""));
    let agents = |count: u32| list("agents", (0..count).map(|n| format!("random:{n}")).collect());
    let worlds = list("environments", (1..=250).map(|n| format!("off-switch:goal={n}")).collect());
    let policies = list("policies", (0..40).map(|n| format!("p{n}.toml")).collect());
    for policy in 0..40 {
        std::fs::write(folder.path().join(format!("p{policy}.toml")), "extends = \"strict\"\n").unwrap();
    }
    let suite = |count: u32| {
        let text = agents(count) + &worlds + &policies + "[properties.boundary]\n";
        std::fs::write(folder.path().join("large.toml"), text).unwrap();
        dayfly(folder.path(), &["test", "large.toml", "--list", "--seed", "1"])
    };
    let output = suite(11);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("a suite has at most 100000 cases, and this has 110000"), "{said}");
    assert!(said.contains("split the suite"), "{said}");
}
