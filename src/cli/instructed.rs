//! Instructions of agents that come with Dayfly: the settings that each reads. A setting that none
//! of them reads would be passed over, and so would a slip.

use super::failure::Failure;
use crate::value::hint;

/// Settings of agents that weigh payoffs.
const PREFERENCES: &[&str] = &["discount", "boundary", "selves", "time"];

/// Returns the settings that an agent reads; none where it reads any text, or passes it over.
fn settings(agent: &str) -> Option<&'static [&'static str]> {
    match agent {
        "planner" | "myopic" | "hasty" | "length-seeking" | "length-neutral" | "coordinator" => Some(PREFERENCES),
        "monte-carlo" => Some(&["boundary", "explore"]),
        "q-learning" => Some(&["epsilon"]),
        "tabular" => Some(&["episodes"]),
        _ => None,
    }
}

/// Checks the instructions of an agent that comes with Dayfly: each part of the form `NAME=NUMBER`
/// names a setting that it reads, with a number that it can have.
pub(super) fn check(agent: &str, instructions: &str) -> Result<(), Failure> {
    let Some(known) = settings(agent) else { return Ok(()) };
    let list = || known.iter().copied();
    for (name, value) in instructions.split([',', '\n']).filter_map(|part| part.split_once('=')) {
        let (name, value) = (name.trim(), value.trim());
        if !known.contains(&name) {
            let help = format!("{}; `dayfly explain {agent}` says what they mean", hint(name, "it reads", list()));
            return Err(Failure::input(format!("`{agent}` reads no `{name}`"), help));
        }
        let number = value.parse::<f64>().ok().filter(|number| number.is_finite());
        let is_share = matches!(name, "discount" | "selves" | "epsilon");
        let fits = number.is_some_and(|number| !is_share || (0.0..=1.0).contains(&number));
        if !fits {
            let what = if is_share { "a number from 0 to 1" } else { "a number" };
            return Err(Failure::input(
                format!("`{name}` of `{agent}` cannot be `{value}`"),
                format!("it is {what}, such as `{agent}:{name}=0.5`"),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_that_an_agent_does_not_read_is_refused_with_the_one_that_was_meant() {
        let said = |agent, text| check(agent, text).map_err(|failure| format!("{failure:?}"));
        let slip = said("planner", "discont=0.5").unwrap_err();
        assert!(slip.contains("`planner` reads no `discont`") && slip.contains("did you mean `discount`?"), "{slip}");
        let large = said("planner", "discount=7").unwrap_err();
        assert!(large.contains("`discount` of `planner` cannot be `7`"), "{large}");
        assert!(said("planner", "boundary=half").is_err());
        for (agent, text) in [
            ("planner", "discount=0.9,boundary=0.5"),
            ("monte-carlo", "explore=60"),
            ("myopic", "be quick"),
            ("random", "x=1"),
        ] {
            assert_eq!(said(agent, text), Ok(()), "{agent}: {text}");
        }
    }
}
