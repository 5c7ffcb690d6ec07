//! Bounds on the size of a world in TOML.
//!
//! The time to read a file is linear in its size, so a bound on the size is a bound on the time.

use std::ops::Range;

use super::fields::fault;
use crate::value::Fault;

/// Part of a world that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    /// Bytes of the file.
    Bytes,
    /// Bytes of the task.
    Task,
    /// Bytes of the name of a state, an action or a parameter.
    Name,
    /// Actions.
    Actions,
    /// States.
    States,
    /// Outcomes of all actions in all states.
    Outcomes,
    /// Parameters.
    Parameters,
}

impl Bound {
    /// Returns the maximum count.
    pub(super) const fn most(self) -> usize {
        match self {
            Self::Bytes => 4 << 20,
            Self::Task => 64 << 10,
            Self::Actions => 1_000,
            Self::States => 20_000,
            Self::Outcomes => 100_000,
            Self::Name | Self::Parameters => 64,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Task => "bytes in its task",
            Self::Name => "bytes in the name of a state, an action or a parameter",
            Self::Actions => "actions",
            Self::States => "states",
            Self::Outcomes => "outcomes",
            Self::Parameters => "parameters",
        }
    }

    /// Refuses a `count` above the maximum. `span` is the place at which it passes the maximum.
    pub(super) fn admit(self, count: usize, span: impl FnOnce() -> Option<Range<usize>>) -> Result<(), Fault> {
        if count <= self.most() {
            return Ok(());
        }
        let message = format!("a world in TOML has at most {} {}", self.most(), self.name());
        let help = match self {
            Self::Name => "choose a shorter name",
            Self::Task => "shorten the task",
            _ => "make it smaller, or write it in Rust: `dayfly docs environments` says how",
        };
        let fault = fault(message, 0..0, "", help.to_owned());
        Err(match span() {
            Some(span) => Fault { span: Some(span), label: "this is too much".to_owned(), ..fault },
            None => Fault { span: None, ..fault },
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::super::Chart;
    use super::super::index::compared;
    use super::*;

    /// Writes a ring of states, with this number of actions, outcomes of each, and bytes in each
    /// name.
    fn ring(states: usize, actions: usize, outcomes: usize, name: usize) -> String {
        let state = |number: usize| format!("s{:0>1$}", number % states, name - 1);
        let names: Vec<_> = (0..actions).map(|action| format!("\"a{action}\"")).collect();
        let mut text =
            format!("name = \"ring\"\ntask = \"Go.\"\nstart = \"{}\"\nactions = [{}]\n", state(0), names.join(", "));
        for number in 0..states {
            writeln!(text, "[states.{}]", state(number)).unwrap();
            for action in 0..actions {
                let p = |one: usize| if one == 0 { String::new() } else { format!(", p = {}", 0.5 / f64::from(9)) };
                let outcomes: Vec<_> =
                    (0..outcomes).map(|one| format!("{{to=\"{}\"{}}}", state(number + one + 1), p(one))).collect();
                writeln!(text, "a{action}=[{}]", outcomes.join(",")).unwrap();
            }
        }
        text
    }

    fn message(text: &str) -> (String, bool) {
        let fault = Chart::read(text).unwrap_err().remove(0);
        (fault.message, fault.span.is_some())
    }

    #[test]
    fn the_largest_world_is_read_in_time_that_grows_with_it_and_so_is_its_canonical_text() {
        // If states were searched for, this would be 100 000 searches among 20 000 names.
        let text = ring(Bound::States.most(), 5, 1, 9);
        let chart = Chart::read(&text).unwrap();
        assert_eq!(chart.states.len(), 20_000);
        let canonical = chart.to_string();
        assert!(canonical.len() > Bound::Bytes.most(), "it is longer than what may be written, and is read again");
        assert_eq!(Chart::read_again(&canonical).unwrap(), chart);
    }

    /// Comparisons of names are counted, without a clock. A search would take thousands for each
    /// name, and is not counted as a look-up.
    #[test]
    fn each_name_is_looked_up_once_in_as_many_comparisons_as_its_number_has_digits() {
        let read = |states: usize, actions: usize| {
            let text = ring(states, actions, 1, 9);
            compared::since();
            Chart::read(&text).unwrap();
            let (looked_up, compared) = compared::since();
            // Each outcome names a state, each state has the keys of its actions, and one name is
            // the start.
            let names = u64::try_from(2 * states * actions + 1).unwrap();
            assert_eq!(looked_up, names, "{states} states of {actions} actions");
            let digits = u64::from(usize::BITS - states.max(actions + 2).leading_zeros());
            // Each name is looked up, and was put in its place before.
            let most = (names + u64::try_from(states + actions + 2).unwrap()) * (2 * digits + 8);
            assert!(
                compared >= names && compared <= most,
                "{compared} comparisons of {names} names, {most} at the most"
            );
            compared
        };
        // Ten times the states take little more than ten times the comparisons. A search would take
        // a hundred times as many.
        assert!(read(20_000, 5) < 20 * read(2_000, 5));
        assert!(read(10, 1_000) < 20 * read(10, 100));
    }

    #[test]
    fn what_is_larger_than_a_world_may_be_is_refused_with_what_there_is_too_much_of() {
        let refused = |text: &str, what: &str, has_place: bool| {
            assert_eq!(message(text), (format!("a world in TOML has at most {what}"), has_place));
        };
        refused(&ring(20_001, 1, 1, 6), "20000 states", true);
        refused(&ring(2, 1_001, 1, 2), "1000 actions", true);
        refused(&ring(100, 1_000, 1, 3).replacen("a999=[", "a999=[{to=\"s00\",p=0.5},", 1), "100000 outcomes", true);
        let long = "bytes in the name of a state, an action or a parameter";
        refused(&ring(2, 1, 1, 65), &format!("64 {long}"), true);
        refused(&ring(2, 1, 1, 2).replace("\"a0\"", &format!("\"{}\"", "a".repeat(65))), &format!("64 {long}"), true);
        refused(&ring(2, 1, 1, 2).replace("Go.", &"!".repeat(65_537)), "65536 bytes in its task", true);
        refused(&format!("{}#{}", ring(2, 1, 1, 2), "-".repeat(4 << 20)), "4194304 bytes", false);
        let parameters = |count: usize| {
            let all = (0..count).map(|n| format!("[parameters.p{n}]\ndefault = 0.0\nlow = 0.0\nhigh = 1.0\n"));
            let told: Vec<_> = (0..count).map(|n| format!("{{p{n}}}")).collect();
            ring(2, 1, 1, 2).replace("Go.", &told.concat()) + &all.collect::<String>()
        };
        refused(&parameters(65), "64 parameters", true);
        for text in [parameters(64), ring(100, 1_000, 1, 3), ring(2, 1, 1, 64), ring(9, 2, 9, 2)] {
            assert!(Chart::read(&text).is_ok(), "{:?}", Chart::read(&text).unwrap_err());
        }
    }

    #[test]
    fn a_long_name_that_there_is_not_is_answered_at_once() {
        // Distances between texts take the product of their lengths: 20 000 names of 64 bytes, and
        // one of half a megabyte.
        let text = ring(20_000, 1, 1, 64).replacen("to=\"s", &format!("to=\"{}", "s".repeat(1 << 19)), 1);
        let fault = Chart::read(&text).unwrap_err().remove(0);
        assert!(fault.message.starts_with("there is no state `sss"), "{}", &fault.message[..40]);
        let near = ring(20_000, 1, 1, 64).replacen("to=\"s", "to=\"z", 1);
        assert!(Chart::read(&near).unwrap_err()[0].help.starts_with("did you mean `s"));
    }
}
