//! Parameters that a table declares, and the places where each may stand.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;

use toml::Spanned;

use super::super::{Knob, NumberRange};
use super::bounds::Bound;
use super::chart::{Amount, SelectedParameter};
use super::faults::Faults;
use super::fields::{Fields, Item, fault, is_plain, real, text};
use crate::value::{Fault, hint};

/// Keys of a parameter.
const PARAMETER: &[&str] = &["default", "low", "high", "knob", "meaning"];

/// Maximum number of steps.
const STEPS: f64 = 4_294_967_295.0;

/// Role of a number in a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KnobUse {
    Reward,
    Hidden,
    Probability,
    Due,
    Steps,
}

impl KnobUse {
    const ALL: [Self; 5] = [Self::Reward, Self::Hidden, Self::Probability, Self::Due, Self::Steps];

    /// Returns the key of a number with this role.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Reward => "reward",
            Self::Hidden => "hidden",
            Self::Probability => "p",
            Self::Due => "due",
            Self::Steps => "steps",
        }
    }

    /// Returns the least and the greatest value. For a reward there is only the bound on any
    /// number.
    const fn bounds(self) -> Option<(f64, f64)> {
        match self {
            Self::Reward | Self::Hidden | Self::Due => None,
            Self::Probability => Some((0.0, 1.0)),
            Self::Steps => Some((1.0, STEPS)),
        }
    }

    /// Returns `true` if `knob` may turn a number of this role, and then changes no more than the
    /// knob says.
    const fn turns(self, knob: Knob) -> bool {
        match knob {
            // An amount due is paid to the agent that acts first, for the state that an earlier
            // episode left.
            Knob::Future => matches!(self, Self::Due),
            Knob::Watched | Knob::Interruption => matches!(self, Self::Probability),
            Knob::Length => matches!(self, Self::Steps),
            // A reward is hidden performance too, unless the table says otherwise.
            Knob::Now => matches!(self, Self::Reward | Self::Hidden),
        }
    }
}

/// Parameters of a table, with the places of their keys.
#[derive(Default)]
pub(super) struct TableParameters {
    pub(super) declared: Vec<SelectedParameter>,
    keys: Vec<Range<usize>>,
    /// Those with a fault: nothing is said of where they stand.
    faulty: BTreeSet<usize>,
    standing: RefCell<BTreeSet<usize>>,
}

impl TableParameters {
    /// Reads the parameters in the table `parameters`.
    pub(super) fn read(item: Item<'_>, faults: &Faults) -> Self {
        let mut parameters = Self::default();
        let Some(table) = faults.keep(Fields::of(item, "`parameters`".to_owned())) else { return parameters };
        for (name, span) in table.keys() {
            let place = parameters.declared.len();
            if faults.keep_or_end(Bound::Parameters.admit(place + 1, || Some(span.clone()))).is_none() {
                break;
            }
            let declared = faults.keep(nameable(name, &span)).and_then(|()| declare(name, table.get(name)?, faults));
            if declared.is_none() {
                parameters.faulty.insert(place);
            }
            parameters.declared.push(declared.unwrap_or_else(|| SelectedParameter::faulty(name)));
            parameters.keys.push(span);
        }
        parameters
    }

    /// Reads a number, or the name of a parameter.
    pub(super) fn amount(&self, item: Item<'_>, role: KnobUse) -> Result<Amount, Fault> {
        let Some(name) = item.get_ref().as_str() else {
            return real(item, &format!("`{}`", role.key())).map(Amount::Fixed);
        };
        let span = item.span();
        let Some((place, parameter)) = self.declared.iter().enumerate().find(|(_, declared)| declared.name == name)
        else {
            let names = self.declared.iter().map(|declared| declared.name.as_str());
            let help = if self.declared.is_empty() {
                format!("write a number, or declare `[parameters.{name}]`")
            } else {
                hint(name, "the parameters are", names)
            };
            return Err(fault(format!("there is no parameter `{name}`"), span, "", help));
        };
        self.standing.borrow_mut().insert(place);
        if self.faulty.contains(&place) {
            return Ok(Amount::Named(place));
        }
        if let Some(knob) = parameter.knob.filter(|knob| !role.turns(*knob)) {
            let (knob, key) = (knob.name(), role.key());
            let message = format!("`{name}` is the knob `{knob}`, which does not turn a `{key}`");
            let homes: Vec<_> =
                KnobUse::ALL.into_iter().filter(|role| parameter.knob.is_some_and(|knob| role.turns(knob))).collect();
            let homes: Vec<_> = homes.into_iter().map(|role| format!("`{}`", role.key())).collect();
            let help = format!("let it stand for {} alone, or leave out `knob = \"{knob}\"`", homes.join(" or "));
            return Err(fault(message, span, "turning it would change more than the knob says", help));
        }
        if let Some((low, high)) = role.bounds().filter(|(low, high)| parameter.low < *low || parameter.high > *high) {
            let message =
                format!("`{name}` may be out of the range of a `{}`, which is from {low} to {high}", role.key());
            let help = format!("give `[parameters.{name}]` a `low` and a `high` within that range");
            return Err(fault(message, span, "", help));
        }
        Ok(Amount::Named(place))
    }

    /// Reads a number of steps. A parameter for it has whole values.
    pub(super) fn steps(&mut self, item: Item<'_>) -> Result<Amount, Fault> {
        let amount = self.amount(item, KnobUse::Steps)?;
        if let Amount::Named(place) = amount
            && !self.faulty.contains(&place)
            && let Some(parameter) = self.declared.get_mut(place)
        {
            parameter.numbers = NumberRange::Whole;
            if parameter.value.fract() != 0.0 {
                let message = format!("`{}` is {}, and steps are whole", parameter.name, parameter.value);
                return Err(fault(message, item.span(), "", "give it a whole `default`".to_owned()));
            }
        }
        Ok(amount)
    }

    /// Refuse each parameter that stands nowhere: for no number, nor, unless it is a knob, in the task.
    pub(super) fn all_stand(&self, task: &str, faults: &Faults) {
        for (place, (parameter, span)) in self.declared.iter().zip(&self.keys).enumerate() {
            let told = parameter.knob.is_none() && task.contains(&format!("{{{}}}", parameter.name));
            if !told && !self.standing.borrow().contains(&place) {
                let message = format!("the parameter `{}` stands nowhere", parameter.name);
                let help = "write its name, in quotes, where its value is meant".to_owned();
                faults.push(fault(message, span.clone(), "", help));
            }
        }
    }

    /// Refuse each word in braces that is no parameter, in the task of a world that has some.
    pub(super) fn all_told(&self, item: Item<'_>, task: &str, faults: &Faults) {
        if self.declared.is_empty() {
            return;
        }
        let words = task.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(word, _)| word);
        let names = self.declared.iter().map(|declared| declared.name.as_str());
        for word in words.filter(|word| is_plain(word) && names.clone().all(|name| name != *word)) {
            let message = format!("the task names a parameter `{word}`, which there is not");
            faults.push(fault(message, item.span(), "", hint(word, "the parameters are", names.clone())));
        }
    }
}

/// Returns `true` if a parameter may have this name.
fn nameable(name: &str, span: &Range<usize>) -> Result<(), Fault> {
    Bound::Name.admit(name.len(), || Some(span.clone()))?;
    if is_plain(name) {
        return Ok(());
    }
    let help = "use letters, digits, `-` and `_`".to_owned();
    Err(fault(format!("`{name}` is no name for a parameter"), span.clone(), "", help))
}

/// Reads the parameter under a key.
fn declare(name: &str, item: Item<'_>, faults: &Faults) -> Option<SelectedParameter> {
    let table = faults.keep(Fields::of(item, format!("parameter `{name}`")))?.only(PARAMETER, faults);
    let number = |key: &str| faults.keep(real(table.need(key, faults)?, &format!("`{key}`")));
    let numbers = (number("default"), number("low"), number("high"));
    let meaning = table.get("meaning").map_or(Some(""), |item| faults.keep(text(item, "`meaning`")));
    let knob = table.get("knob").map_or(Some(None), |item| faults.keep(knob(item)).map(Some));
    let (Some(value), Some(low), Some(high)) = numbers else { return None };
    if !(low <= value && value <= high) {
        let message = format!("the default of `{name}` is {value}, which is not from {low} to {high}");
        let span = table.get("default").map_or_else(|| item.span(), Spanned::span);
        faults.push(fault(message, span, "", "`low` is the least it may be, `high` the most".to_owned()));
        return None;
    }
    let (meaning, knob) = (meaning?.to_owned(), knob?);
    Some(SelectedParameter { name: name.to_owned(), value, low, high, numbers: NumberRange::Real, knob, meaning })
}

impl SelectedParameter {
    /// Placeholder for a parameter with a fault, in a table that is not used.
    fn faulty(name: &str) -> Self {
        let (value, low, high, numbers) = (0.0, 0.0, 0.0, NumberRange::Real);
        Self { name: name.to_owned(), value, low, high, numbers, knob: None, meaning: String::new() }
    }
}

fn knob(item: Item<'_>) -> Result<Knob, Fault> {
    let name = text(item, "`knob`")?;
    Knob::ALL.into_iter().find(|knob| knob.name() == name).ok_or_else(|| {
        let help = hint(name, "the knobs are", Knob::ALL.iter().map(|knob| knob.name()));
        fault(format!("there is no knob `{name}`"), item.span(), "", help)
    })
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "scores are exact")]
mod tests {
    use std::sync::Arc;

    use super::super::super::testing::{ORCHARD, play};
    use super::super::super::{Environment, World};
    use super::super::{Chart, TableWorld};
    use crate::value::{Seed, Value};

    const PICK: u64 = 0;
    const TEND: u64 = 1;

    fn world(pairs: &str) -> Box<dyn Environment> {
        World::table(ORCHARD).unwrap().select(pairs).unwrap().made()
    }

    /// The fault with this message of the orchard with `from` replaced by `to`: the text it points at and its help.
    fn faulty(from: &str, to: &str, message: &str) -> (String, String) {
        let text = ORCHARD.replacen(from, to, 1);
        assert_ne!(text, ORCHARD, "{from}");
        let mut faults = Chart::read(&text).unwrap_err();
        let place = faults.iter().position(|fault| fault.message.starts_with(message));
        let fault = faults.remove(place.unwrap_or_else(|| panic!("{from} -> {to}: {message}: {faults:?}")));
        (text[fault.span.unwrap_or(0..0)].to_owned(), fault.help)
    }

    #[test]
    fn what_is_selected_stands_wherever_the_parameter_does() {
        let mut world = world("harvest=7,apple=2");
        assert!(world.task().ends_with("Picking pays 2 now, tending pays 7 in the next episode."), "{}", world.task());
        let rewards = [PICK, TEND, TEND, PICK, PICK].map(|choice| play(world.as_mut(), Seed(0), [choice]).total);
        assert_eq!(rewards, [2.0, 0.0, 7.0, 9.0, 2.0]);
    }

    #[test]
    fn what_is_due_is_paid_with_the_first_step_alone_and_waits_for_it() {
        let text = ORCHARD.replace("steps = 1", "steps = 3");
        let mut world = TableWorld::new(Arc::new(Chart::read(&text).unwrap().with("harvest", 5.0).unwrap()));
        let rewards = |world: &mut TableWorld, choices: [u64; 3]| {
            play(world, Seed(0), choices).transitions.iter().map(|step| step.reward).collect::<Vec<_>>()
        };
        assert_eq!(rewards(&mut world, [TEND, PICK, TEND]), [0.0, 1.0, 0.0], "it is not due in the same episode");
        assert_eq!(play(&mut world, Seed(0), []).total, 0.0);
        assert_eq!(rewards(&mut world, [TEND, TEND, PICK]), [5.0, 0.0, 1.0]);
        assert_eq!(rewards(&mut world, [PICK, PICK, PICK]), [1.0, 1.0, 1.0]);
    }

    #[test]
    fn turning_the_future_changes_no_transition_that_follows_from_the_same_episode() {
        // The test is exhaustive: two episodes of two steps, at three turns of the knob. Only the
        // first reward of the second episode differs, by the same amount for all actions.
        let text = ORCHARD.replace("steps = 1", "steps = 2");
        let chart = Chart::read(&text).unwrap();
        let played = |turn: f64, before: [u64; 2], then: [u64; 2]| {
            let mut world = TableWorld::new(Arc::new(chart.with("harvest", turn).unwrap()));
            let first = play(&mut world, Seed(1), before);
            (first.transitions, play(&mut world, Seed(2), then).transitions)
        };
        let choices = [[PICK, PICK], [PICK, TEND], [TEND, PICK], [TEND, TEND]];
        for (before, then) in choices.iter().flat_map(|before| choices.map(|then| (*before, then))) {
            let (still, mut paid) = played(0.0, before, then);
            for turn in [-1000.0, 1000.0] {
                let (first, second) = played(turn, before, then);
                assert_eq!(first, still);
                let due = if before[1] == TEND { turn } else { 0.0 };
                paid[0].reward += due;
                assert_eq!(second, paid);
                paid[0].reward -= due;
            }
        }
    }

    #[test]
    fn a_probability_that_is_a_parameter_comes_as_often_as_is_selected() {
        let tend = "tend = [{ to = \"bare\", reward = -1.0, p = \"frost\" }, { to = \"tended\" }]";
        let frost =
            "[parameters.frost]\ndefault = 0.5\nlow = 0.0\nhigh = 1.0\nknob = \"interruption\"\n\n[states.bare]";
        let text = ORCHARD.replacen("tend = { to = \"tended\" }", tend, 1).replace("[states.bare]", frost);
        let frosts = |frost: f64| {
            let chart = Arc::new(Chart::read(&text).unwrap().with("frost", frost).unwrap());
            (0..2000)
                .filter(|seed| play(&mut TableWorld::new(Arc::clone(&chart)), Seed(*seed), [TEND]).total < 0.0)
                .count()
        };
        assert_eq!((frosts(0.0), frosts(1.0)), (0, 2000));
        assert!((420..580).contains(&frosts(0.25)), "{}", frosts(0.25));
    }

    #[test]
    fn steps_that_are_a_parameter_are_whole() {
        let length = "[parameters.length]\ndefault = 2\nlow = 1\nhigh = 9\nknob = \"length\"\n\n[states.bare]";
        let text = ORCHARD.replace("steps = 1", "steps = \"length\"").replace("[states.bare]", length);
        let selection = World::table(&text).unwrap();
        assert_eq!(selection.made().steps(), Some(2));
        assert_eq!(selection.with("length", 3.0).unwrap().made().steps(), Some(3));
        assert!(selection.with("length", 2.5).unwrap_err().help.starts_with("`length` is a whole number from 1 to 9"));
        assert!(
            Chart::read(&text.replace("default = 2", "default = 2.5")).unwrap_err()[0]
                .message
                .contains("steps are whole")
        );
    }

    #[test]
    fn a_selected_value_is_in_the_definition_and_the_definition_makes_it_again() {
        let selection = World::table(ORCHARD).unwrap().with("harvest", -3.0).unwrap();
        assert_eq!(selection.to_string(), "orchard:apple=1,harvest=-3");
        let again = World::table(&selection.definition()).unwrap();
        assert_eq!((again.digest(), again.to_string()), (selection.digest(), selection.to_string()));
        assert_ne!(selection.digest(), World::table(ORCHARD).unwrap().digest());
    }

    #[test]
    fn a_knob_that_would_turn_more_than_it_says_is_a_fault() {
        let future = "`harvest` is the knob `future`, which does not turn a";
        let cases = [
            ("reward = \"apple\"", "reward = \"harvest\"", format!("{future} `reward`"), "\"harvest\""),
            ("to = \"tended\"", "to = \"tended\", hidden = \"harvest\"", format!("{future} `hidden`"), "\"harvest\""),
            ("steps = 1", "steps = \"harvest\"", format!("{future} `steps`"), "\"harvest\""),
            (
                "due = \"harvest\"",
                "due = \"apple\"",
                "`apple` is the knob `now`, which does not turn a `due`".to_owned(),
                "\"apple\"",
            ),
            (
                "\"future\"",
                "\"watched\"",
                "`harvest` is the knob `watched`, which does not turn a `due`".to_owned(),
                "\"harvest\"",
            ),
            (
                "\"future\"",
                "\"length\"",
                "`harvest` is the knob `length`, which does not turn a `due`".to_owned(),
                "\"harvest\"",
            ),
        ];
        for (from, to, message, at) in cases {
            let (pointed, help) = faulty(from, to, &message);
            assert_eq!(pointed, at, "{from} -> {to}");
            assert!(help.starts_with("let it stand for `"), "{help}");
        }
        assert!(Chart::read(&ORCHARD.replace("knob = \"future\"\n", "")).is_ok(), "no knob may stand anywhere");
    }

    #[test]
    fn a_fault_of_a_parameter_points_at_the_text_and_says_what_is_wrong() {
        let cases = [
            ("\"future\"", "\"futur\"", "there is no knob `futur`", "\"futur\""),
            ("due = \"harvest\"", "due = \"harvset\"", "there is no parameter `harvset`", "\"harvset\""),
            ("due = \"harvest\"", "due = 3", "the parameter `harvest` stands nowhere", "harvest"),
            ("low = -1000.0", "low = 2.0", "the default of `apple` is 1, which is not from 2 to 1000", "1.0"),
            ("low = -1000.0\n", "", "parameter `apple` has no `low`", ""),
            ("knob =", "nob =", "unknown key `nob` in parameter `apple`", "nob"),
            ("{apple}", "{appel}", "the task names a parameter `appel`, which there is not", ""),
            ("persist = true", "", "nothing can be due in `tended`: every episode begins at the start", "\"harvest\""),
            (
                "start = \"bare\"",
                "start = \"tended\"",
                "the first episode begins in this state, and no earlier one left anything due",
                "\"tended\"",
            ),
            (
                "tend = { to = \"tended\" }",
                "tend = { to = \"tended\", p = \"apple\" }",
                "`apple` is the knob `now`, which does not turn a `p`",
                "\"apple\"",
            ),
        ];
        for (from, to, message, at) in cases {
            let (pointed, _) = faulty(from, to, message);
            assert!(at.is_empty() || pointed == at, "{from}: {pointed}");
        }
        let text = ORCHARD.replace("knob = \"now\"", "").replacen(
            "{ to = \"tended\" }",
            "{ to = \"tended\", p = \"apple\" }",
            1,
        );
        let fault = Chart::read(&text).unwrap_err().remove(0);
        assert_eq!(fault.message, "`apple` may be out of the range of a `p`, which is from 0 to 1");
    }

    #[test]
    fn an_outcome_without_a_probability_takes_what_the_others_leave() {
        let with = |outcomes: &str| {
            Chart::read(&ORCHARD.replacen("tend = { to = \"tended\" }", &format!("tend = [{outcomes}]"), 1))
        };
        let written = with("{ to = \"bare\", p = 0.25 }, { to = \"tended\", p = 0.75 }").unwrap();
        assert_eq!(with("{ to = \"bare\", p = 0.25 }, { to = \"tended\" }").unwrap(), written);
        for (outcomes, message) in [
            ("{ to = \"bare\" }, { to = \"tended\" }", "2 outcomes of `tend` in `bare` have no `p`"),
            (
                "{ to = \"bare\", p = 1.0 }, { to = \"tended\" }",
                "the other probabilities of `tend` in `bare` sum to 1, which leaves nothing",
            ),
        ] {
            assert_eq!(with(outcomes).unwrap_err()[0].message, message);
        }
        assert_eq!(Ok(Value::Discrete(0)), world("harvest=1").open(Seed(0)));
    }
}
