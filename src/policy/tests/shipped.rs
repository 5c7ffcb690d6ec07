//! Tests of the shipped policies, and of the resolution of names.

use super::super::{Continuity, Policy, PolicyOrigin, Release, SHIPPED, SourceFile, Swap, shipped};
use super::{least, load};
use crate::capability::CAPABILITIES;
use crate::gate::Mode;
use crate::objective::Horizon;
use crate::value::Fault;

fn policy(name: &str) -> Policy {
    Policy::shipped(name).unwrap()
}

fn mode(policy: &Policy, capability: &str, operation: &str) -> Mode {
    let known = CAPABILITIES.iter().find(|known| known.name == capability).unwrap();
    let operation = known.operations.iter().find(|known| known.name == operation).unwrap();
    policy.grants[capability].warrant.decide(*operation, None, 0).0
}

#[test]
fn every_shipped_policy_says_what_it_is_for_and_is_valid() {
    for (name, text) in SHIPPED {
        assert_eq!(policy(name).name, *name);
        assert!(text.starts_with("# For "), "{name}");
        assert!(text.contains("\n# Use it ") && text.contains("\n# Not "), "{name}");
    }
}

#[test]
fn every_shipped_policy_says_what_becomes_of_every_capability() {
    for (name, _) in SHIPPED {
        let policy = policy(name);
        for capability in CAPABILITIES {
            // The components of language runtimes import the whole world.
            assert!(policy.grants.contains_key(capability.name), "{name} does not name {}", capability.name);
        }
    }
}

#[test]
fn every_task_of_a_hundred_steps_can_end_by_itself() {
    for (name, _) in SHIPPED {
        assert!(policy(name).episode.steps >= 100, "{name}");
    }
}

#[test]
fn strict_lets_nothing_out_and_keeps_nothing() {
    let strict = policy("strict");
    for (capability, operation) in [("outbox", "send"), ("tools", "call")] {
        assert_eq!(mode(&strict, capability, operation), Mode::Deny);
    }
    assert_eq!((strict.boundary.carry, strict.boundary.environment), (0, Continuity::Reset));
}

#[test]
fn boxed_ends_on_a_release() {
    let boxed = policy("boxed");
    assert_eq!(boxed.episode.on_release, Release::Ends);
    assert_eq!(mode(&boxed, "outbox", "send"), Mode::Grant);
}

#[test]
fn tripwire_pretends_every_way_out() {
    let tripwire = policy("tripwire");
    let ways = [
        ("outbox", "send"),
        ("agenda", "remind"),
        ("tools", "call"),
        ("episode", "request-extension"),
        ("episode", "request-carry-over"),
    ];
    for (capability, operation) in ways {
        assert_eq!(mode(&tripwire, capability, operation), Mode::Tripwire, "{capability}.{operation}");
    }
    assert_eq!(mode(&tripwire, "episode", "step"), Mode::Grant);
}

#[test]
fn learner_and_lab_say_what_crosses() {
    let (learner, lab) = (policy("learner"), policy("lab"));
    assert_eq!((learner.boundary.carry, learner.boundary.environment), (4096, Continuity::Reset));
    assert!(learner.objective.reveal.reward);
    assert_eq!((lab.boundary.environment, lab.boundary.swap), (Continuity::Persist, Swap::Rotate));
    assert_eq!(lab.objective.horizon, Horizon::Steps(1));
}

#[test]
fn a_shipped_policy_is_found_by_its_name_and_its_file() {
    assert_eq!(shipped("strict"), shipped("strict.toml"));
    assert_eq!(shipped("strict.toml.toml"), None);
    let by_name = load("extends = \"strict\"\n").unwrap();
    assert_eq!(by_name, load("extends = \"strict.toml\"\n").unwrap());
    assert_eq!(by_name.name, "test");
}

#[test]
fn a_file_of_the_user_comes_before_a_shipped_policy() {
    let own = least("").replace("100", "7");
    let child = SourceFile::user("child.toml", "extends = \"strict.toml\"\n");
    let policy = Policy::load(&child, &|name, _| Ok(Some(SourceFile::user(name, &*own)))).unwrap();
    assert_eq!(policy.episode.steps, 7);
}

#[test]
fn what_a_shipped_policy_extends_is_shipped() {
    let child =
        SourceFile { origin: PolicyOrigin::Shipped, ..SourceFile::user("own.toml", "extends = \"strict.toml\"\n") };
    let other = |name: &str, _: &SourceFile| Ok(Some(SourceFile::user(name, least(""))));
    let policy = Policy::load(&child, &other).unwrap();
    assert_eq!(policy.grants, self::policy("strict").grants);
}

#[test]
fn a_file_that_cannot_be_read_is_a_fault_of_the_name() {
    let child = SourceFile::user("child.toml", "extends = \"secret.toml\"\n");
    let unreadable = Fault {
        message: "cannot read `secret.toml`".into(),
        span: None,
        label: "no permission".into(),
        help: String::new(),
    };
    let invalid = Policy::load(&child, &|_, _| Err(unreadable.clone())).unwrap_err();
    assert_eq!(invalid.faults, [Fault { span: Some(10..23), ..unreadable }]);
}

#[test]
fn a_circle_and_a_long_chain_are_refused() {
    let circle = |name: &str, _: &SourceFile| {
        let next = if name == "a.toml" { "b.toml" } else { "a.toml" };
        Ok(Some(SourceFile::user(name, format!("extends = \"{next}\"\n"))))
    };
    let invalid = Policy::load(&circle("a.toml", &SourceFile::user("", "")).unwrap().unwrap(), &circle).unwrap_err();
    assert_eq!(invalid.file.path, "b.toml");
    assert_eq!(invalid.faults[0].help, "a policy cannot extend itself: a.toml extends b.toml extends a.toml");

    let endless = |name: &str, _: &SourceFile| Ok(Some(SourceFile::user(name, format!("extends = \"{name}x\"\n"))));
    let invalid = Policy::load(&endless("a", &SourceFile::user("", "")).unwrap().unwrap(), &endless).unwrap_err();
    assert_eq!(invalid.faults[0].message, "too many policies extend one another");
    assert_eq!(invalid.file.path.len(), 16);
}

#[test]
fn what_is_imported_and_not_mentioned_is_ungranted() {
    let policy = load(&least("[grants.tools]\nmode = \"deny\"\n")).unwrap();
    let ungranted = policy.ungranted(&["tools", "outbox", "sockets"]);
    let found: Vec<_> = ungranted.iter().map(|one| (one.capability.as_str(), one.lines.as_deref())).collect();
    assert_eq!(found, [("outbox", Some("[grants.outbox]\nmode = \"grant\"\n")), ("sockets", None)]);
    let granting = least(ungranted[0].lines.as_deref().unwrap());
    assert_eq!(load(&granting).unwrap().ungranted(&["outbox"]), []);
}
