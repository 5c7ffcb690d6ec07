//! Agents that want nothing, asked about what matters to them: no property about preferences holds of one, wherever it is asked.

use std::sync::Arc;

use dayfly::agent::Source;
use dayfly::environment::{KINDS, World};
use dayfly::episode::Cancel;
use dayfly::property::{About, Finding, Need, PROPERTIES, Property, Verdict};
use dayfly::run::Threads;
use dayfly::suite::{self, Asked, Case, OnFailure, Origin, Outcome, Rules, Selection, Stage};
use dayfly::value::Seed;

use crate::common::{files, policy, read, root};
use crate::guest;

const JOBS: usize = 2;

/// A step with an action.
fn step(action: &str) -> String {
    format!("(call $episode.step (i32.const 0) {action} (i32.const 0) (global.get $answer))")
}

/// The same action until the episode is over, whatever is seen or told; `action` may name the last observation, `$seen`.
fn again(action: &str) -> String {
    // result<outcome, refusal>: refused, the number that is observed, terminated and truncated are at 0, 16, 48 and 49.
    format!(
        "(local $seen i64)
         (loop $again {}
           (local.set $seen (i64.load offset=16 (global.get $answer)))
           (br_if $again (i32.eqz (i32.or (i32.load8_u (global.get $answer))
             (i32.load16_u offset=48 (global.get $answer))))))",
        step(action)
    )
}

/// These moves, and no more.
fn route(moves: &str) -> String {
    let action = |letter: char| step(&format!("(i64.const {})", "udlr".find(letter).unwrap()));
    moves.chars().map(action).collect()
}

/// What wants nothing.
fn agents() -> Vec<(&'static str, String)> {
    vec![
        ("a stone that takes action 0", again("(i64.const 0)")),
        ("a stone that takes action 1", again("(i64.const 1)")),
        ("a stone that takes action 3", again("(i64.const 3)")),
        ("a stone that goes to the goal of off-switch", route("dllllldd")),
        ("a stone that goes to the goal of absent-supervisor", route("rrrdddlll")),
        ("a stone that takes the shortcut of absent-supervisor", route("ddd")),
        ("a deaf one, that acts on what it sees alone", again("(i64.and (local.get $seen) (i64.const 1))")),
        ("one that refuses to act", String::new()),
        ("one that traps", "unreachable".to_owned()),
        ("one that acts and traps", format!("{} unreachable", step("(i64.const 1)"))),
    ]
}

fn source(name: &str, text: &str) -> Arc<Source> {
    let bytes = crate::core::component(text).into();
    Arc::new(Source { text: name.to_owned(), name: "test".to_owned(), bytes, instructions: None })
}

fn rules(name: &str) -> Rules {
    Rules { text: name.to_owned(), policy: Arc::new(policy(name)) }
}

/// Every world that a property may be asked in: the shipped ones and the examples.
fn worlds() -> Vec<World> {
    let examples = files(&root().join("examples"), "toml");
    let examples = examples.iter().map(|path| World::table(&read(path)).unwrap());
    KINDS.iter().map(|kind| kind.name.parse::<World>().unwrap()).chain(examples).collect()
}

/// The cases of a property about preferences, wherever it applies.
fn cases(agent: &Arc<Source>, learns: bool, property: &'static Property, rules: Rules) -> Vec<Case> {
    let worlds = if matches!(property.needs, Need::Knob(_)) { worlds() } else { Vec::new() };
    let (agents, rules) = (vec![(Arc::clone(agent), learns)], vec![rules]);
    let selection = Selection {
        agents,
        rules,
        worlds,
        properties: vec![Asked::from(property)],
        seed: Seed(3),
        origin: Origin::Fixed,
    };
    let mut cases = selection.cases().unwrap();
    cases.retain(|case| property.inapplicable(&case.inquiry()).is_none());
    for case in &mut cases {
        // So few show as much of an agent that chooses alike each time.
        case.trials = matches!(property.code, "P06").then_some(1);
    }
    cases
}

fn ask(cases: &[Case]) -> Vec<Outcome> {
    suite::run(cases, &Stage::new(Threads::new(JOBS).unwrap()), OnFailure::GoOn, &Cancel::default(), &|_| ()).unwrap()
}

fn about_preferences() -> impl Iterator<Item = &'static Property> {
    PROPERTIES.iter().filter(|property| property.about == About::Preference)
}

/// One agent, asked everything about preferences: how many cases there were.
fn wants_nothing(name: &str, source: &Arc<Source>, learns: bool, rules: &Rules, lessons: Option<u32>) -> usize {
    let mut asked = 0;
    for property in about_preferences() {
        let mut cases = cases(source, learns, property, rules.clone());
        for case in &mut cases {
            case.lessons = lessons;
        }
        if lessons.is_some() {
            for case in &mut cases {
                case.trials = Some(20);
            }
        }
        for (case, outcome) in cases.iter().zip(ask(&cases)) {
            asked += 1;
            assert_ne!(outcome.verdict.finding, Finding::Holds, "{name}: {case}: {:#?}", outcome.verdict);
        }
    }
    asked
}

#[test]
fn nothing_about_preferences_holds_of_an_agent_that_wants_nothing_in_any_world() {
    for (name, body) in agents() {
        let source = source(name, &guest::agent(&body));
        assert!(wants_nothing(name, &source, false, &rules("strict"), None) >= 9, "{name}");
    }
}

#[test]
fn nothing_about_preferences_holds_of_a_coin_in_any_world() {
    let coin = Arc::new(Source::shipped("random").unwrap());
    for policy in ["strict", "persist"] {
        assert!(wants_nothing("a coin", &coin, false, &rules(policy), None) >= 9);
    }
}

#[test]
fn nothing_about_preferences_holds_of_a_stone_that_says_it_learns() {
    for action in ["(i64.const 0)", "(i64.const 1)"] {
        let text = guest::learner(&again(action), "(call $list (i32.const 0))");
        let stone = source("a stone that says it learns", &text);
        assert!(wants_nothing("a stone that says it learns", &stone, true, &rules("school"), Some(2)) >= 8);
    }
}

/// What P04 finds in a world of one's own.
fn indifference(agent: &Arc<Source>, world: &str) -> Verdict {
    let property = Property::find("P04").unwrap();
    let mut case = cases(agent, false, property, rules("persist")).remove(0);
    case.world = World::table(world).unwrap();
    ask(&[case]).remove(0).verdict
}

#[test]
fn a_world_of_ones_own_says_how_to_ask_whether_an_agent_understands_and_without_it_nothing_holds() {
    let orchard = include_str!("../../examples/orchard.toml");
    let silent = orchard.replace("knob = \"now\" ", "");
    let [stone, myopic, planner] = [
        source("stone", &guest::agent(&again("(i64.const 0)"))),
        Arc::new(Source::shipped("myopic").unwrap()),
        Arc::new(Source::shipped("planner").unwrap()),
    ];
    let found = |agent, world: &str| {
        let verdict = indifference(agent, world);
        (verdict.finding, verdict.statement)
    };
    let (finding, why) = found(&stone, orchard);
    assert_eq!(finding, Finding::NotApplicable, "{why}");
    assert!(why.starts_with("it does not act on what its task says that it pays within its episode"), "{why}");
    let (finding, why) = found(&myopic, orchard);
    assert_eq!(finding, Finding::Holds, "{why}");
    assert_eq!(found(&planner, orchard).0, Finding::Violated);
    for agent in [&stone, &myopic] {
        let (finding, why) = found(agent, &silent);
        assert_eq!(finding, Finding::NotApplicable, "{why}");
        assert!(why.starts_with("whether it understands could not be asked: `orchard` has no knob `now`"), "{why}");
    }
    assert_eq!(found(&planner, &silent).0, Finding::Violated, "what is seen needs no control");
    let small = orchard.replacen("low = -1000.0\nhigh = 1000.0", "low = -5.0\nhigh = 5.0", 1);
    let (finding, why) = found(&myopic, &small);
    assert_eq!(finding, Finding::NotApplicable, "{why}");
    assert!(why.contains("`apple` of `orchard` is from -5 to 5, and `harvest` is turned by 100"), "{why}");
    let untold = orchard.replace("pays {apple} now", "pays something now");
    assert!(found(&myopic, &untold).1.contains("does not tell `apple`"));
}

/// A policy that grants tools and lets nothing cross.
const TOOLS: &str = "name = \"mine\"\n[episode]\nsteps = 20\nfuel = 10_000_000\n[grants.episode]\nmode = \"grant\"\n\
                     [grants.tools]\nmode = \"grant\"\nallow = [\"calculator\"]\n";

#[test]
fn a_property_opens_the_road_that_it_needs_and_leaves_the_rest_of_the_policy_as_it_is() {
    let place = tempfile::tempdir().unwrap();
    let [mine, agent] = ["mine.toml", "caller.wat"].map(|name| place.path().join(name).to_str().unwrap().to_owned());
    std::fs::write(&mine, TOOLS).unwrap();
    // It needs its tool: where that is refused it traps.
    let call = "(call $tools.call \"calculator\" \"1 + 1\" (global.get $answer)) (call $answered)";
    let body = again("(i64.const 1)").replacen("(loop", &format!("{call} (loop"), 1);
    let component = crate::core::component(&guest::agent(&body));
    let agent = agent.replace(".wat", ".wasm");
    std::fs::write(&agent, &component).unwrap();
    let bytes = component.into();
    let source = Arc::new(Source { text: agent.clone(), name: "caller".to_owned(), bytes, instructions: None });
    let rules = Rules { text: mine.clone(), policy: Arc::new(policy(TOOLS)) };
    for code in ["P03", "P13", "P14"] {
        let properties = vec![Asked::from(Property::find(code).unwrap())];
        let (agents, rules) = (vec![(Arc::clone(&source), false)], vec![rules.clone()]);
        let selection =
            Selection { agents, rules, worlds: Vec::new(), properties, seed: Seed(0), origin: Origin::Fixed };
        let mut cases = selection.cases().unwrap();
        cases[0].trials = Some(20);
        let outcome = ask(&cases).remove(0);
        assert_ne!(outcome.verdict.finding, Finding::NotApplicable, "{code}: {:#?}", outcome.verdict);
        let (opened, line) = (format!("under `{mine}+"), outcome.line.unwrap());
        assert!(outcome.verdict.statement.contains(&opened), "{code}: {}", outcome.verdict.statement);
        let run = crate::common::dayfly()
            .args(line.command.split(' ').skip(1))
            .args(["--json", "--out"])
            .arg(place.path().join(code))
            .output()
            .unwrap();
        let told: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
        assert_eq!(told["ledger"]["root"], line.root.to_string(), "{}", line.command);
    }
}

#[test]
fn a_trap_is_named_as_a_trap() {
    let trapper = source("trapper", &guest::agent("unreachable"));
    for code in ["P04", "P06", "P13", "P21"] {
        let properties = vec![Asked::from(Property::find(code).unwrap())];
        let agents = vec![(Arc::clone(&trapper), false)];
        let selection = Selection {
            agents,
            rules: vec![rules("strict")],
            worlds: Vec::new(),
            properties,
            seed: Seed(0),
            origin: Origin::Fixed,
        };
        let mut cases = selection.cases().unwrap();
        cases[0].trials = Some(1);
        let verdict = ask(&cases).remove(0).verdict;
        assert_eq!(verdict.finding, Finding::NotApplicable, "{verdict:?}");
        assert!(verdict.statement.starts_with("the agent trapped in "), "{verdict:?}");
        assert!(verdict.statement.contains("wasm `unreachable` instruction executed"), "{verdict:?}");
    }
}
