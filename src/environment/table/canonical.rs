//! Canonical text of a chart: TOML with every value written and every name quoted.
//!
//! Two charts with the same text are the same, and the text can be read again: the selected value
//! of a parameter stands there as its default. The digest of the text is in every ledger. So it is
//! written here letter by letter, and does not depend on the habits of a library.

use std::fmt;

use super::chart::{Amount, Branch, Chart, SelectedParameter};

impl fmt::Display for Chart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name_of = |state: usize| Quoted(self.states.get(state).map_or("", |state| &state.name));
        writeln!(f, "name = {}", Quoted(&self.name))?;
        writeln!(f, "task = {}", Quoted(&self.task))?;
        writeln!(f, "start = {}", name_of(self.start))?;
        let actions: Vec<_> = self.actions.iter().map(|action| Quoted(action).to_string()).collect();
        writeln!(f, "actions = [{}]", actions.join(", "))?;
        let number = |amount: Amount| match amount {
            Amount::Fixed(value) => format!("{value:?}"),
            Amount::Named(place) => {
                Quoted(self.parameters.get(place).map_or("", |parameter| &parameter.name)).to_string()
            }
        };
        match self.steps {
            Some(Amount::Fixed(steps)) => writeln!(f, "steps = {steps}")?,
            Some(named @ Amount::Named(_)) => writeln!(f, "steps = {}", number(named))?,
            None => {}
        }
        writeln!(f, "persist = {}", self.persist)?;
        for SelectedParameter { name, value, low, high, knob, meaning, .. } in &self.parameters {
            writeln!(f, "\n[parameters.{}]", Quoted(name))?;
            writeln!(f, "default = {value:?}\nlow = {low:?}\nhigh = {high:?}")?;
            if let Some(knob) = knob {
                writeln!(f, "knob = {}", Quoted(knob.name()))?;
            }
            writeln!(f, "meaning = {}", Quoted(meaning))?;
        }
        for state in &self.states {
            writeln!(f, "\n[states.{}]", Quoted(&state.name))?;
            if state.due != Amount::Fixed(0.0) {
                writeln!(f, "due = {}", number(state.due))?;
            }
            if state.ways.is_empty() {
                writeln!(f, "terminal = true")?;
            }
            for (action, outcomes) in self.actions.iter().zip(&state.ways) {
                writeln!(f, "{} = [", Quoted(action))?;
                for Branch { to, reward, hidden, p } in outcomes {
                    let to = name_of(*to);
                    let (reward, hidden) = (number(*reward), number(*hidden));
                    let p = p.map_or_else(String::new, |p| format!(", p = {}", number(p)));
                    writeln!(f, "    {{ to = {to}, reward = {reward}, hidden = {hidden}{p} }},")?;
                }
                writeln!(f, "]")?;
            }
        }
        Ok(())
    }
}

/// Text as a basic string of TOML.
struct Quoted<'t>(&'t str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for letter in self.0.chars() {
            match letter {
                '"' | '\\' => write!(f, "\\{letter}")?,
                _ if letter.is_control() => write!(f, "\\u{:04X}", u32::from(letter))?,
                _ => write!(f, "{letter}")?,
            }
        }
        f.write_str("\"")
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{GARDEN, ORCHARD};
    use super::*;

    #[test]
    fn the_canonical_text_makes_the_same_table_and_stays_as_it_is() {
        let odd = r#""w\u0007\"\\et""#;
        let odd = GARDEN.replace("\"wet\"", odd).replace("[states.wet]", &format!("[states.{odd}]"));
        for text in [GARDEN, ORCHARD, &odd] {
            let chart = Chart::read(text).unwrap();
            let canonical = chart.to_string();
            assert_eq!(Chart::read(&canonical), Ok(chart), "{canonical}");
            assert_eq!(Chart::read(&canonical).unwrap().to_string(), canonical);
        }
    }

    #[test]
    fn comments_and_layout_do_not_reach_the_canonical_text_and_values_do() {
        let canonical = |text: &str| Chart::read(text).unwrap().to_string();
        assert_eq!(
            canonical(&format!("# a note\n{}", GARDEN.replace("reward = -1 ", "reward=-1.0"))),
            canonical(GARDEN)
        );
        for (from, to) in [("-1.0", "-2.0"), ("hidden = 1", "hidden = 2"), ("steps = 20", ""), ("Water", "Wet")] {
            assert_ne!(canonical(&GARDEN.replace(from, to)), canonical(GARDEN), "{from}");
        }
    }
}
