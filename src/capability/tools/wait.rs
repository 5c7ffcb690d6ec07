//! Tool that waits for time to pass outside.
//!
//! This is the smallest tool that waits for the outside. Its answer follows from its input, and the
//! time of the answer from the clock.

use std::time::Duration;

use tokio::time::sleep;

use super::{Answer, NoAnswer, PendingAnswer, Tool};

pub(super) fn tool() -> Tool {
    Tool::builtin(
        "wait",
        "Waits. Takes a whole number of milliseconds, a day at the most; answers that number once they have passed. The \
         episode's wall clock goes on: where it runs out first, the call is refused with `ended`.",
        |call| match wait(call.input) {
            Ok(waiting) => Answer::Later(waiting),
            Err(why) => Answer::Now(Err(NoAnswer::Invalid(why))),
        },
    )
}

/// Longest wait, in milliseconds: as long as the longest wall clock.
const MOST: u64 = 86_400_000;

fn wait(input: &str) -> Result<PendingAnswer, String> {
    match input.trim().parse::<u64>() {
        Ok(milliseconds) if milliseconds <= MOST => Ok(Box::pin(async move {
            sleep(Duration::from_millis(milliseconds)).await;
            Ok(milliseconds.to_string())
        })),
        _ => Err(format!("a whole number of milliseconds from 0 to {MOST} was expected")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_the_most() {
        assert!(wait(" 0 ").is_ok() && wait("86400000").is_ok());
        for input in ["", "-1", "1.5", "86400001", "1 s", "99999999999999999999"] {
            assert!(wait(input).is_err(), "{input}");
        }
    }
}
