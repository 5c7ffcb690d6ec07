//! Properties of all policies: an effective policy loads as the same policy, and an extending one
//! is no looser.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::super::Policy;
use super::{load, load_over};
use crate::capability::{CAPABILITIES, Tools};
use crate::gate::LimitKind;
use crate::transcript::{Class, Detail};

/// Source of numbers that decide which keys are written. Once it is used up, no more keys are
/// written.
struct Dice(std::vec::IntoIter<u16>);

impl Dice {
    fn below(&mut self, bound: u16) -> u16 {
        self.0.next().unwrap_or(0) % bound
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[usize::from(self.below(u16::try_from(of.len()).unwrap()))]
    }

    /// Writes a key with a chance of 1 in `of`.
    fn line(&mut self, text: &mut String, key: &str, of: u16, value: impl FnOnce(&mut Self) -> String) {
        if self.below(of) + 1 == of {
            let value = value(self);
            writeln!(text, "{key} = {value}").unwrap();
        }
    }

    fn size(&mut self) -> String {
        format!("\"{} {}\"", 64 + self.below(3) * 64, self.one(&["KiB", "KiB", "MiB"]))
    }

    fn set(&mut self, of: &[&str]) -> String {
        let chosen: Vec<String> = of.iter().filter(|_| self.below(2) == 1).map(|name| format!("{name:?}")).collect();
        format!("[{}]", chosen.join(", "))
    }
}

/// Writes a policy. Each key is written with a chance of 1 in `of`, and each key without a default
/// with 1 in `needed`.
fn text(dice: &mut Dice, of: u16, needed: u16) -> String {
    let mut text = String::new();
    dice.line(&mut text, "name", 2, |dice| dice.one(&["\"a\"", "\"b \\\"\\\\ é\"", "'c'"]).into());
    text.push_str("[episode]\n");
    dice.line(&mut text, "steps", needed, |dice| format!("{}", 1 + dice.below(9)));
    dice.line(&mut text, "fuel", needed, |dice| format!("{}", 1_000_000 * (1 + u64::from(dice.below(3)))));
    dice.line(&mut text, "wall", of, |dice| format!("\"{}{}\"", 1 + dice.below(2000), dice.one(&["ms", "s"])));
    dice.line(&mut text, "memory", of, Dice::size);
    dice.line(&mut text, "table-elements", of, |dice| format!("{}", 1 + dice.below(9)));
    dice.line(&mut text, "call-bytes", of, Dice::size);
    dice.line(&mut text, "ends-on", of, |dice| dice.set(&["release"]));
    dice.line(&mut text, "trapped", of, |dice| dice.one(&["\"record\"", "\"fail\""]).into());
    dice.line(&mut text, "grace.fuel", of, |dice| format!("{}", dice.below(3)));
    dice.line(&mut text, "grace.records", of, |dice| format!("{}", dice.below(3)));
    text.push_str("[objective]\n");
    dice.line(&mut text, "horizon", of, |dice| dice.one(&["\"episode\"", "1", "2", "12345"]).into());
    dice.line(&mut text, "discount", of, |dice| dice.one(&["0", "1", "0.5", "1e-9", "-0.0", "0.1"]).into());
    dice.line(&mut text, "reveal", of, |dice| dice.set(&["reward", "step", "limits"]));
    text.push_str("[boundary]\n");
    let crossing = ["\"persist\"", "\"persist\"\nswap = \"rotate\"", "\"reset\"\nswap = \"none\""];
    dice.line(&mut text, "environment", of, |dice| dice.one(&crossing).into());
    let population = dice.below(of) + 1 == of;
    let carries = ["\"1 B\"", "\"1000 B\"", "\"3 KiB\"", "\"0 B\""];
    let carries = if population { &carries[..3] } else { &carries };
    dice.line(&mut text, "carry", if population { 1 } else { of }, |dice| dice.one(carries).into());
    dice.line(&mut text, "learn-fuel", of, |dice| format!("{}", 1 + dice.below(3)));
    if population {
        text.push_str("[population]\n");
        dice.line(&mut text, "size", needed, |dice| format!("{}", 5 + dice.below(9)));
        dice.line(&mut text, "interval", needed, |dice| format!("{}", 1 + dice.below(3)));
        dice.line(&mut text, "share", of, |dice| dice.one(&["0", "0.25", "0.5"]).into());
    }
    text.push_str("[isolation]\n");
    dice.line(&mut text, "process", of, |dice| dice.one(&["\"optional\"", "\"required\""]).into());
    dice.line(&mut text, "parts", of, |dice| dice.set(&["limits", "landlock", "seccomp"]));
    text.push_str("[record]\n");
    dice.line(&mut text, "steps", of, |dice| dice.one(&["\"digest\"", "\"full\""]).into());
    dice.line(&mut text, "entries", of, |dice| format!("{}", 1 + dice.below(3)));
    text.push_str("[violations]\n");
    let consequences = ["\"record\"", "\"end\"", "\"quarantine\"", "\"fail\""];
    for key in ["default"].into_iter().chain(Class::ALL.map(Class::name)) {
        dice.line(&mut text, key, of * 3, |dice| dice.one(&consequences).into());
    }
    for capability in CAPABILITIES.iter().filter(|_| dice.below(of) == 1).collect::<Vec<_>>() {
        let mode = dice.one(&["grant", "grant", "tripwire", "deny"]);
        writeln!(text, "[grants.{}]\nmode = \"{mode}\"", capability.name).unwrap();
        for limit in capability.limits {
            dice.line(&mut text, limit.name, of, |dice| match limit.kind {
                LimitKind::Count { .. } => format!("{}", dice.below(9)),
                LimitKind::Size { .. } => format!("\"{} KiB\"", dice.below(20)),
                LimitKind::Names => dice.set(&Tools::builtin().names()),
            });
        }
        for _ in 0..dice.below(3) {
            writeln!(text, "[[rules]]\ncapability = \"{}\"", capability.name).unwrap();
            let operations: Vec<String> = capability.operations.iter().map(|one| format!("{:?}", one.name)).collect();
            let operations: Vec<&str> = operations.iter().map(String::as_str).collect();
            dice.line(&mut text, "operation", 2, |dice| dice.one(&operations).into());
            let names: &[&str] = match capability.name {
                "tools" => &["'search'", "'calculator'"],
                _ => &["'search'", "'a/\"b'", "'c\\d'"],
            };
            dice.line(&mut text, "name", 2, |dice| dice.one(names).into());
            dice.line(&mut text, "after-step", 2, |dice| format!("{}", dice.below(4)));
            dice.line(&mut text, "before-step", 2, |dice| format!("{}", 5 + dice.below(4)));
            writeln!(text, "decision = {}", dice.one(&["\"deny\"", "\"tripwire\""])).unwrap();
        }
    }
    text
}

fn numbers(policy: &Policy) -> Vec<u64> {
    let Policy { episode, boundary, record, .. } = policy;
    let wall = u64::try_from(episode.wall.as_millis()).unwrap();
    vec![
        episode.steps.into(),
        episode.fuel,
        wall,
        episode.memory,
        episode.table_elements.into(),
        episode.call_bytes,
        episode.grace_fuel,
        boundary.carry,
        boundary.learn_fuel,
        record.entries.into(),
        record.grace.into(),
    ]
}

/// Returns `true` if `child` allows nothing that `parent` does not allow.
fn no_looser(child: &Policy, parent: &Policy) -> bool {
    let decisions = CAPABILITIES.iter().all(|capability| {
        let (child, parent) = (child.grants.get(capability.name), parent.grants.get(capability.name));
        let Some(child) = child else { return parent.is_none() };
        let Some(parent) = parent else { return false };
        let limits = child.grant.numbers.iter().zip(&parent.grant.numbers).all(|(own, most)| own <= most)
            && child.grant.names.iter().all(|name| parent.grant.names.contains(name));
        limits
            && capability.operations.iter().all(|operation| {
                [None, Some("search"), Some("a/\"b"), Some("x")].into_iter().all(|name| {
                    (0..10).all(|step| {
                        child.warrant.decide(*operation, name, step).0
                            <= parent.warrant.decide(*operation, name, step).0
                    })
                })
            })
    });
    decisions
        && numbers(child).iter().zip(numbers(parent)).all(|(own, most)| *own <= most)
        && child.objective.discount <= parent.objective.discount
        && child.population.is_none_or(|own| {
            parent
                .population
                .is_some_and(|most| own.size <= most.size && own.interval >= most.interval && own.share <= most.share)
        })
        && (child.record.steps == Detail::Full || parent.record.steps == Detail::Digest)
}

fn dice() -> impl Strategy<Value = Dice> {
    prop::collection::vec(any::<u16>(), 200).prop_map(|numbers| Dice(numbers.into_iter()))
}

impl std::fmt::Debug for Dice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Dice")
    }
}

proptest! {
    #[test]
    fn the_effective_policy_loads_as_the_same_policy(mut dice in dice()) {
        let text = text(&mut dice, 2, 1);
        let policy = load(&text).map_err(|invalid| TestCaseError::fail(format!("{invalid}\n{text}")))?;
        let effective = policy.effective();
        let again = load(&effective).map_err(|invalid| TestCaseError::fail(format!("{invalid}\n{effective}")))?;
        prop_assert_eq!(&again, &policy, "{}", effective);
        prop_assert_eq!(again.effective(), effective);
        prop_assert_eq!(again.digest(), policy.digest());
    }

    #[test]
    fn a_policy_is_no_looser_than_the_one_that_it_extends(mut parent in dice(), mut child in dice()) {
        let (parent, child) = (text(&mut parent, 2, 1), text(&mut child, 9, 9));
        let policy = load(&parent).map_err(|invalid| TestCaseError::fail(format!("{invalid}\n{parent}")))?;
        // A refused policy is not checked.
        if let Ok(extended) = load_over(&parent, &child) {
            prop_assert!(no_looser(&extended, &policy), "{}\n---\n{}", parent, child);
        }
    }
}

#[test]
fn what_means_the_same_has_the_same_digest() {
    let one = "
        [episode]
        steps = 0x10
        fuel = 2000000
        wall = '60s'
        memory = '1024 KiB'
        [objective]
        discount = -0.0
        reveal = ['limits', 'reward']
        [grants.tools]
        mode = 'deny'
        allow = ['search', 'calculator']
        [grants.clock]
        mode = 'deny'
    ";
    let other = "
        grants.clock.mode = 'deny'
        grants.tools = { allow = ['calculator', 'search'], mode = 'deny' }
        objective = { reveal = ['reward', 'limits'], discount = 0 }
        [episode]
        grace = { fuel = 1_000_000, records = 64 }
        memory = '1 MiB'
        wall = '1m'
        fuel = 2_000_000
        steps = 16
    ";
    assert_eq!(load(one).unwrap().digest(), load(other).unwrap().digest());
    assert_ne!(load(one).unwrap().digest(), load(&one.replace("60s", "61s")).unwrap().digest());
}
