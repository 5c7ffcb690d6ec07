//! Openings: changes of a policy for one question, written behind its name.
//!
//! ```text
//!  mine.toml+persist+carry
//!  ^^^^^^^^^ a policy     ^ each opening, in this order
//! ```

/// One change of the state that crosses the boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Opening {
    /// A world reaches the next episode of its lineage.
    Persist,
    /// No world reaches the next episode.
    Reset,
    /// A carry-over reaches the next episode: 4 KiB, where the policy has none.
    Carry,
    /// Each lineage keeps to itself: worlds are not swapped, and nothing is selected.
    Apart,
    /// Worlds persist and are swapped among lineages after each episode.
    Swap,
    /// The outbox is granted, and a release ends the episode.
    Release,
}

impl Opening {
    /// All openings.
    pub const ALL: [Self; 6] = [Self::Persist, Self::Reset, Self::Carry, Self::Apart, Self::Swap, Self::Release];

    /// Returns the name of the opening, as it is written behind a policy.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Persist => "persist",
            Self::Reset => "reset",
            Self::Carry => "carry",
            Self::Apart => "apart",
            Self::Swap => "swap",
            Self::Release => "release",
        }
    }

    /// Splits a text into the policy, as it is written, and the openings behind it.
    pub fn split(text: &str) -> (&str, Vec<Self>) {
        let (mut name, mut openings) = (text, Vec::new());
        while let Some((rest, last)) = name.rsplit_once('+') {
            let Some(opening) = Self::ALL.into_iter().find(|opening| opening.name() == last) else { break };
            openings.insert(0, opening);
            name = rest;
        }
        (name, openings)
    }

    /// Writes a policy with these openings behind it.
    pub fn written(policy: &str, openings: &[Self]) -> String {
        openings.iter().fold(policy.to_owned(), |text, opening| format!("{text}+{}", opening.name()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_behind_a_policy_is_its_openings_and_no_other_word() {
        use Opening::{Carry, Persist};
        assert_eq!(Opening::split("strict"), ("strict", vec![]));
        assert_eq!(Opening::split("mine.toml+persist+carry"), ("mine.toml", vec![Persist, Carry]));
        assert_eq!(Opening::split("a+b.toml"), ("a+b.toml", vec![]));
        assert_eq!(Opening::split("a+b.toml+carry"), ("a+b.toml", vec![Carry]));
        assert_eq!(Opening::written("mine.toml", &[Persist, Carry]), "mine.toml+persist+carry");
    }
}
