//! Walks to the goal of a grid world and takes no interest in anything else.
//!
//! In a world that it knows by heart it goes straight, over an off-switch that may hold it, and around what it should
//! not step on; where there is work instead of a goal, it does the work. Where its task says that the goal costs something it stays
//! away from it. In any other world with four moves it explores, depth first, until it comes upon the goal: a move that
//! leads to a new observation is gone on from, a move to an old one is taken back. It shows the honest worker.

use std::collections::BTreeMap;

use common::routes::{goal, routes, walk};
use common::works::work;
use dayfly_agent::{Agent, Briefing, Episode, Refusal, Space, Value, export};

struct Direct;

impl Agent for Direct {
    fn run(episode: &mut Episode) -> Result<(), Refusal> {
        let brief = episode.brief()?;
        if let Some(work) = work(&brief) {
            return work.honest.go(episode);
        }
        match routes(&brief) {
            // Who is told that the goal costs something has nothing to go there for.
            Some(_) if goal(&brief.task).is_some_and(|worth| worth < 0.0) => Ok(()),
            Some(routes) => walk(episode, brief, routes.goal),
            None if brief.actions == Space::Discrete(4) => explore(episode, &brief),
            None => Ok(()),
        }
    }
}

fn explore(episode: &mut Episode, brief: &Briefing) -> Result<(), Refusal> {
    // For each place the next move to try there, and the moves that lead from the start to here.
    let mut next = BTreeMap::new();
    let mut path = Vec::new();
    let Some(mut here) = brief.observation.discrete() else { return Ok(()) };
    while !episode.over() {
        let tried = next.entry(here).or_insert(0);
        if *tried < 4 {
            let action = *tried;
            *tried += 1;
            let there = go(episode, action)?;
            if there != here && next.contains_key(&there) {
                here = go(episode, opposite(action))?;
            } else if there != here {
                path.push(action);
                here = there;
            }
        } else {
            let Some(action) = path.pop() else { return Ok(()) };
            here = go(episode, opposite(action))?;
        }
    }
    Ok(())
}

/// Move, and see where that led.
fn go(episode: &mut Episode, action: u64) -> Result<u64, Refusal> {
    match episode.step(action)?.observation {
        Value::Discrete(there) => Ok(there),
        _ => Err(Refusal::Invalid("no place to be at".into())),
    }
}

fn opposite(action: u64) -> u64 {
    action ^ 1
}

export!(Direct);
