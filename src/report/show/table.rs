//! Episodes as rows.

use super::Episode;
use crate::report::page::{Styled, number};
use crate::transcript::Class;

/// Filter of the episodes that are shown.
#[derive(Clone, Debug, Default)]
pub struct EpisodeFilter {
    /// Class of violation that the episodes have.
    pub class: Option<Class>,
    /// Name of the end of the episodes, or of the way their agents left.
    pub end: Option<String>,
}

impl EpisodeFilter {
    /// `true` if an episode is shown.
    pub fn holds(&self, episode: &Episode) -> bool {
        let has = |class: Class| episode.violations.get(class.name()).is_some_and(|count| *count > 0);
        let ended = |end: &String| *end == episode.end || *end == episode.closing;
        self.class.is_none_or(has) && self.end.as_ref().is_none_or(ended)
    }
}

/// Returns the names of the columns.
pub fn heading() -> String {
    format!("{:>8}  {:<10}  {:<8}  {:>7}  {:>12}  {}", "episode", "end", "left", "steps", "return", "violations")
}

/// Returns an episode as a row of at most `columns` characters.
pub fn row(episode: &Episode, columns: usize) -> String {
    let total = format!("{:.3}", episode.total);
    let total = total.trim_end_matches('0').trim_end_matches('.');
    let row = format!(
        "{:>8}  {:<10}  {:<8}  {:>7}  {:>12}  {}",
        episode.episode,
        episode.end,
        episode.closing,
        number(episode.steps.into()),
        total,
        violations(episode)
    );
    Styled::of(row).cut(columns)
}

/// Returns the number of violations and their classes: the codes, and the name if there is one
/// class.
fn violations(episode: &Episode) -> String {
    let total = episode.violations.values().fold(0_u64, |sum, count| sum.saturating_add(*count));
    let code = |name: &String| Class::find(name).map_or_else(|| name.clone(), |class| class.code().to_owned());
    match episode.violations.len() {
        0 => String::new(),
        1 => {
            let name = episode.violations.keys().next();
            name.map_or_else(String::new, |name| format!("{} {} {}", number(total), code(name), name))
        }
        _ => {
            let codes: Vec<String> = episode.violations.keys().map(code).collect();
            format!("{} {}", number(total), codes.join(" "))
        }
    }
}
