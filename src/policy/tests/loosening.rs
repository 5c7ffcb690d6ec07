//! A policy that is based on another one may loosen it, and what it loosens is found.

use super::super::{KeyDifference, Relation, SourceFile, compare};
use super::{Policy, least, load};

/// Loads a policy that is based on `parent.toml`, and its base.
fn load_on(parent: &str, text: &str) -> (Policy, Policy) {
    let child = SourceFile::user("child.toml", format!("based-on = \"parent.toml\"\n{text}"));
    let resolve = |name: &str, _: &SourceFile| Ok((name == "parent.toml").then(|| SourceFile::user(name, parent)));
    let (policy, base) = Policy::load_with_base(&child, &resolve).unwrap();
    (policy, base.unwrap().policy)
}

/// Returns the keys that differ, with the relation at each.
fn found(one: &Policy, other: &Policy) -> Vec<(String, Relation)> {
    compare(one, other).into_iter().map(|difference| (difference.key, difference.side)).collect()
}

#[test]
fn every_key_can_be_loosened_and_each_is_found() {
    let (tight, loose) = (super::tightening::tight(), super::tightening::loose());
    let (mut policy, base) =
        load_on(&tight, &loose.replace("[isolation]", "[violations]\ndefault = 'record'\n[isolation]"));
    let looser = found(&policy, &base);
    assert!(looser.iter().all(|(_, side)| *side == Relation::Looser), "{looser:?}");
    // Every key of the effective policy but its name and the one signal that there is, the two of
    // the grace apart.
    let keys = policy.effective().lines().filter(|line| line.contains(" = ")).count() - 2 + 1;
    assert_eq!(looser.len(), keys, "{looser:?}");
    policy.name = "test".to_owned();
    assert_eq!(policy, load(&loose).unwrap());
    assert!(found(&base, &policy).iter().all(|(_, side)| *side == Relation::Tighter));
}

#[test]
fn what_is_not_written_is_as_in_the_base() {
    let (policy, base) = load_on(&least("[grants.tools]\nmode = 'deny'\n"), "");
    assert_eq!(compare(&policy, &base), []);
    let (policy, base) = load_on(&least("[grants.tools]\nmode = 'deny'\n"), "[episode]\nsteps = 150\nwall = '5s'\n");
    let expected = |key: &str, one: &str, other: &str, side, times| KeyDifference {
        key: key.to_owned(),
        one: Some(one.to_owned()),
        other: Some(other.to_owned()),
        side,
        times: Some(times),
    };
    let steps = expected("episode.steps", "150", "100", Relation::Looser, 1.5);
    let wall = expected("episode.wall", "\"5s\"", "\"10s\"", Relation::Tighter, 0.5);
    assert_eq!(compare(&policy, &base), [steps, wall]);
}

#[test]
fn a_grant_that_the_base_lacks_is_looser_and_one_line() {
    let (policy, base) = load_on(&least(""), "[grants.tools]\nmode = 'deny'\n");
    assert_eq!(found(&policy, &base), [("grants.tools.mode".to_owned(), Relation::Looser)]);
    assert_eq!(found(&base, &policy), [("grants.tools.mode".to_owned(), Relation::Tighter)]);
}

#[test]
fn rules_of_the_base_hold_until_there_are_others() {
    let rule = |name: &str| format!("[[rules]]\ncapability = 'tools'\nname = '{name}'\ndecision = 'deny'\n");
    let parent = least(&format!("[grants.tools]\nmode = 'grant'\nallow = ['search']\n{}", rule("search")));
    let rules = |policy: &Policy| policy.grants["tools"].warrant.rules.len();
    assert_eq!(rules(&load_on(&parent, "").0), 1);
    assert_eq!(rules(&load_on(&parent, "rules = []\n").0), 0);
    let (policy, base) = load_on(&parent, &rule("calculator"));
    assert_eq!(rules(&policy), 1);
    // A rule tightens: one more is tighter, one fewer looser.
    let key = "rules".to_owned();
    assert_eq!(found(&policy, &base), [(key.clone(), Relation::Tighter), (key, Relation::Looser)]);
}

#[test]
fn what_stands_beside_each_other_is_neither_tighter_nor_looser() {
    let with = |violation: &str| load(&least(&format!("[violations]\ndefault = '{violation}'\n"))).unwrap();
    assert!(found(&with("end"), &with("fail")).iter().all(|(_, side)| *side == Relation::Otherwise));
}

#[test]
fn a_policy_is_laid_over_one_alone() {
    let invalid = load("extends = 'strict'\nbased-on = 'strict'\n").unwrap_err();
    assert_eq!(invalid.faults[0].message, "`extends` and `based-on` are both there");
}

#[test]
fn what_extends_a_loosened_policy_only_tightens_it() {
    let resolve = |name: &str, _: &SourceFile| {
        Ok((name == "mine.toml").then(|| SourceFile::user(name, "based-on = 'strict'\n[episode]\nsteps = 500\n")))
    };
    let over = |steps: u32| {
        let text = format!("extends = 'mine.toml'\n[episode]\nsteps = {steps}\n");
        Policy::load_with_base(&SourceFile::user("child.toml", text), &resolve)
    };
    assert!(over(500).unwrap().1.is_none(), "it has no base of its own");
    assert_eq!(over(501).unwrap_err().faults[0].message, "`episode.steps` is looser than in `mine.toml`");
}

#[test]
fn the_policy_with_tools_loosens_strict_by_them_alone() {
    let load = |name: &str| Policy::shipped(name).unwrap();
    let looser = found(&load("tools"), &load("strict"));
    assert_eq!(
        looser.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(),
        ["grants.tools.mode", "grants.tools.allow"]
    );
}
