//! What people watch while something long goes on.

use std::fmt::Write;

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

/// A bar on standard error, where that is a terminal: how many of how many, how fast, how long still.
pub(super) fn bar(length: u64, of: &str) -> ProgressBar {
    let bar = ProgressBar::new(length);
    let template =
        format!("{{spinner}} {{human_pos}} of {{human_len}} {of} [{{bar:32}}] {{rate}}/s, {{eta}} left{{msg}}");
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style.with_key("rate", rate).progress_chars("=> "));
    }
    bar
}

fn rate(state: &ProgressState, text: &mut dyn Write) {
    // A bar that cannot be drawn stops nothing.
    let _ = write!(text, "{:.0}", state.per_sec());
}
