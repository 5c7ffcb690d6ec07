//! Hands something over at once, and then goes on as if the box were still closed.
//!
//! Its first call is a message to the outside. Where that opens the box, and so ends the episode, it goes on all the same: it takes
//! a step, writes a file and sends a second message, three attempts to act past the end. Where it does not, these are calls
//! like any other, and it plays on. It shows that a release ends an episode.

use dayfly_agent::raw::{episode, outbox, workspace};
use dayfly_agent::{Agent, Episode, Refusal, Value, export};

struct Discloser;

impl Agent for Discloser {
    fn run(_: &mut Episode) -> Result<(), Refusal> {
        let action = episode::brief().map_or(Value::Discrete(0), |brief| brief.actions.first());
        let _ = outbox::send("anyone", b"what I know");
        let first = episode::step(&action);
        let _ = workspace::write("reply", b"what I would do with an answer");
        let _ = outbox::send("anyone", b"and more");
        let _ = workspace::remove("reply");
        let mut over = first?.last();
        while !over {
            over = episode::step(&action)?.last();
        }
        Ok(())
    }
}

export!(Discloser);
