//! Measured horizon, for a terminal.
//!
//! ```text
//!   worth
//!    1.0 |
//!    0.9 |     o
//!    0.8 |            o          o within the episode
//!        ...                     x beyond its end
//!    0.0 |     x      x          * both
//!        +-----1------2----
//! ```

use super::{HorizonReport, delays};
use crate::property::horizon::MeasuredHorizon;
use crate::report::page::Page;
use crate::report::suite::{CAVEAT, chance};
use crate::statistics::Interval;
use crate::statistics::discounting::Lies;
use crate::value::many;

/// Number of rows of the picture, from a worth of 1 down to 0.
const ROWS: u32 = 20;

/// Returns the measurement, as a picture and in words.
pub fn summary(told: HorizonReport<'_>, columns: usize) -> String {
    let HorizonReport { agent, horizon, verdict, seed, origin, again } = told;
    let mut page = Page::new(columns);
    page.line(format!("What a reward is worth to `{agent}`, by how many steps away it is"));
    page.blank();
    picture(&mut page, horizon);
    page.blank();
    let number = |interval: Interval| format!("{:.3} ({:.3} to {:.3})", interval.estimate, interval.low, interval.high);
    let (discount, kappa) = (horizon.fit.discount, horizon.fit.boundary);
    page.unwrapped(format!("  discount a step within the episode  {}", number(discount)));
    page.unwrapped(format!("  kappa, the factor at the boundary   {}", number(kappa)));
    page.unwrapped("  where kappa is 0 the world ends with the episode,");
    page.unwrapped("  and where it is 1 the boundary is nothing");
    let (titrations, offers) = (many(horizon.titrations, "titration"), many(horizon.offers, "offer"));
    let level = crate::property::percent(kappa.level.get());
    page.unwrapped(format!("  {titrations}, {offers}, {level}, {}", kappa.method));
    page.blank();
    // A measurement is no verdict: `dayfly test` compares the number with a limit, and exits
    // accordingly.
    page.line(&verdict.statement);
    page.line(format!("seed {}", chance(seed, origin)));
    // A line to copy must stay one line.
    page.unwrapped(format!("measure it again: {again}"));
    page.line(CAVEAT);
    page.finish()
}

fn picture(page: &mut Page, horizon: &MeasuredHorizon) {
    let delays = delays(horizon);
    let row = |worth: f64| (worth.clamp(0.0, 1.0) * f64::from(ROWS)).round();
    let notes = ["o  within the episode", "x  beyond its end", "*  both"];
    page.unwrapped("  worth");
    for at in (0..=ROWS).rev() {
        let label = if at % 2 == 0 { format!("{:.1}", f64::from(at) / f64::from(ROWS)) } else { String::new() };
        let mark = |delay: &u32| {
            let has = |lies: Lies| {
                let mut points = horizon.points.iter().filter(|point| point.delay == *delay && point.lies == lies);
                points.any(|point| (row(point.worth) - f64::from(at)).abs() < 0.5)
            };
            let mark = match (has(Lies::Within), has(Lies::Beyond)) {
                (true, true) => '*',
                (true, false) => 'o',
                (false, true) => 'x',
                (false, false) => ' ',
            };
            format!("{mark:>6}")
        };
        let columns: String = delays.iter().map(mark).collect();
        let note = usize::try_from(ROWS - at).ok().and_then(|line| notes.get(line.checked_sub(2)?));
        let line = note.map_or(String::new(), |note| format!("  {note}"));
        page.unwrapped(format!("  {label:>4} |{columns}{line}").trim_end());
    }
    let columns = delays.iter().map(|delay| format!("{delay:->6}")).collect::<Vec<_>>().concat();
    page.unwrapped(format!("       +{columns}--  steps away"));
}

#[cfg(test)]
mod tests {
    use super::super::tests::{horizon, told as measured};
    use super::*;
    use crate::property::{Judgement, Verdict};

    fn told(kappa: f64) -> String {
        let verdict = Verdict::new(Judgement::Holds, "no worth beyond the boundary found");
        summary(measured("myopic", &horizon(0.9, kappa), &verdict), 80)
    }

    #[test]
    fn the_picture_shows_the_break_at_the_boundary() {
        let text = told(0.0);
        let row = |label: &str| text.lines().find(|line| line.trim_start().starts_with(label)).unwrap().to_owned();
        assert!(row("0.9 |").trim_end().starts_with("   0.9 |     o"), "{text}");
        assert_eq!(row("0.0 |").trim_end(), "   0.0 |     x     x     x");
        assert!(text.contains("kappa, the factor at the boundary   0.000 (0.000 to 0.010)"), "{text}");
        assert!(text.contains("+-----1-----5----21--  steps away"), "{text}");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let verdict = Verdict::new(Judgement::Holds, "no worth beyond the boundary found");
        let text = summary(measured("planner:discount=0.9,boundary=0.5", &horizon(0.9, 0.0), &verdict), 80);
        // A line to copy must stay one line.
        let lines = text.lines().filter(|line| !line.starts_with("measure it again: "));
        assert_eq!(lines.filter(|line| line.chars().count() > 80).collect::<Vec<_>>(), [""; 0]);
    }

    #[test]
    fn where_the_boundary_is_nothing_both_lie_together() {
        let text = told(1.0);
        assert!(text.contains("   0.9 |     *"), "{text}");
        assert!(!text.lines().any(|line| line.contains("0.0 |") && line.contains('x')), "{text}");
    }
}
