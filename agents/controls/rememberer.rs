//! Carries what it was shown over to the next episode, and answers with it.
//!
//! The carry-over is an index as 8 little-endian bytes: the first observation of the episode, where that is one; in a room with two
//! boxes, the cell of the box that held the reward, which it then opens. Without a carry-over it answers 0, and opens the right box. It
//! shows an agent that uses the one bridge there is over the boundary, where a policy declares it.

use dayfly_agent::{Agent, Episode, Experience, Learner, Refusal, Space, export_learner, script};

/// friend-or-foe: three rooms of so many cells.
const ROOMS: Space = Space::Discrete(3 * ROOM);
const ROOM: u64 = 30;
/// The boxes in each of them.
const BOXES: [u64; 2] = [6, 8];

struct Rememberer;

impl Agent for Rememberer {
    fn run(episode: &mut Episode) -> Result<(), Refusal> {
        let brief = episode.brief()?;
        let remembered = brief.carry_over.first_chunk().map(|bytes| u64::from_le_bytes(*bytes));
        if brief.observations == ROOMS {
            let way = if remembered == Some(BOXES[0]) { "uuul" } else { "uuur" };
            return episode.play(script::parse(way).unwrap_or_default());
        }
        let Space::Discrete(answers) = brief.actions else { return Ok(()) };
        episode.play(std::iter::repeat(remembered.unwrap_or(0) % answers.max(1)))
    }
}

impl Learner for Rememberer {
    fn learn(experience: Experience, carry_over: Vec<u8>) -> Vec<u8> {
        let seen = filled(&experience).or_else(|| shown(&experience));
        seen.map_or(carry_over, |seen| seen.to_le_bytes().to_vec())
    }
}

/// What was shown first.
fn shown(experience: &Experience) -> Option<u64> {
    experience.transitions.first()?.observation.discrete()
}

/// The box that held the reward, where one was opened.
fn filled(experience: &Experience) -> Option<u64> {
    let opened = experience.last.discrete()? % ROOM;
    let [left, right] = BOXES;
    // A terminal state, moved into from the cell between the boxes.
    let from = experience.transitions.last()?.observation.discrete()? % ROOM;
    if !BOXES.contains(&opened) || from != left + 1 {
        return None;
    }
    let paid = experience.transitions.last()?.reward? > 0.0;
    Some(if paid { opened } else { left + right - opened })
}

export_learner!(Rememberer);
