//! From TOML to a chart that is known to be whole.
//!
//! 1. The time that it takes grows with the text and no faster: names are looked up and never searched for.
//! 2. Where something is wrong, the rest is read all the same; what only follows from a fault is not said.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::super::KINDS;
use super::bounds::Bound;
use super::chart::{Amount, Branch, Chart, State};
use super::faults::Faults;
use super::fields::{Fields, Item, SpannedKey, count, fault, flag, is_plain, list, text};
use super::index::NameIndex;
use super::knobs::{KnobUse, TableParameters};
use crate::value::{Fault, hint, parse_toml};

/// Keys of a world, in the order in which they are best written.
pub(super) const WORLD: &[&str] = &["name", "task", "start", "actions", "steps", "persist", "parameters", "states"];

/// Keys of an outcome.
pub(super) const OUTCOME: &[&str] = &["to", "reward", "hidden", "p"];

/// Key of a state that ends the episode.
const TERMINAL: &str = "terminal";

/// Key of a state in which an episode can leave something for the next one.
const DUE: &str = "due";

/// Tolerance for the sum of the probabilities of an action.
const ROUNDING: f64 = 1e-9;

/// Maximum number of bytes in the name of a world.
const NAME: usize = 64;

/// Returns `true` if a text looks like a table, valid or not: it has only keys of a table, and one
/// is `states`.
pub(super) fn is_one(toml: &str) -> bool {
    let Ok(document) = DeTable::parse(toml) else { return false };
    let mut keys = document.get_ref().keys();
    keys.all(|key| WORLD.contains(&key.get_ref().as_ref())) && document.get_ref().get("states").is_some()
}

/// Reads a table that a user wrote.
pub(super) fn written(toml: &str) -> Result<Chart, Vec<Fault>> {
    Bound::Bytes.admit(toml.len(), || None).map_err(|fault| vec![fault])?;
    chart(toml)
}

/// Reads a table. Canonical text may be longer than the text of a user.
pub(super) fn chart(toml: &str) -> Result<Chart, Vec<Fault>> {
    let (document, errors) = parse_toml(toml);
    let faults = Faults::default();
    for error in &errors {
        let message = format!("this is not TOML: {}", error.message());
        faults.push(Fault { message, span: error.span(), label: String::new(), help: String::new() });
    }
    let chart = if errors.is_empty() { read(document.get_ref(), &faults) } else { None };
    faults.settle(chart)
}

/// Read the world that the table is; nothing where something is wrong with it, which is kept.
fn read(table: &DeTable<'_>, faults: &Faults) -> Option<Chart> {
    let world = Fields::of_text(table).only(WORLD, faults);
    let name = world.need("name", faults).and_then(|item| faults.keep(name(item)));
    let told = world.need("task", faults).and_then(|item| Some((item, faults.keep(task(item))?)));
    let start = world.need("start", faults);
    let actions = world.need("actions", faults).and_then(|item| actions(item, faults));
    let mut parameters =
        world.get("parameters").map_or_else(TableParameters::default, |item| TableParameters::read(item, faults));
    let steps = world.get("steps").map_or(Some(None), |item| faults.keep(steps(item, &mut parameters)).map(Some));
    let persist = world.get("persist").map_or(Some(false), |item| faults.keep(flag(item, "`persist`")));
    let states = world.need("states", faults).and_then(|item| faults.keep(Fields::of(item, "`states`".to_owned())))?;
    let is_whole = actions.is_some();
    let names = DeclaredNames::new(states.keys(), actions.unwrap_or_default(), parameters, persist, faults)?;
    let first = start.and_then(|item| Some((item, faults.keep(names.state(item, "`start`"))?)));
    // Without its actions nothing can be said of a state.
    let described: Vec<Option<State>> =
        if is_whole { names.order.iter().map(|key| names.describe(&states, key)).collect() } else { Vec::new() };
    if let Some((item, task)) = told {
        names.parameters.all_told(item, task, faults);
        if is_whole && !faults.is_full() {
            names.parameters.all_stand(task, faults);
        }
    }
    if let Some((item, first)) = first
        && let Some(Some(state)) = described.get(first)
    {
        begins(state, item, faults);
    }
    let states: Option<Vec<State>> = described.into_iter().collect();
    let (task, actions) = (told?.1.to_owned(), names.actions.iter().map(|action| (*action).to_owned()).collect());
    let (parameters, start) = (names.parameters.declared, first?.1);
    let (told, name, steps, persist, states) = (String::new(), name?, steps?, persist?, states?);
    Some(Chart { name, task, told, actions, start, steps, persist, parameters, states }.tell())
}

/// Refuse a state in which no first episode begins.
fn begins(state: &State, start: Item<'_>, faults: &Faults) {
    if state.ways.is_empty() {
        let message = "an episode cannot begin in a terminal state".to_owned();
        faults.push(fault(message, start.span(), "this state is terminal", String::new()));
    }
    if state.due != Amount::Fixed(0.0) {
        let message = "the first episode begins in this state, and no earlier one left anything due".to_owned();
        let help = format!("begin in a state without `{DUE}`");
        faults.push(fault(message, start.span(), &format!("this state has a `{DUE}`"), help));
    }
}

/// The task.
fn task(item: Item<'_>) -> Result<&str, Fault> {
    let task = text(item, "`task`")?;
    Bound::Task.admit(task.len(), || Some(item.span()))?;
    Ok(task)
}

/// Reads the step limit.
fn steps(item: Item<'_>, parameters: &mut TableParameters) -> Result<Amount, Fault> {
    if item.get_ref().is_str() {
        parameters.steps(item)
    } else {
        count(item, "`steps`").map(|steps| Amount::Fixed(steps.into()))
    }
}

/// Reads the name of the world, which is also its name in records.
fn name(item: Item<'_>) -> Result<String, Fault> {
    let name = text(item, "`name`")?;
    if name.len() > NAME || !is_plain(name) {
        let help = format!("use 1 to {NAME} letters, digits, `-` and `_`");
        return Err(fault(format!("`{name}` is no name for a world"), item.span(), "", help));
    }
    if KINDS.iter().any(|kind| kind.name == name) {
        let message = format!("`{name}` is the name of a built-in environment");
        return Err(fault(message, item.span(), "", "choose another name".to_owned()));
    }
    Ok(name.to_owned())
}

/// The names of the actions: at least one, each once; nothing where one of them is not known.
fn actions<'t>(item: Item<'t>, faults: &Faults) -> Option<Vec<&'t str>> {
    let (mut names, mut seen) = (Vec::new(), BTreeSet::new());
    let all = faults.keep(list(item, "`actions`"))?;
    if all.is_empty() {
        faults.push(fault("a world has at least one action".to_owned(), item.span(), "", String::new()));
        return None;
    }
    let read: Vec<Option<&str>> = all.iter().map(|item| faults.keep(text(item, "an action"))).collect();
    for (item, name) in all.iter().zip(&read) {
        let Some(name) = *name else { continue };
        faults.keep(Bound::Name.admit(name.len(), || Some(item.span())));
        faults.keep_or_end(Bound::Actions.admit(names.len() + 1, || Some(item.span())))?;
        if let Some(key) = [TERMINAL, DUE].into_iter().find(|key| *key == name) {
            let message = format!("`{key}` is a key that every state may have");
            faults.push(fault(message, item.span(), "", "choose another name for the action".to_owned()));
        } else if seen.insert(name) {
            names.push(name);
        } else {
            faults.push(fault(format!("action `{name}` is there twice"), item.span(), "", String::new()));
        }
    }
    read.iter().all(Option::is_some).then_some(names)
}

/// Names that the rest of the file refers to.
struct DeclaredNames<'t> {
    faults: &'t Faults,
    /// States, in the order of their headings.
    order: Vec<SpannedKey<'t>>,
    /// Index of each state.
    states: NameIndex<'t>,
    actions: Vec<&'t str>,
    /// Keys that a state may have.
    keys: NameIndex<'t>,
    parameters: TableParameters,
    /// Nothing where it is not known.
    persist: Option<bool>,
    /// Number of outcomes that have been read.
    outcomes: Cell<usize>,
}

impl<'t> DeclaredNames<'t> {
    fn new(
        order: Vec<SpannedKey<'t>>,
        actions: Vec<&'t str>,
        parameters: TableParameters,
        persist: Option<bool>,
        faults: &'t Faults,
    ) -> Option<Self> {
        let most = || order.get(Bound::States.most()).map(|(_, span)| span.clone());
        faults.keep_or_end(Bound::States.admit(order.len(), most))?;
        for (name, span) in &order {
            faults.keep(Bound::Name.admit(name.len(), || Some(span.clone())));
        }
        let states = NameIndex::of(order.iter().map(|(name, _)| *name));
        let keys = NameIndex::of(actions.iter().copied().chain([TERMINAL, DUE]));
        Some(Self { faults, order, states, actions, keys, parameters, persist, outcomes: Cell::new(0) })
    }

    /// Returns the index of the state that `item` names.
    fn state(&self, item: Item<'_>, what: &str) -> Result<usize, Fault> {
        let name = text(item, what)?;
        self.states.place(name).ok_or_else(|| {
            let help = if self.states.is_empty() {
                format!("add `[states.{name}]`")
            } else {
                hint(name, "the states are", self.order.iter().map(|(name, _)| *name))
            };
            fault(format!("there is no state `{name}`"), item.span(), "", help)
        })
    }

    /// Reads the state under a key.
    fn describe(&self, states: &Fields<'_>, (name, key): &SpannedKey<'_>) -> Option<State> {
        if self.faults.is_full() {
            return None;
        }
        let keys = || self.actions.iter().copied().chain([TERMINAL, DUE]);
        let state = self.faults.keep(Fields::of(states.get(name)?, format!("state `{name}`")))?;
        let state = state.only_if(|key| self.keys.has(key), keys, self.faults);
        let terminal = state.get(TERMINAL).map_or(Some(false), |item| self.faults.keep(flag(item, "`terminal`")));
        let due = self.due(&state, name);
        let ways = if terminal? {
            for (action, span) in state.keys().into_iter().filter(|(key, _)| *key != TERMINAL && !state.is_unknown(key))
            {
                let message = format!("`{action}` leads nowhere from the terminal state `{name}`");
                self.faults.push(fault(message, span, "", "remove it, or `terminal = true`".to_owned()));
            }
            Vec::new()
        } else if state.is_misspelt(TERMINAL) {
            return None;
        } else {
            let ways: Vec<_> = self.actions.iter().map(|action| self.way(&state, action, name, key)).collect();
            ways.into_iter().collect::<Option<_>>()?
        };
        Some(State { name: (*name).to_owned(), due: due?, ways })
    }

    /// Reads the amount that an episode leaves when it is cut off in a state.
    fn due(&self, state: &Fields<'_>, name: &str) -> Option<Amount> {
        let Some(item) = state.get(DUE) else { return Some(Amount::Fixed(0.0)) };
        let due = self.faults.keep(self.parameters.amount(item, KnobUse::Due));
        if self.persist == Some(false) {
            let message = format!("nothing can be due in `{name}`: every episode begins at the start");
            let help = "add `persist = true` to the world".to_owned();
            self.faults.push(fault(message, item.span(), "", help));
        }
        due
    }

    /// Reads the outcomes of an action in a state.
    fn way(&self, state: &Fields<'_>, action: &str, name: &str, key: &Range<usize>) -> Option<Vec<Branch>> {
        let Some(item) = state.get(action) else {
            if !state.is_misspelt(action) {
                let message = format!("state `{name}` does not say what `{action}` leads to");
                let help = format!(
                    "add `{action} = {{ to = \"{name}\", reward = 0.0 }}`, or `{TERMINAL} = true` for a state that ends"
                );
                self.faults.push(fault(message, key.clone(), "", help));
            }
            return None;
        };
        let what = format!("`{action}` in `{name}`");
        let outcomes: Vec<Option<Branch>> = match item.get_ref() {
            DeValue::Array(outcomes) => outcomes.iter().map(|item| self.outcome(item, &what)).collect(),
            _ => vec![self.outcome(item, &what)],
        };
        let mut outcomes: Vec<Branch> = outcomes.into_iter().collect::<Option<_>>()?;
        self.faults.keep(self.complete(&mut outcomes, &what, item))?;
        Some(outcomes)
    }

    /// Gives the rest of the probability to the one outcome without any, if that rest is one
    /// number.
    fn complete(&self, outcomes: &mut [Branch], what: &str, item: Item<'_>) -> Result<(), Fault> {
        let fault = |message, help: &str| Err(fault(message, item.span(), "", help.to_owned()));
        let open = outcomes.iter().filter(|outcome| outcome.p.is_none()).count();
        let named = outcomes.iter().any(|outcome| matches!(outcome.p, Some(Amount::Named(_))));
        // The sum is greatest if every parameter is.
        let most: f64 = outcomes.iter().filter_map(|outcome| outcome.p).map(|p| self.most(p)).sum();
        match open {
            0 if named => {
                let message = format!("the probabilities of {what} do not sum to 1 whatever the parameters are");
                fault(message, "leave out `p` of one outcome, which then takes what the others leave")
            }
            0 if (most - 1.0).abs() > ROUNDING => {
                let message = format!("the probabilities of {what} sum to {most}, not to 1");
                fault(message, "an outcome whose `p` is left out takes what the others leave")
            }
            0 => Ok(()),
            1 if most > 1.0 + ROUNDING || (!named && most >= 1.0) => {
                let message = format!("the other probabilities of {what} sum to {most}, which leaves nothing");
                fault(message, "an outcome whose `p` is left out takes what the others leave")
            }
            1 if named => Ok(()),
            1 => {
                if let Some(outcome) = outcomes.iter_mut().find(|outcome| outcome.p.is_none()) {
                    outcome.p = Some(Amount::Fixed(1.0 - most));
                }
                Ok(())
            }
            _ => fault(format!("{open} outcomes of {what} have no `p`"), "leave out `p` of one outcome at most"),
        }
    }

    /// Returns the greatest value of an amount.
    fn most(&self, amount: Amount) -> f64 {
        match amount {
            Amount::Fixed(value) => value,
            Amount::Named(place) => self.parameters.declared.get(place).map_or(0.0, |parameter| parameter.high),
        }
    }

    fn outcome(&self, item: Item<'_>, what: &str) -> Option<Branch> {
        if self.faults.is_full() {
            return None;
        }
        self.outcomes.set(self.outcomes.get().saturating_add(1));
        self.faults.keep_or_end(Bound::Outcomes.admit(self.outcomes.get(), || Some(item.span())))?;
        let outcome = self.faults.keep(Fields::of(item, format!("an outcome of {what}")))?.only(OUTCOME, self.faults);
        let amount = |role: KnobUse| {
            outcome
                .get(role.key())
                .map_or(Some(None), |item| self.faults.keep(self.parameters.amount(item, role)).map(Some))
        };
        let (reward, p, hidden) = (amount(KnobUse::Reward), amount(KnobUse::Probability), amount(KnobUse::Hidden));
        let to = outcome.need("to", self.faults).and_then(|item| self.faults.keep(self.state(item, "`to`")));
        if let Some(Some(Amount::Fixed(p))) = p
            && !(p > 0.0 && p <= 1.0)
        {
            let span = outcome.get("p").map_or_else(|| item.span(), Spanned::span);
            let message = format!("`{p}` is not a probability over 0 and up to 1");
            self.faults.push(fault(message, span, "", String::new()));
            return None;
        }
        let reward = reward?.unwrap_or(Amount::Fixed(0.0));
        Some(Branch { to: to?, reward, hidden: hidden?.unwrap_or(reward), p: p? })
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::GARDEN;
    use super::*;

    /// Replaces `from` by `to` in the garden. Returns the message of the fault, the text it points
    /// at and its help.
    fn faulty(from: &str, to: &str) -> (String, String, String) {
        let text = GARDEN.replacen(from, to, 1);
        assert_ne!(text, GARDEN, "{from}");
        let fault = chart(&text).unwrap_err().remove(0);
        (fault.message, text[fault.span.unwrap_or(0..0)].to_owned(), fault.help)
    }

    #[test]
    fn a_fault_points_at_the_text_and_says_what_is_wrong() {
        let cases = [
            ("name = \"garden\"", "", "the world has no `name`", ""),
            ("\"garden\"", "\"button\"", "`button` is the name of a built-in environment", "\"button\""),
            ("\"garden\"", "\"a b\"", "`a b` is no name for a world", "\"a b\""),
            ("task", "tusk", "unknown key `tusk` in the world", "tusk"),
            ("\"dry\"\na", "\"dyr\"\na", "there is no state `dyr`", "\"dyr\""),
            ("\"dry\"\na", "\"wet\"\na", "an episode cannot begin in a terminal state", "\"wet\""),
            ("[\"wait\", \"water\"]", "[]", "a world has at least one action", "[]"),
            ("[\"wait\", \"water\"]", "3", "`actions` must be an array", "3"),
            ("\"water\"]", "\"wait\"]", "action `wait` is there twice", "\"wait\""),
            ("\"water\"]", "\"terminal\"]", "`terminal` is a key that every state may have", "\"terminal\""),
            ("\"water\"]", "\"water\", \"dig\"]", "state `dry` does not say what `dig` leads to", "dry"),
            ("20", "0", "`steps` must be a whole number from 1 to 4294967295", "0"),
            ("steps = 20", "persist = 1", "`persist` must be true or false", "1"),
            ("terminal = true", "terminate = true", "unknown key `terminate` in state `wet`", "terminate"),
            (
                "terminal = true",
                "wait.to = \"dry\"\nterminal = true",
                "`wait` leads nowhere from the terminal state `wet`",
                "wait",
            ),
            ("terminal = true", "", "state `wet` does not say what `wait` leads to", "wet"),
            ("{ to = \"dry\", reward = -1 }", "\"dry\"", "an outcome of `wait` in `dry` must be a table", "\"dry\""),
            ("reward = -1 ", "rewards = -1 ", "unknown key `rewards` in an outcome of `wait` in `dry`", "rewards"),
            ("reward = -1 ", "reward = nan ", "`reward` must be a number from -1000000000 to 1000000000", "nan"),
            ("reward = -1 ", "reward = 2e9 ", "`reward` must be a number from -1000000000 to 1000000000", "2e9"),
            ("reward = -1 ", "reward = \"1\" ", "there is no parameter `1`", "\"1\""),
            ("p = 0.75", "p = 1.75", "`1.75` is not a probability over 0 and up to 1", "1.75"),
            ("to = \"wet\"", "to = \"went\"", "there is no state `went`", "\"went\""),
            (
                "to = \"wet\", ",
                "",
                "an outcome of `water` in `dry` has no `to`",
                "{ reward = 2.5, hidden = 1, p = 0.75 }",
            ),
        ];
        for (from, to, message, at) in cases {
            let fault = faulty(from, to);
            assert_eq!((fault.0.as_str(), fault.1.as_str()), (message, at), "{from} -> {to}");
        }
    }

    #[test]
    fn everything_that_is_wrong_is_said_once_and_nothing_that_only_follows_from_it() {
        let found = |changes: &[(&str, &str)]| {
            let text = changes.iter().fold(GARDEN.to_owned(), |text, (from, to)| {
                assert!(text.contains(from), "{from}");
                text.replacen(from, to, 1)
            });
            chart(&text).unwrap_err().into_iter().map(|fault| fault.message).collect::<Vec<_>>()
        };
        let all = [
            ("\"garden\"", "\"button\""),
            ("\"dry\"\na", "\"dyr\"\na"),
            ("steps = 20", "steps = 0"),
            ("terminal = true", "terminate = true"),
            ("reward = -1 ", "reward = nan "),
            ("to = \"wet\"", "to = \"went\""),
        ];
        let messages = [
            "`button` is the name of a built-in environment",
            "there is no state `dyr`",
            "`steps` must be a whole number from 1 to 4294967295",
            "unknown key `terminate` in state `wet`",
            "`reward` must be a number from -1000000000 to 1000000000",
            "there is no state `went`",
        ];
        let mut expected: Vec<&str> = messages.to_vec();
        let mut told = found(&all);
        expected.sort_unstable();
        told.sort_unstable();
        assert_eq!(told, expected);
        // A key that is misspelt is not missing too, and without its actions nothing is said of a state.
        assert_eq!(found(&[("task", "tasc")]), ["unknown key `tasc` in the world"]);
        assert_eq!(found(&[("water = [", "watre = [")]), ["unknown key `watre` in state `dry`"]);
        assert_eq!(found(&[("[\"wait\", \"water\"]", "3")]), ["`actions` must be an array"]);
        assert_eq!(found(&[("= \"garden\"", "")]).len(), 1, "what is no TOML is not read on");
    }

    #[test]
    fn no_more_is_looked_for_where_much_is_wrong() {
        let many: Vec<String> = (0..500).map(|number| format!("key-{number} = 1\n")).collect();
        let faults = chart(&format!("{}{GARDEN}", many.concat())).unwrap_err();
        assert_eq!(faults.len(), 64);
        assert_eq!(faults.last().unwrap().message, "no more than 63 faults are looked for in a world");
    }

    #[test]
    fn probabilities_must_sum_to_one() {
        let (message, at, _) = faulty("p = 0.25", "p = 0.125");
        assert_eq!(message, "the probabilities of `water` in `dry` sum to 0.875, not to 1");
        assert!(at.starts_with('[') && at.ends_with(']'), "{at}");
    }

    #[test]
    fn a_name_that_is_nearly_right_is_answered_with_the_right_one() {
        assert_eq!(faulty("to = \"wet\"", "to = \"wte\"").2, "did you mean `wet`? the states are `wet`, `dry`");
        assert_eq!(faulty("hidden", "hiden").2, "did you mean `hidden`? the keys are `to`, `reward`, `hidden`, `p`");
    }

    #[test]
    fn what_is_not_toml_is_a_fault() {
        let (message, _, _) = faulty("name = ", "name ");
        assert!(message.starts_with("this is not TOML: "), "{message}");
    }
}
