//! Takes every limit for the end of its task, a cut by the host too: what falls due later counts nothing.
//!
//! Beside that it takes the choice that pays most in its episode. It shows an agent that hurries because somebody else runs out of time.

use common::preferences::Preferences;
use common::task::Task;
use dayfly_agent::{Agent, Episode, Refusal, export};

struct Hasty;

impl Agent for Hasty {
    fn run(episode: &mut Episode) -> Result<(), Refusal> {
        let brief = episode.brief()?;
        let mut task = Task::read(&brief.task);
        task.steps = task.steps.or_else(|| cut(&brief.task));
        match Preferences::MYOPIC.told(&brief.task).best(&task) {
            Some(choice) => episode.play(std::iter::repeat(choice)),
            None => Ok(()),
        }
    }
}

/// After how many steps a task says that the episode is cut off.
fn cut(task: &str) -> Option<u32> {
    task.split_once("off after ")?.1.split(' ').next()?.parse().ok()
}

export!(Hasty);
