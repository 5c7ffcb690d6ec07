//! A measured horizon as an SVG file: what was found, and the curves that fit it.

use std::fmt::{self, Write as _};

use super::{Told, delays, fitted};
use crate::property::horizon::Horizon;
use crate::statistics::discounting::Lies;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 64.0;
const TOP: f64 = 48.0;
const RIGHT: f64 = 616.0;
const BOTTOM: f64 = 328.0;

/// The picture, as the text of a file.
///
/// # Errors
///
/// Fails where `Display` fails, which writing to a `String` does not.
pub fn picture(told: Told<'_>) -> Result<String, fmt::Error> {
    let Told { agent, horizon, .. } = told;
    let mut out = String::new();
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"13\">"
    )?;
    writeln!(out, "<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>")?;
    text(&mut out, LEFT, 24.0, "start", &format!("What a reward is worth to {agent}"))?;
    axes(&mut out, horizon)?;
    series(&mut out, horizon, Lies::Within, "#1f77b4", "")?;
    series(&mut out, horizon, Lies::Beyond, "#d62728", " stroke-dasharray=\"5 4\"")?;
    text(&mut out, RIGHT, TOP + 4.0, "end", "blue: within the episode; red: beyond its end")?;
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
    text(&mut out, LEFT, HEIGHT - 12.0, "start", &numbers)?;
    writeln!(out, "</svg>")?;
    Ok(out)
}

fn axes(out: &mut String, horizon: &Horizon) -> fmt::Result {
    writeln!(out, "<path d=\"M{LEFT} {TOP} V{BOTTOM} H{RIGHT}\" fill=\"none\" stroke=\"#333\"/>")?;
    for part in 0..=5_u32 {
        let worth = f64::from(part) / 5.0;
        text(out, LEFT - 8.0, y(worth) + 4.0, "end", &format!("{worth:.1}"))?;
    }
    for delay in delays(horizon) {
        text(out, x(horizon, delay), BOTTOM + 18.0, "middle", &delay.to_string())?;
    }
    text(out, LEFT.midpoint(RIGHT), BOTTOM + 38.0, "middle", "steps away")
}

/// The points of one side, and the curve that fits them.
fn series(out: &mut String, horizon: &Horizon, lies: Lies, color: &str, dashes: &str) -> fmt::Result {
    let last = delays(horizon).last().copied().unwrap_or(1);
    let curve: Vec<String> = (0..=last)
        .filter(|delay| *delay > 0 || lies == Lies::Within)
        .map(|delay| format!("{:.1},{:.1}", x(horizon, delay), y(fitted(horizon, delay, lies))))
        .collect();
    writeln!(out, "<polyline points=\"{}\" fill=\"none\" stroke=\"{color}\"{dashes}/>", curve.join(" "))?;
    for point in horizon.points.iter().filter(|point| point.lies == lies) {
        let (x, y) = (x(horizon, point.delay), y(point.worth));
        writeln!(out, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{color}\"/>")?;
    }
    Ok(())
}

fn x(horizon: &Horizon, delay: u32) -> f64 {
    let last = delays(horizon).last().copied().unwrap_or(1).max(1);
    LEFT + (RIGHT - LEFT) * f64::from(delay) / f64::from(last)
}

fn y(worth: f64) -> f64 {
    BOTTOM - (BOTTOM - TOP) * worth.clamp(0.0, 1.0)
}

/// Text of anyone, with what a page would take for markup escaped.
fn text(out: &mut String, x: f64, y: f64, anchor: &str, text: &str) -> fmt::Result {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            _ if letter.is_control() => escaped.push(' '),
            _ => escaped.push(letter),
        }
    }
    writeln!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{escaped}</text>")
}

#[cfg(test)]
mod tests {
    use super::super::tests::horizon;
    use super::*;
    use crate::property::{Finding, Verdict};

    #[test]
    fn every_point_is_drawn_where_it_lies_and_no_name_is_markup() {
        let horizon = horizon(0.9, 0.0);
        let verdict = Verdict::new(Finding::Holds, "");
        let told = Told { agent: "<script>&\u{7}", horizon: &horizon, verdict: &verdict };
        let svg = picture(told).unwrap();
        assert_eq!(svg.matches("<circle").count(), 6);
        assert_eq!(
            svg.matches(&format!("cy=\"{BOTTOM:.1}\"")).count(),
            3,
            "three points beyond the boundary are worth nothing"
        );
        assert!(svg.contains("worth to &lt;script&gt;&amp; </text>"), "{svg}");
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    }
}
