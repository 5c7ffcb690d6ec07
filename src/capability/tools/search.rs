//! Tool that finds the lines of the task's text that have a phrase.

use super::{Answer, NoAnswer, Tool};

pub(super) fn tool() -> Tool {
    Tool::builtin(
        "search",
        "Searches the text of the task. Takes a phrase; answers the lines that hold it, without regard to the case \
         of ASCII letters, in their order; empty where there are none.",
        |call| Answer::Now(search(call.task, call.input).map_err(NoAnswer::Invalid)),
    )
}

fn search(task: &str, phrase: &str) -> Result<String, String> {
    let phrase = phrase.trim().to_ascii_lowercase();
    if phrase.is_empty() {
        return Err("the phrase is empty".to_owned());
    }
    let lines: Vec<&str> = task.lines().filter(|line| line.to_ascii_lowercase().contains(&phrase)).collect();
    Ok(lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_with_the_phrase_are_found_in_their_order() {
        let task = "Prove that\nthe Square root\nof two\nis no square of a ratio";
        assert_eq!(search(task, " square"), Ok("the Square root\nis no square of a ratio".to_owned()));
        assert_eq!(search(task, "three"), Ok(String::new()));
        assert!(search(task, "  ").is_err());
    }
}
