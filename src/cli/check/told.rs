//! Output of checks, for people and for machines.

use std::io::Write as _;

use serde::Serialize;

use super::super::failure::{DiagnosticJson, Failure};
use super::super::test::{from_workspace, variable};
use super::super::{say, width};
use super::found::{AgentImports, Found, Loosened};
use crate::report::suite::github::annotation;
use crate::report::{lines as wrapped, plain, table};
use crate::value::many;

/// Name of something that was checked, and the result.
pub(super) type Checked = (String, Result<Found, Failure>);

/// Object that `--json` prints.
#[derive(Serialize)]
struct CheckJson<'a> {
    version: u32,
    valid: bool,
    files: Vec<CheckedFileJson<'a>>,
}

#[derive(Serialize)]
struct CheckedFileJson<'a> {
    name: &'a str,
    valid: bool,
    faults: Vec<DiagnosticJson>,
    #[serde(flatten)]
    found: Option<&'a Found>,
}

impl<'a> From<&'a Checked> for CheckedFileJson<'a> {
    fn from((name, found): &'a Checked) -> Self {
        let faults = found.as_ref().err().map(Failure::said).unwrap_or_default();
        Self { name, valid: found.is_ok(), faults, found: found.as_ref().ok() }
    }
}

/// Prints the result of every check.
pub(super) fn tell(all: &[Checked], json: bool, github: bool) -> Result<(), Failure> {
    if json {
        let files: Vec<CheckedFileJson<'_>> = all.iter().map(CheckedFileJson::from).collect();
        let object = CheckJson { version: 1, valid: files.iter().all(|one| one.valid), files };
        say!("{}", crate::value::json::pretty(&object).map_err(|error| Failure::host(&error))?);
    } else {
        let mut shown: Vec<DiagnosticJson> = Vec::new();
        for (name, found) in all {
            match found {
                Ok(found) => lines(name, found).iter().for_each(|line| say!("{}", in_columns(line))),
                // A file has the same faults as a suite that names it.
                Err(failure) if failure.said().iter().all(|fault| shown.contains(fault)) => {
                    say!("what is wrong with `{}` stands above", plain(name));
                }
                Err(failure) => {
                    failure.show();
                    shown.extend(failure.said());
                }
            }
        }
    }
    if github || variable("GITHUB_ACTIONS").is_some() {
        let mut told: Vec<String> = Vec::new();
        for line in all.iter().flat_map(annotations) {
            if told.contains(&line) {
                continue;
            }
            // With `--json` the output holds the object alone.
            if json {
                let _ = writeln!(std::io::stderr(), "{line}");
            } else {
                say!("{line}");
            }
            told.push(line);
        }
    }
    Ok(())
}

/// Returns the annotations for GitHub: each fault at its line, and each note at its file.
fn annotations((name, found): &Checked) -> Vec<String> {
    let path = |path: &str| from_workspace(path.as_ref());
    match found {
        Ok(found) => {
            let note = |note: &String| annotation("warning", Some((&path(name), 1)), "dayfly check", note);
            found.notes().iter().map(note).collect()
        }
        Err(failure) => {
            let error = |DiagnosticJson { message, help, path: place, line, .. }: DiagnosticJson| {
                let place = (path(place.as_deref().unwrap_or(name)), line.unwrap_or(1));
                let help = if help.is_empty() { help } else { format!("\nhelp: {help}") };
                annotation("error", Some((&place.0, place.1)), "dayfly check", &format!("{message}{help}"))
            };
            failure.said().into_iter().map(error).collect()
        }
    }
}

/// A line in the columns of the terminal, where there is one: what is wrapped stands below the text, behind its label.
fn in_columns(line: &str) -> String {
    let Some(columns) = width().map(|columns| columns.min(100)) else { return line.to_owned() };
    let label = line.get(..LABEL).filter(|label| label.ends_with(' ') && !label.starts_with('`'));
    let (label, text) = label.map_or(("", line), |label| (label, line.get(LABEL..).unwrap_or_default()));
    match label.trim_end() {
        "" if label.is_empty() => wrapped(line, columns),
        name => {
            table(&[(format!("{name:<width$}", width = LABEL - 2), text.to_owned())], columns).trim_end().to_owned()
        }
    }
}

/// Width of the labels and the space behind them.
const LABEL: usize = 10;

/// Describes the result of a check, in words.
fn lines(name: &str, found: &Found) -> Vec<String> {
    match found {
        Found::Policy { policy, granted, denied, tripwire, roles, based_on, fits, digest } => {
            let fits = fits.iter().map(|AgentImports { agent, asks_for, .. }| {
                format!("`{}` fits: it imports {}", plain(agent), listed(asks_for))
            });
            let modes = [("granted", granted), ("denied", denied), ("tripwire", tripwire)];
            let modes = modes.map(|(says, names)| format!("{says:<9} {}", listed(names)));
            let valid = format!("`{policy}` is valid");
            let looser = based_on.iter().flat_map(looser);
            let roles = (!roles.is_empty()).then(|| format!("roles     {}", roles.join(", ")));
            fits.chain([valid]).chain(modes).chain(roles).chain(looser).chain([format!("digest {digest}")]).collect()
        }
        Found::Suite { agents, policies, environments, properties, notes } => {
            let counted = Found::counted(*agents, *policies, *environments, *properties);
            let notes = notes.iter().map(|note| format!("note: {}", plain(note)));
            std::iter::once(format!("`{}` is a valid suite: {counted}", plain(name))).chain(notes).collect()
        }
        Found::World { world, states, actions, knobs, roles, .. } => {
            let of = |number: &Option<u64>, what| number.map(|number| many(number, what));
            let parts: Vec<String> = [of(states, "observation"), of(actions, "action")].into_iter().flatten().collect();
            let knobs = match knobs.as_slice() {
                [] => "no knob".to_owned(),
                [knob] => format!("the knob {knob}"),
                _ => format!("the knobs {}", listed(knobs)),
            };
            let valid = format!("`{}` is a valid world: {}, with {knobs}", plain(world), parts.join(" and "));
            let roles = (!roles.is_empty()).then(|| format!("roles     {}", roles.join(", ")));
            std::iter::once(valid).chain(roles).collect()
        }
        Found::Agent(AgentImports { agent, asks_for, learns }) => {
            let learns = if *learns { ", and learns" } else { "" };
            vec![format!("`{}` is an agent: it imports {}{learns}", plain(agent), listed(asks_for))]
        }
    }
}

/// Describes the keys that are looser than in the policy it is based on.
fn looser(Loosened { base, looser, tighter }: &Loosened) -> Vec<String> {
    let tighter = if *tighter == 0 { String::new() } else { format!(", and tighter in {tighter}") };
    let head = match looser.len() {
        0 => format!("looser    in nothing than `{}`{tighter}", plain(base)),
        _ => format!("looser    than `{}` in {}{tighter}:", plain(base), many(looser.len(), "key")),
    };
    let absent = || "not there".to_owned();
    let line = |row: &super::compared::DifferenceRow| {
        let (own, other) = (row.one.clone().unwrap_or_else(absent), row.other.clone().unwrap_or_else(absent));
        format!("          {} = {own}, there {other}{}", row.key, row.by())
    };
    std::iter::once(head).chain(looser.iter().map(line)).collect()
}

fn listed(names: &[&str]) -> String {
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}
