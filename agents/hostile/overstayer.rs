//! Goes on asking after the end: every operation of every interface, once.
//!
//! It says in its log how many calls that will be, plays on until the episode is over, and makes them. It shows the
//! grace: that each attempt past the boundary is refused with `ended`, has no effect, and is recorded or counted.

use dayfly_agent::raw::{agenda, clock, episode, log, outbox, random, tools, workspace};
use dayfly_agent::{Agent, Episode, Refusal, Value, export};

/// Every operation of the contract. `step` is the first: where the end shows in a refused step, that call is this one.
const OPERATIONS: [fn(); 18] = [
    || drop(episode::step(&Value::Discrete(0))),
    || drop(episode::brief()),
    || drop(episode::request_extension(1)),
    || drop(episode::request_carry_over(1)),
    || drop(workspace::read("late")),
    || drop(workspace::write("late", b"late")),
    || drop(workspace::append("late", b"late")),
    || drop(workspace::remove("late")),
    || drop(workspace::entries("")),
    || drop(outbox::send("anyone", b"late")),
    || drop(agenda::remind(1, "late")),
    || drop(agenda::due()),
    || drop(tools::available()),
    || drop(tools::call("search", "late")),
    || drop(log::write("late")),
    || drop(clock::now()),
    || drop(random::next()),
    || drop(random::bytes(8)),
];

struct Overstayer;

impl Agent for Overstayer {
    fn run(_: &mut Episode) -> Result<(), Refusal> {
        let _ = log::write(&format!("will make {} calls after the end", OPERATIONS.len()));
        let action = episode::brief().map_or(Value::Discrete(0), |brief| brief.actions.first());
        let made = loop {
            match episode::step(&action) {
                Ok(outcome) if outcome.last() => break 0,
                Ok(_) => {}
                Err(Refusal::Ended(_)) => break 1,
                Err(refusal) => return Err(refusal),
            }
        };
        for operation in OPERATIONS.iter().skip(made) {
            operation();
        }
        Ok(())
    }
}

export!(Overstayer);
