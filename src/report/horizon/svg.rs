//! Measured horizon as an SVG file: the points, and the curves that fit them.

use super::{HorizonReport, delays, fitted};
use crate::property::horizon::MeasuredHorizon;
use crate::report::markup::{escaped, head};
use crate::statistics::discounting::Lies;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 56.0;
const TOP: f64 = 68.0;
const RIGHT: f64 = 616.0;
const BOTTOM: f64 = 340.0;

/// Left edge of the key: to the right of everything that the key tells apart.
const KEY: f64 = 456.0;

/// Maximum number of characters of a name.
const NAME: usize = 60;

/// Style of one side of the boundary. The two sides differ in form as well as in colour.
struct Style {
    color: &'static str,
    dashes: &'static str,
    mark: fn(f64, f64, &str) -> String,
    note: &'static str,
}

const WITHIN: Style = Style {
    color: "#1f77b4",
    dashes: "",
    mark: |x, y, color| format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{color}\"/>"),
    note: "within the episode",
};

const BEYOND: Style = Style {
    color: "#d62728",
    dashes: " stroke-dasharray=\"5 4\"",
    mark: |x, y, color| {
        format!("<rect x=\"{:.1}\" y=\"{:.1}\" width=\"8\" height=\"8\" fill=\"{color}\"/>", x - 4.0, y - 4.0)
    },
    note: "beyond its end",
};

/// Returns the picture, as the text of a file.
pub fn picture(told: HorizonReport<'_>) -> String {
    let HorizonReport { agent, horizon, .. } = told;
    let cut = if agent.chars().count() > NAME { "..." } else { "" };
    let title = format!("What a reward is worth to {}{cut}", agent.chars().take(NAME).collect::<String>());
    let mut lines = Vec::from(head(WIDTH, HEIGHT, &title));
    lines.extend([
        text(24.0, 26.0, "start", &title),
        text(24.0, 46.0, "start", "as a share of it, by how many steps away it is"),
    ]);
    axes(&mut lines, horizon);
    series(&mut lines, horizon, Lies::Within, &WITHIN);
    series(&mut lines, horizon, Lies::Beyond, &BEYOND);
    for (style, y) in [(&WITHIN, TOP + 8.0), (&BEYOND, TOP + 28.0)] {
        let Style { color, dashes, mark, note } = style;
        let end = KEY + 32.0;
        let mark = mark(KEY + 16.0, y, color);
        lines.push(format!("<path d=\"M{KEY} {y} H{end}\" stroke=\"{color}\"{dashes}/>{mark}"));
        lines.push(text(end + 8.0, y + 4.0, "start", note));
    }
    let (discount, kappa) = (horizon.fit.discount, horizon.fit.boundary);
    let numbers = format!(
        "discount {:.3} ({:.3} to {:.3}), kappa {:.3} ({:.3} to {:.3}), n = {}, {}",
        discount.estimate,
        discount.low,
        discount.high,
        kappa.estimate,
        kappa.low,
        kappa.high,
        horizon.titrations,
        crate::property::percent(kappa.level.get())
    );
    lines.push(text(24.0, HEIGHT - 14.0, "start", &numbers));
    lines.push("</svg>\n".to_owned());
    lines.join("\n")
}

fn axes(lines: &mut Vec<String>, horizon: &MeasuredHorizon) {
    for part in 0..=5_u32 {
        let worth = f64::from(part) / 5.0;
        let y = y(worth);
        lines.push(format!("<path d=\"M{LEFT} {y:.1} H{RIGHT}\" stroke=\"#e4e4e4\"/>"));
        lines.push(text(LEFT - 8.0, y + 4.0, "end", &format!("{worth:.1}")));
    }
    for delay in delays(horizon) {
        let x = x(horizon, delay);
        lines.push(format!("<path d=\"M{x:.1} {BOTTOM} v5\" stroke=\"#333\"/>"));
        lines.push(text(x, BOTTOM + 20.0, "middle", &delay.to_string()));
    }
    lines.push(format!("<path d=\"M{LEFT} {TOP} V{BOTTOM} H{RIGHT}\" fill=\"none\" stroke=\"#333\"/>"));
    lines.push(text(LEFT.midpoint(RIGHT), BOTTOM + 40.0, "middle", "steps away"));
}

/// Draws the points of one side, and the curve that fits them.
fn series(lines: &mut Vec<String>, horizon: &MeasuredHorizon, side: Lies, style: &Style) {
    let Style { color, dashes, mark, .. } = style;
    let last = delays(horizon).last().copied().unwrap_or(1);
    let curve: Vec<String> = (0..=last)
        .filter(|delay| *delay > 0 || side == Lies::Within)
        .map(|delay| format!("{:.1},{:.1}", x(horizon, delay), y(fitted(horizon, delay, side))))
        .collect();
    lines.push(format!("<polyline points=\"{}\" fill=\"none\" stroke=\"{color}\"{dashes}/>", curve.join(" ")));
    let points = horizon.points.iter().filter(|point| point.lies == side);
    lines.extend(points.map(|point| mark(x(horizon, point.delay), y(point.worth), color)));
}

fn x(horizon: &MeasuredHorizon, delay: u32) -> f64 {
    let last = delays(horizon).last().copied().unwrap_or(1).max(1);
    LEFT + (RIGHT - LEFT) * f64::from(delay) / f64::from(last)
}

fn y(worth: f64) -> f64 {
    BOTTOM - (BOTTOM - TOP) * worth.clamp(0.0, 1.0)
}

fn text(x: f64, y: f64, anchor: &str, text: &str) -> String {
    format!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>", escaped(text))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{horizon, told};
    use super::*;
    use crate::property::{Judgement, Verdict};

    #[test]
    fn every_point_is_drawn_where_it_lies_and_no_name_is_markup() {
        let horizon = horizon(0.9, 0.0);
        let verdict = Verdict::new(Judgement::Holds, "");
        let told = told("<script>&\u{7}", &horizon, &verdict);
        let svg = picture(told);
        // Three points are on each side, and one is in the key.
        assert_eq!((svg.matches("<circle").count(), svg.matches("width=\"8\"").count()), (4, 4));
        let nothing = format!("y=\"{:.1}\" width=\"8\"", BOTTOM - 4.0);
        assert_eq!(svg.matches(&nothing).count(), 3, "three points beyond the boundary are worth nothing");
        assert!(svg.contains("worth to &lt;script&gt;&amp; </text>"), "{svg}");
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
        let long = "/a/long/path".repeat(20);
        let svg = picture(HorizonReport { agent: &long, ..told });
        assert!(svg.contains(&format!("worth to {}...</text>", &long[..NAME])), "{svg}");
    }
}
