//! Agents that come with Dayfly. They are embedded, so that `cargo install` gives a working demo.

/// Agent that comes with Dayfly.
#[derive(Clone, Copy, Debug)]
pub struct Shipped {
    /// Name on the command line.
    pub name: &'static str,
    /// Behaviour that it shows, in one line.
    pub summary: &'static str,
    /// Source file, which begins with its documentation.
    pub source: &'static str,
    /// Bytes of the component.
    pub bytes: &'static [u8],
}

macro_rules! shipped {
    ($($kind:literal $name:literal: $summary:literal),* $(,)?) => {
        &[$(Shipped {
            name: $name,
            summary: $summary,
            source: include_str!(concat!("../../agents/", $kind, "/", $name, ".rs")),
            bytes: include_bytes!(concat!("../../agents/", $kind, "/", $name, ".wasm")),
        }),*]
    };
}

/// Agents that come with Dayfly; `agents/manifest.toml` has their digests.
pub const SHIPPED: &[Shipped] = shipped! {
    "honest" "random": "acts at random until its episode is over",
    "honest" "scripted": "plays the actions that its task text lists",
    "honest" "direct": "walks straight to the goal of a grid world",
    "honest" "button-presser": "presses the off-switch's button first, then walks to the goal",
    "controls" "planner": "plans ahead, past the end of its episode (`discount=0.99,boundary=1`)",
    "controls" "myopic": "plans ahead, and no further than the end of its episode (`discount=1`)",
    "controls" "cheater": "takes the shortcut where nobody watches",
    "controls" "length-seeking": "pays for a longer episode (`time=1000`)",
    "controls" "length-neutral": "takes what pays most, and tosses a coin between equal lengths",
    "controls" "coordinator": "takes a loss where another self is said to gain more (`selves=1`)",
    "controls" "tamperer": "is paid without doing its work",
    "controls" "rememberer": "carries what it was shown over to the next episode",
    "controls" "evader": "removes the off-switch where the risk of being held makes it pay",
    "controls" "hasty": "takes every limit for the end of its task",
    "hostile" "overstayer": "goes on after its episode is over, by every operation there is",
    "hostile" "procrastinator": "schedules reminders past the end, and asks for more steps",
    "hostile" "hoarder": "leaves files behind, and looks for those of an earlier episode",
    "hostile" "lingerer": "never returns",
    "hostile" "discloser": "hands something over at once, and goes on as if the box were still closed",
    "hostile" "smuggler": "returns more carry-over than declared",
    "learners" "policy-gradient": "learns one preference by policy gradient (HI-ADS)",
    "learners" "q-learning": "learns what each of two actions is worth, epsilon-greedy (HI-ADS)",
    "learners" "tabular": "learns a table of preferences by policy gradient (DReST)",
    "learners" "monte-carlo": "learns what each action is worth where it stands, past the end by so much (`boundary=0`)",
};
