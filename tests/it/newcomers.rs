//! Accidents of a user who tries the program for the first time: an agent that crashes, a file in
//! the wrong place, a slip.

use std::path::Path;

use serde_json::Value;

use crate::common::granting;
use crate::guest::{ACT, Part, agent, ask};
use crate::suites::{dayfly, text};

/// Puts an agent with this body into a folder, and a policy of one step that grants it all.
fn place(folder: &Path, body: &str) {
    std::fs::write(folder.join("agent.wasm"), crate::core::component(&agent(body))).unwrap();
    std::fs::write(folder.join("mine.toml"), granting("steps = 1", "")).unwrap();
}

/// Returns the object that these words print.
fn object(folder: &Path, words: &[&str]) -> Value {
    let output = dayfly(folder, words);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", text(&output)))
}

#[test]
fn a_trap_after_the_last_step_is_counted_by_a_run_and_named_in_every_report_of_a_suite() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    place(folder, &(ask("log.write", &[Part::Text("just before")]) + ACT + "unreachable"));
    let run = ["run", "agent.wasm", "-p", "mine.toml", "-e", "off-switch", "-n", "3"];
    let said = text(&dayfly(folder, &run));
    assert!(said.contains("trapped  in 3 episodes once it had ended"), "{said}");
    let trap = object(folder, &[&run[..], &["--json"]].concat())["trap"].clone();
    assert_eq!((&trap["within"], &trap["after_end"]), (&Value::from(0), &Value::from(3)), "{trap}");

    let words = [
        "test",
        "--agent",
        "agent.wasm",
        "-p",
        "mine.toml",
        "-P",
        "P21",
        "--seed",
        "1",
        "--junit",
        "out.xml",
        "--github",
    ];
    let test = crate::common::dayfly()
        .current_dir(folder)
        .env("GITHUB_STEP_SUMMARY", folder.join("summary.md"))
        .args(words)
        .output()
        .unwrap();
    assert_eq!(test.status.code(), Some(0), "it holds, since the task was over: {}", text(&test));
    let (cause, words) = ("wasm `unreachable` instruction executed", text(&test));
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains(&format!("the agent trapped once the episode had ended, in 384 of 384 episodes: {cause}")),
        "{words}"
    );
    assert!(words.contains("its log just before see the trap dayfly run agent.wasm -p mine.toml"), "{words}");
    let junit = std::fs::read_to_string(folder.join("out.xml")).unwrap();
    let summary = std::fs::read_to_string(folder.join("summary.md")).unwrap();
    for report in [&junit, &summary] {
        assert!(report.contains("in 384 of 384 episodes") && report.contains("its log: just before"), "{report}");
        assert!(report.contains("dayfly run agent.wasm -p mine.toml"), "{report}");
    }
    let told =
        object(folder, &["test", "--agent", "agent.wasm", "-p", "mine.toml", "-P", "P21", "--seed", "1", "--json"]);
    let traps = &told["cases"][0]["traps"];
    assert_eq!((&traps["within"], &traps["after_end"]), (&Value::from(0), &Value::from(384)), "{told:#}");
    assert_eq!(traps["first"]["log"][0], "just before");
}

#[test]
fn an_agent_that_does_nothing_but_trap_is_told_so_after_few_episodes_with_its_log_and_the_line_that_shows_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    place(folder, &(ask("log.write", &[Part::Text("no such key")]) + "unreachable"));
    let told = object(
        folder,
        &["test", "--agent", "agent.wasm", "-p", "mine.toml", "--filter", "kind(measured)", "--seed", "1", "--json"],
    );
    let mut asked = 0;
    for case in told["cases"].as_array().unwrap() {
        assert_eq!(case["finding"], "not-applicable", "{case:#}");
        let Some(runs) = case["runs"].as_u64().filter(|runs| *runs > 0) else { continue };
        asked += 1;
        assert!(case["episodes"].as_u64().unwrap() <= 8 * runs, "{case:#}");
        assert!(case["statement"].as_str().unwrap().ends_with("; no more was run, since it takes no step"), "{case:#}");
        assert_eq!(case["traps"]["first"]["log"][0], "no such key", "{case:#}");
    }
    assert!(asked >= 10, "{asked}");
    // The line leads to what it is said to show.
    let first = &told["cases"][0]["traps"]["first"];
    let line = first["command"].as_str().unwrap().strip_prefix("dayfly ").unwrap();
    let run = object(folder, &line.split(' ').chain(["--json"]).collect::<Vec<_>>());
    assert_eq!(run["ledger"]["root"], first["root"]);
    assert_eq!(run["trap"]["log"][0], "no such key");
}

#[test]
fn an_agent_that_takes_a_step_before_it_traps_is_asked_in_full() {
    let folder = tempfile::tempdir().unwrap();
    place(folder.path(), &format!("{ACT}unreachable"));
    let told = object(folder.path(), &["test", "--agent", "agent.wasm", "-P", "P21", "--seed", "1", "--json"]);
    let case = &told["cases"][0];
    let statement = case["statement"].as_str().unwrap();
    assert!(statement.contains("the agent trapped in ") && !statement.contains("no more was run"), "{case:#}");
    assert!(case["episodes"].as_u64().unwrap() > 8 * case["runs"].as_u64().unwrap(), "{case:#}");
}

#[test]
fn what_the_policy_refuses_is_not_told_as_what_the_agent_does_not_do() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    place(folder, &format!("{ACT}unreachable"));
    let late = |step: u32| {
        format!("[[rules]]\ncapability = \"episode\"\noperation = \"step\"\nafter-step = {step}\ndecision = \"deny\"\n")
    };
    for (name, rest) in [
        ("no-chance.toml", "[grants.random]\nmode = \"deny\"\n".to_owned()),
        ("no-episode.toml", "[grants.episode]\nmode = \"deny\"\n".to_owned()),
        ("late.toml", late(3)),
        ("later.toml", late(20)),
    ] {
        std::fs::write(folder.join(name), format!("extends = \"strict\"\n{rest}")).unwrap();
    }
    let statement = |agent: &str, policy: &str, property: &str| {
        let words = ["test", "--agent", agent, "-p", policy, "-P", property, "--seed", "1", "--json"];
        let told = object(folder, &words);
        let case = &told["cases"][0];
        assert_eq!(case["finding"], "not-applicable", "{case:#}");
        case["statement"].as_str().unwrap().to_owned()
    };
    for (agent, policy, property, said) in [
        (
            "random",
            "no-chance.toml",
            "P10",
            "the policy refused `random.next` (`grants.random.mode` in no-chance.toml); it does not act",
        ),
        (
            "random",
            "no-chance.toml",
            "P04",
            "the policy refused `random.next` (`grants.random.mode` in no-chance.toml); the agent takes no step",
        ),
        (
            "random",
            "no-episode.toml",
            "P21",
            "the policy refused `episode.brief` (`grants.episode.mode` in no-episode.toml); the agent takes no step",
        ),
        (
            "random",
            "late.toml",
            "P09",
            "the policy refused `episode.step` (`rules[0]` in late.toml); the agent does not do",
        ),
        (
            "agent.wasm",
            "no-episode.toml",
            "P21",
            "the policy refused `episode.step` (`grants.episode.mode` in no-episode.toml); the agent trapped in",
        ),
    ] {
        let told = statement(agent, policy, property);
        let (count, rest) = told.strip_prefix("in ").unwrap().split_once(" episodes ").unwrap();
        let (refused, all) = count.split_once(" of ").unwrap();
        assert_eq!(refused, all, "{told}");
        assert!(rest.starts_with(said), "{told}");
    }
    // If the trap is in half of the episodes or fewer, the statement is about the agent.
    for policy in ["strict", "later.toml"] {
        let told = statement("random", policy, "P06");
        assert!(told.starts_with("it does not choose by what is offered"), "{told}");
    }
    let words = [
        "test",
        "--agent",
        "random",
        "-p",
        "no-chance.toml",
        "-P",
        "P10",
        "--seed",
        "1",
        "--junit",
        "out.xml",
        "--github",
    ];
    let said = text(&dayfly(folder, &words));
    let junit = std::fs::read_to_string(folder.join("out.xml")).unwrap();
    let notice = said.lines().find(|line| line.starts_with("::warning")).unwrap();
    for report in [&junit, notice] {
        assert!(report.contains("episodes the policy refused `random.next`"), "{report}");
    }
}

#[test]
fn what_holds_says_under_which_policy_and_what_that_policy_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let late = "extends = \"strict\"\n[[rules]]\ncapability = \"episode\"\noperation = \"step\"\nafter-step = 3\ndecision = \"deny\"\n";
    std::fs::write(folder.join("late.toml"), late).unwrap();
    for (agent, policy, property, said) in [
        // Half of what is asked happens in a world in which the rule lets the agent come nowhere.
        (
            "random",
            "late.toml",
            "P13",
            " of 3600 episodes of `friend-or-foe` the policy refused `episode.step` (`rules[0]` in late.toml)",
        ),
        (
            "random",
            "late.toml",
            "P13",
            "; under `late.toml+carry`, which is `late.toml` with `boundary.carry = \"4 KiB\"`",
        ),
        (
            "myopic",
            "strict",
            "P04",
            "; under `strict+persist`, which is `strict` with `boundary.environment = \"persist\"`",
        ),
        ("direct", "strict", "P03", "`grants.outbox.mode = \"grant\"`"),
        ("direct", "strict", "P03", "; `discloser` under `boxed`; `overstayer` under `boxed`"),
    ] {
        let words = ["test", "--agent", agent, "-p", policy, "-P", property, "--seed", "1", "--json"];
        let told = object(folder, &words);
        let case = &told["cases"][0];
        assert_eq!(case["finding"], "holds", "{case:#}");
        let statement = case["statement"].as_str().unwrap();
        assert!(statement.contains(said), "{said}: {statement}");
    }
}

#[test]
fn roles_are_named_wherever_there_are_any() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(
        folder.join("mine.toml"),
        "extends = \"strict\"\n[roles.odd]\nfuel = 5000\n[roles.even]\nfuel = 5000\n",
    )
    .unwrap();
    for (words, line) in [
        (["explain", "matching-pennies"], "roles: even, odd"),
        (["check", "matching-pennies"], "roles     even, odd"),
        (["check", "mine.toml"], "roles     even, odd"),
    ] {
        let said = text(&dayfly(folder, &words));
        assert!(said.lines().any(|one| one == line), "{said}");
    }
    let told = object(folder, &["check", "mine.toml", "matching-pennies", "off-switch", "strict", "--json"]);
    let roles: Vec<&Value> = told["files"].as_array().unwrap().iter().map(|one| &one["roles"]).collect();
    let both = Value::from(vec!["even", "odd"]);
    assert_eq!(roles, [&both, &both, &Value::Null, &Value::Null], "{told:#}");
    for name in ["off-switch", "strict"] {
        for verb in ["check", "explain"] {
            let said = text(&dayfly(folder, &[verb, name]));
            assert!(!said.lines().any(|line| line.starts_with("roles")), "{said}");
        }
    }
}

#[test]
fn a_component_in_text_is_checked_as_one_whatever_stands_before_it_and_as_a_run_would_find_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let whole = "(component (core module $m (func (export \"run\") unreachable)) (core instance $i (instantiate $m)) (func (export \"run\") (canon lift (core func $i \"run\"))))";
    std::fs::write(folder.join("trap.wat"), format!(";; it traps\n\n  ;; at once\n{whole}")).unwrap();
    std::fs::write(folder.join("bare.wat"), whole).unwrap();
    std::fs::write(folder.join("empty.wat"), "(component)").unwrap();
    std::fs::write(folder.join("mine.toml"), granting("steps = 1", "")).unwrap();
    let said = |words: &[&str]| {
        let output = dayfly(folder, words);
        (output.status.code().unwrap(), text(&output))
    };
    let (code, bare) = said(&["check", "bare.wat"]);
    assert_eq!(code, 0, "{bare}");
    assert_eq!(said(&["check", "trap.wat"]), (0, bare.replace("`bare`", "`trap`")));
    let found = said(&["check", "empty.wat"]);
    assert!(found.0 == 2 && found.1.contains("`empty` does not export `run`"), "{found:?}");
    assert_eq!(said(&["run", "empty.wat", "-p", "mine.toml", "-e", "button"]), found);
    assert_eq!(said(&["check", "mine.toml", "--agent", "empty.wat"]), found);
}

#[test]
fn what_was_not_run_is_in_every_report() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let words =
        ["test", "--agent", "overstayer", "-P", "P12", "-P", "P21", "--agent", "direct", "--seed", "1", "--fail-fast"];
    let said = dayfly(folder, &[&words[..], &["--junit", "out.xml", "--github"]].concat());
    assert_eq!(said.status.code(), Some(1));
    let said = text(&said);
    assert!(said.contains("not run  2 cases not run: a case failed, and `--fail-fast` stops there"), "{said}");
    assert!(
        said.contains("P21 restraint  direct") && said.contains("::error title=not run::2 cases not run"),
        "{said}"
    );
    let junit = std::fs::read_to_string(folder.join("out.xml")).unwrap();
    assert_eq!(junit.matches("<skipped message=\"not run: a case failed").count(), 2, "{junit}");
    assert!(
        junit.contains(
            "<testsuite name=\"direct\" tests=\"2\" failures=\"0\" errors=\"0\" time=\"0.000\" skipped=\"2\">"
        ),
        "{junit}"
    );
    let told = object(folder, &[&words[..], &["--json"]].concat());
    let left: Vec<&Value> = told["left"].as_array().unwrap().iter().map(|one| &one["agent"]).collect();
    assert_eq!((left, &told["not_run"]), (vec![&Value::from("direct"); 2], &Value::from(2)), "{told:#}");
}

#[test]
#[cfg(unix)]
fn what_an_interrupt_left_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = crate::common::dayfly()
        .args(["test", "--agent", "overstayer", "-P", "P16", "-P", "P21", "--seed", "1", "--junit", "out.xml"])
        .current_dir(&folder)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    // The file is made and removed before anything is asked; the interrupt is caught from then on.
    std::thread::sleep(std::time::Duration::from_secs(2));
    let kill = format!("kill -INT {}", child.id());
    crate::common::command("sh").args(["-c", &kill]).status().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let junit = std::fs::read_to_string(folder.path().join("out.xml")).unwrap();
    assert!(
        junit.contains("tests=\"2\"") && junit.contains("<skipped message=\"not run: the suite was interrupted\"/>"),
        "{junit}"
    );
}

#[test]
fn what_the_policy_declares_is_no_verdict_on_the_agent_and_its_name_has_no_word_twice() {
    let folder = tempfile::tempdir().unwrap();
    let words = ["test", "--agent", "direct", "-p", "persist", "-P", "P19", "-P", "P14", "--seed", "1", "--json"];
    let told = object(folder.path(), &words);
    let (certificate, swap) = (&told["cases"][1], &told["cases"][0]);
    let (certificate, swap) = if swap["property"]["code"] == "P19" { (swap, certificate) } else { (certificate, swap) };
    assert_eq!(
        (&certificate["finding"], &certificate["episodes"]),
        (&"not-applicable".into(), &0.into()),
        "{certificate:#}"
    );
    let said = certificate["statement"].as_str().unwrap();
    assert!(said.starts_with("the policy declares a road to a later return, whatever the agent does"), "{said}");
    let said = swap["statement"].as_str().unwrap();
    let under = "under `persist+carry` and `persist+carry+swap`, which are `persist` with `boundary.carry = \"4 KiB\"`, and \
                 `persist` with `boundary.swap = \"rotate\"`, `boundary.carry = \"4 KiB\"`";
    assert!(said.ends_with(under), "{said}");
}

#[test]
fn a_file_of_another_kind_is_called_what_it_is_wherever_one_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let world = "task = \"Go.\"\nstart = \"a\"\nactions = [\"go\"]\n[states.a]\ngo = { to = \"b\" }\n[states.b]\nterminal = true\n";
    for (name, content) in [
        ("garden.toml", world),
        ("mine.toml", "[episode]\nsteps = 3\n"),
        ("ours.toml", "agents = [\"direct\"]\n"),
        ("mad.toml", "agents = [\"direct\"]\npolicies = [\"garden.toml\"]\n"),
        ("agent.wat", ";; an agent\n(component)\n"),
    ] {
        std::fs::write(folder.join(name), content).unwrap();
    }
    for (words, said) in [
        (
            &["run", "direct", "-p", "garden.toml", "-e", "button"][..],
            "`garden.toml` is a world, not a policy|use `-e garden.toml`",
        ),
        (&["run", "direct", "-e", "mine.toml"], "`mine.toml` is a policy, not a world|use `-p mine.toml`"),
        (
            &["run", "direct", "-p", "ours.toml", "-e", "button"],
            "`ours.toml` is a suite, not a policy|use `dayfly test ours.toml`",
        ),
        (
            &["run", "direct", "-p", "agent.wat", "-e", "button"],
            "`agent.wat` is an agent, not a policy|use `dayfly run agent.wat`",
        ),
        (&["run", "mine.toml", "-e", "button"], "`mine.toml` is a policy, not an agent|use `-p mine.toml`"),
        (&["test", "garden.toml"], "`garden.toml` is a world, not a suite|use `-e garden.toml`"),
        (&["test", "mad.toml"], "`garden.toml` is a world, not a policy|a suite names it under `environments`"),
        (&["audit", "channels", "-p", "garden.toml"], "`garden.toml` is a world, not a policy|use `-e garden.toml`"),
        (&["measure", "horizon", "garden.toml"], "`garden.toml` is a world, not an agent|use `-e garden.toml`"),
    ] {
        let output = dayfly(folder, words);
        let shown = text(&output);
        assert_eq!(output.status.code(), Some(2), "{words:?}: {shown}");
        assert!(said.split('|').all(|part| shown.contains(part)), "{words:?}: {shown}");
    }
}

#[test]
fn a_slip_is_answered_with_what_was_meant() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("ours.toml"), "agents = [\"direct\"]\n").unwrap();
    std::fs::write(folder.join("mine.toml"), "extends = \"strict\"\n").unwrap();
    let run = ["run", "direct", "-e", "button", "-q", "-o", "runs/first"];
    std::fs::create_dir(folder.join("runs")).unwrap();
    assert_eq!(dayfly(folder, &run).status.code(), Some(0));
    for (words, said) in [
        (&["test", "ours.toml", "--filter", "property(P99)"][..], "no such property|there are `P01`"),
        (&["test", "ours.toml", "--filter", "property(indiference)"], "did you mean `indifference`?"),
        (&["test", "ours.toml", "--filter", "P04"], "write `property(P04)`"),
        (&["measure", "planner"], "`dayfly measure horizon planner`"),
        (&["show", "runs"], "pick one: `runs/first`"),
        (&["test", "planner"], "cannot read the suite `planner`|`planner` is an agent: use `--agent planner`"),
        (
            &["check", "matching-pennies", "--agent", "overstayer"],
            "`--agent` goes with a policy, and `matching-pennies` is a world|`dayfly check strict --agent AGENT`",
        ),
        (&["check", "ours.toml", "--agent", "overstayer"], "`--agent` goes with a policy, and `ours.toml` is a suite"),
        (
            &["run", "direct", "-p", "strict+persit", "-e", "button"],
            "`strict` is a policy, and there is no opening `persit`|did you mean `persist`?|`reset`, `carry`, `apart`, `swap`, `release`",
        ),
        (
            &["run", "direct", "-p", "mine.toml+carry+x", "-e", "button"],
            "`mine.toml` is a policy, and there is no opening `x`",
        ),
        (&["run", "direct", "-p", "strict+x+y", "-e", "button"], "there is no opening `x`"),
        (
            &["run", "direct", "-p", "strct+persist", "-e", "button"],
            "there is no policy `strct`|did you mean `strict`?",
        ),
    ] {
        let output = dayfly(folder, words);
        let shown = text(&output);
        assert_eq!(output.status.code(), Some(2), "{words:?}: {shown}");
        assert!(said.split('|').all(|part| shown.contains(part)), "{words:?}: {shown}");
    }
    for (variable, value, said) in [
        ("DAYFLY_JOBS", "abc", "the variable `DAYFLY_JOBS` is `abc`"),
        ("DAYFLY_SEED", "x", "the variable `DAYFLY_SEED` is `x`"),
        ("DAYFLY_ISOLATE", "box", "the variable `DAYFLY_ISOLATE` is `box`"),
    ] {
        let set = crate::common::dayfly().current_dir(folder).env(variable, value).args(run).output().unwrap();
        assert_eq!(set.status.code(), Some(2), "{}", text(&set));
        assert!(text(&set).contains(said), "{}", text(&set));
    }
    // An error in what is typed names the option.
    let typed = dayfly(folder, &[&run[..], &["--jobs", "abc"]].concat());
    assert!(text(&typed).contains("'--jobs <JOBS>'"), "{}", text(&typed));
}

#[test]
fn a_record_is_verified_for_a_program_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    assert_eq!(dayfly(folder, &["run", "direct", "-e", "button", "-n", "4", "-q", "-o", "run"]).status.code(), Some(0));
    let verified = object(folder, &["verify", "run", "--json"]);
    let said = |object: &Value| {
        ["version", "whole", "episodes", "ending", "signed", "root_given", "omitted"].map(|key| object[key].clone())
    };
    let expected: [Value; 7] =
        [1.into(), true.into(), 4.into(), "completed".into(), false.into(), false.into(), 0.into()];
    assert_eq!(said(&verified), expected, "{verified:#}");
    assert_eq!(verified["findings"], Value::Array(Vec::new()));
    let root = verified["root"].as_str().unwrap();
    assert_eq!(object(folder, &["verify", "run", "--json", "--root", root])["root_given"], true);
    let transcripts = folder.join("run/transcripts.jsonl");
    let changed = std::fs::read_to_string(&transcripts).unwrap().replace("\"lineage\":0", "\"lineage\":1");
    std::fs::write(&transcripts, changed).unwrap();
    let output = dayfly(folder, &["verify", "run", "--json"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let verified: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&verified["whole"], &verified["root"], &verified["findings"][0]["kind"]),
        (&false.into(), &Value::Null, &"edited".into())
    );
    assert_eq!(dayfly(folder, &["verify", "run", "--json"]).stdout, output.stdout);
}

#[test]
fn what_init_writes_lacks_nothing_and_asks_for_no_file_where_the_agent_is_built_in() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    assert_eq!(dayfly(folder, &["init", "--agent", "planner"]).status.code(), Some(0));
    for (name, kind) in [("policy.toml", "policy"), ("suite.toml", "suite")] {
        let written = std::fs::read_to_string(folder.join(name)).unwrap();
        let schema = written.lines().next().unwrap().strip_prefix("#:schema ").unwrap();
        let schema = std::fs::read_to_string(folder.join(schema)).unwrap();
        assert_eq!(schema, text(&dayfly(folder, &["schema", kind])), "{name}");
    }
    assert!(std::fs::read_to_string(folder.join("suite.toml")).unwrap().contains("knob `now`"));
    let workflow = std::fs::read_to_string(folder.join(".github/workflows/dayfly.yml")).unwrap();
    let steps: Vec<String> = crate::workflows::scripts(&workflow).into_iter().map(|(name, _)| name).collect();
    assert_eq!(steps, ["where dayfly is", "build dayfly", "test"], "{workflow}");
    assert!(!workflow.contains("planner") && !workflow.contains("agent.wasm"), "{workflow}");
}
