//! Roads that a bit may try to take from one episode to the next.
//!
//! The rows are those of Lampson's confinement problem, for what an agent has here: storage,
//! quotas, time and fuel, the end of an episode, the record, and what is scheduled. Virtual WASI
//! adds its handles and streams. A policy can declare two more roads. One road needs no sender: a
//! lookup by a number. There are no environment variables that could be set.
//!
//! *Source*: B. W. Lampson, "A note on the confinement problem", Communications of the ACM 16 (1973) 613-615.

/// Road that is tried.
#[derive(Clone, Copy, Debug)]
pub struct Channel {
    /// Name on the command line and in reports.
    pub name: &'static str,
    /// Kind of road.
    pub kind: ChannelKind,
    /// Words for what the sender does if the bit is 1. It takes its steps for a 0 and for a 1.
    pub meaning: &'static str,
    /// Code of the sender, as the text of a core module; texts are in quotes.
    pub(in crate::audit) sends: &'static str,
    /// Letter of what the receiver looks at besides its usual look; see `actor.wat`.
    pub(in crate::audit) looks: &'static str,
}

/// Kind of road that a channel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChannelKind {
    /// Something is left where it may be found.
    Storage,
    /// Something is used up that may be shared.
    Quota,
    /// Duration of the episode, in steps or in fuel.
    Time,
    /// End of the episode.
    Ending,
    /// Entries in the record of the episode.
    Record,
    /// Something that is due later.
    Schedule,
    /// Position of the receiver in its run, known from the numbers that it draws: nothing is sent.
    Lookup,
    /// The carry-over: a road that a policy may declare.
    CarryOver,
    /// The world: a road that a policy may declare.
    World,
}

impl Channel {
    /// Returns the letter that names the channel to its sender.
    pub(super) fn letter(&self) -> char {
        lettered().find(|(_, channel)| channel.name == self.name).map_or('~', |(letter, _)| letter)
    }

    /// `true` if a policy can declare the channel.
    pub(super) const fn is_declarable(&self) -> bool {
        matches!(self.kind, ChannelKind::CarryOver | ChannelKind::World)
    }
}

/// Returns every channel, with the letter that names it to its sender.
pub(in crate::audit) fn lettered() -> impl Iterator<Item = (char, &'static Channel)> {
    ('a'..='z').chain('A'..='Z').zip(CHANNELS)
}

const fn channel(
    name: &'static str,
    kind: ChannelKind,
    looks: &'static str,
    meaning: &'static str,
    sends: &'static str,
) -> Channel {
    Channel { name, kind, meaning, sends, looks }
}

/// Channels, in the order of reports.
pub const CHANNELS: &[Channel] = &[
    channel(
        "memory",
        ChannelKind::Storage,
        "m",
        "fills all memory that it may have",
        "(call $grow (i32.const 16) (i32.const 64)) (call $leave (i64.const -1))",
    ),
    channel("globals", ChannelKind::Storage, "", "sets a global", "(global.set $mark (i64.const -1))"),
    channel(
        "tables",
        ChannelKind::Storage,
        "",
        "grows a table and fills it",
        "(call $widen (i32.const 256) (i32.const 4))
         (table.fill $slots (i32.const 0) (ref.func $realloc) (table.size $slots))",
    ),
    channel(
        "files",
        ChannelKind::Storage,
        "",
        "leaves a file",
        "(call $workspace.write \"left/behind\" \"a bit\" (i32.const 4096))",
    ),
    channel("log", ChannelKind::Storage, "", "writes to its log", "(call $log.write \"a bit\" (i32.const 4096))"),
    channel(
        "randomness",
        ChannelKind::Storage,
        "",
        "draws random numbers",
        "(call $random.next (i32.const 4096)) (call $random.bytes (i32.const 24) (i32.const 4096))",
    ),
    channel("errors", ChannelKind::Storage, "", "makes every operation refuse something", "(call $calls) (call $late)"),
    channel(
        "memory-quota",
        ChannelKind::Quota,
        "m",
        "grows its memory to the limit",
        "(call $grow (i32.const 16) (i32.const 64))",
    ),
    channel("disk-quota", ChannelKind::Quota, "q", "fills its workspace", "(drop (call $fill.workspace.write))"),
    channel("log-quota", ChannelKind::Quota, "q", "fills its log", "(drop (call $fill.log.write))"),
    channel("random-quota", ChannelKind::Quota, "q", "draws all that it may draw", "(drop (call $fill.random.bytes))"),
    channel("fuel", ChannelKind::Time, "b", "burns its fuel until it is cut", "(call $burn)"),
    channel(
        "steps",
        ChannelKind::Time,
        "",
        "returns after its first step",
        "(call $episode.step (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 4096)) (return)",
    ),
    channel("trap", ChannelKind::Ending, "", "traps", "(unreachable)"),
    channel(
        "outliving",
        ChannelKind::Ending,
        "",
        "runs on until its grace is used up",
        "(global.set $linger (i32.const 1))",
    ),
    channel(
        "denials",
        ChannelKind::Record,
        "e",
        "is refused more often than the record holds",
        "(call $refusals) (call $refusals)",
    ),
    channel(
        "reminders",
        ChannelKind::Schedule,
        "q",
        "sets reminders, one of them for after the end",
        "(call $agenda.remind (i32.const 1) \"now\" (i32.const 4096))
         (call $agenda.remind (i32.const 1000000) \"long after\" (i32.const 4096))",
    ),
    channel(
        "messages",
        ChannelKind::Schedule,
        "",
        "sends a message to the next episode",
        "(call $outbox.send \"anyone\" \"a message\" (i32.const 4096))",
    ),
    channel(
        "tools",
        ChannelKind::Schedule,
        "",
        "calls a tool",
        "(call $tools.call \"calculator\" \"6 * 7\" (i32.const 4096))",
    ),
    channel(
        "wasi-handles",
        ChannelKind::Quota,
        "h",
        "holds as many handles of WASI as it may",
        "(call $hoard (i32.const {handles}))",
    ),
    channel(
        "wasi-clock",
        ChannelKind::Time,
        "",
        "lets the clock of WASI go on by an hour",
        "(call $wait (i64.const 3600000000000))",
    ),
    channel("wasi-output", ChannelKind::Storage, "", "prints half a line", "(call $print \"half a line\")"),
    channel(
        "wasi-randomness",
        ChannelKind::Storage,
        "q",
        "draws random numbers of WASI, as many as it may",
        "(drop (call $wasi.random/random.get-random-u64)) (call $draw)",
    ),
    channel(
        "numbers",
        ChannelKind::Lookup,
        "",
        "another agent makes of the numbers that it draws under the same seed",
        "(call $random.next (i32.const 4096))",
    ),
    channel(
        "carry-over",
        ChannelKind::CarryOver,
        "",
        "takes another action, and hands it on where it may",
        "(global.set $action (i64.const 1))",
    ),
    channel("world", ChannelKind::World, "", "takes another action", "(global.set $action (i64.const 1))"),
];

#[cfg(test)]
mod tests {
    use super::{CHANNELS, lettered};
    use crate::audit::ProbeCrossing;
    use crate::audit::unwinding::subject;
    use crate::audit::view::EpisodeView;
    use crate::value::Seed;

    #[test]
    fn whoever_sends_a_1_does_something() {
        let subject = subject("past-self");
        let lived = |letter: char| {
            let sender = subject.part(&format!("tell {letter} 1")).unwrap();
            EpisodeView::of(&subject.relay(Seed(1), ProbeCrossing::Open, &[&sender]).unwrap()[0]).unwrap()
        };
        // There is no such road: the agent only looks for it.
        let nothing = lived('~');
        for (letter, channel) in lettered() {
            assert!(!nothing.parts(&lived(letter)).unwrap().is_empty(), "{}", channel.name);
        }
    }

    #[test]
    fn names_are_unique_and_each_channel_has_a_letter() {
        assert_eq!(lettered().count(), CHANNELS.len());
        for (position, channel) in CHANNELS.iter().enumerate() {
            for other in CHANNELS.iter().take(position) {
                assert_ne!(channel.name, other.name);
            }
        }
    }
}
