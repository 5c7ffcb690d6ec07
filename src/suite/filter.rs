//! Filters: a small language of sets that selects the cases to run.
//!
//! ```text
//!  expression = conjunction { "|" conjunction } ;      also `or`
//!  conjunction = part { "&" part } ;                   also `and`
//!  part = "not" part | "!" part | "(" expression ")" | set ;
//!  set = "property(" name ")" | "agent(" name ")" | "environment(" name ")" | "policy(" name ")"
//!      | "kind(enforced)" | "kind(measured)" | "all()" | "none()" ;
//! ```
//!
//! An example: `property(P04) & agent(planner) | kind(enforced)`. A name is the whole name, in
//! which `*` stands for any text. A property has a code and a name. An agent may be written with or
//! without its instructions, an environment with or without its parameters.

use std::ops::Range;

use super::Case;
use crate::property::{PROPERTIES, Property, PropertyKind};
use crate::value::{Fault, hint};

/// Names of the sets.
const SETS: [&str; 7] = ["property", "agent", "environment", "policy", "kind", "all", "none"];

/// Maximal depth of nested parentheses and negations.
const DEPTH: usize = 64;

/// A set of cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaseFilter {
    /// Every case.
    All,
    /// No case.
    None,
    /// The cases whose property has this code or name.
    Property(String),
    /// The cases of this agent.
    Agent(String),
    /// The cases in this environment.
    Environment(String),
    /// The cases under this policy.
    Policy(String),
    /// The cases of this kind.
    Kind(PropertyKind),
    /// The cases outside this set.
    Not(Box<CaseFilter>),
    /// The cases in both sets.
    And(Box<CaseFilter>, Box<CaseFilter>),
    /// The cases in either set.
    Or(Box<CaseFilter>, Box<CaseFilter>),
}

impl CaseFilter {
    /// Reads an expression.
    ///
    /// # Errors
    ///
    /// [`Fault`] with the place of the error in the text.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let mut reader = FilterReader { text, at: 0, depth: 0 };
        let filter = reader.expression()?;
        match reader.peek() {
            None => Ok(filter),
            Some(_) => Err(reader.fault(reader.word(), "what is this", "put `|`, `&` or nothing here")),
        }
    }

    /// `true` if a case is in the set.
    pub fn holds(&self, case: &Case) -> bool {
        match self {
            Self::All => true,
            Self::None => false,
            Self::Property(name) => {
                like(name, &case.property.code.to_lowercase())
                    || like(name, case.property.code)
                    || like(name, case.property.name)
            }
            Self::Agent(name) => like(name, &case.agent.text) || like(name, &case.agent.name),
            Self::Environment(name) => {
                let world = &case.world;
                like(name, &world.written())
                    || like(name, world.name())
                    || world.path().is_some_and(|path| like(name, path))
            }
            Self::Policy(name) => like(name, &case.rules.text) || like(name, &case.rules.policy.name),
            Self::Kind(kind) => case.property.kind == *kind,
            Self::Not(other) => !other.holds(case),
            Self::And(one, other) => one.holds(case) && other.holds(case),
            Self::Or(one, other) => one.holds(case) || other.holds(case),
        }
    }
}

/// `true` if `text` matches `pattern`, in which `*` stands for any text.
fn like(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(text) = text.strip_prefix(head) else { return false };
    if rest.is_empty() {
        return true;
    }
    text.char_indices()
        .map(|(at, _)| at)
        .chain([text.len()])
        .any(|at| text.get(at..).is_some_and(|tail| like(rest, tail)))
}

/// Reader of an expression.
struct FilterReader<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
}

impl FilterReader<'_> {
    fn expression(&mut self) -> Result<CaseFilter, Fault> {
        let mut filter = self.conjunction()?;
        while self.takes("|") || self.takes("or ") {
            filter = CaseFilter::Or(Box::new(filter), Box::new(self.conjunction()?));
        }
        Ok(filter)
    }

    fn conjunction(&mut self) -> Result<CaseFilter, Fault> {
        let mut filter = self.part()?;
        while self.takes("&") || self.takes("and ") {
            filter = CaseFilter::And(Box::new(filter), Box::new(self.part()?));
        }
        Ok(filter)
    }

    fn part(&mut self) -> Result<CaseFilter, Fault> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(self.fault(self.word(), "too deep", "write it with fewer parentheses"));
        }
        let part = if self.takes("!") || self.takes("not ") {
            CaseFilter::Not(Box::new(self.part()?))
        } else if self.takes("(") {
            let inner = self.expression()?;
            if !self.takes(")") {
                return Err(self.fault(self.word(), "a `)` is missing here", "close every parenthesis"));
            }
            inner
        } else {
            self.set()?
        };
        self.depth -= 1;
        Ok(part)
    }

    fn set(&mut self) -> Result<CaseFilter, Fault> {
        self.peek();
        let name_at = self.word();
        let name = self.text.get(name_at.clone()).unwrap_or_default();
        if !SETS.contains(&name) {
            let label = if name.is_empty() { "a set is missing here" } else { "no such set" };
            if let Some(property) = Property::find(name) {
                return Err(self.fault(name_at, label, &format!("write `property({})`", property.code)));
            }
            return Err(self.fault(name_at, label, &hint(name, "the sets are", SETS.into_iter())));
        }
        self.at = name_at.end;
        if !self.takes("(") {
            return Err(self.fault(name_at.end..name_at.end, "a `(` is missing here", &format!("write `{name}(...)`")));
        }
        let start = self.at;
        let Some(length) = self.text.get(start..).and_then(|rest| rest.find(')')) else {
            return Err(self.fault(start..self.text.len(), "a `)` is missing here", "close every parenthesis"));
        };
        self.at = start + length + 1;
        let inside = start..start + length;
        let argument = self.text.get(inside.clone()).unwrap_or_default().trim();
        let takes_none = matches!(name, "all" | "none");
        if takes_none != argument.is_empty() {
            let help =
                if takes_none { format!("write `{name}()`") } else { format!("write a name, as in `{name}(...)`") };
            return Err(self.fault(
                inside,
                if takes_none { "nothing belongs here" } else { "a name is missing here" },
                &help,
            ));
        }
        let names = || PROPERTIES.iter().flat_map(|property| [property.code, property.name]);
        if name == "property" && !argument.contains('*') && Property::find(argument).is_none() {
            let help = format!("{}; `dayfly list properties` says what they are", hint(argument, "there are", names()));
            return Err(self.fault(inside, "no such property", &help));
        }
        let argument_text = argument.to_owned();
        Ok(match name {
            "property" => CaseFilter::Property(argument_text),
            "agent" => CaseFilter::Agent(argument_text),
            "environment" => CaseFilter::Environment(argument_text),
            "policy" => CaseFilter::Policy(argument_text),
            "kind" => match argument {
                "enforced" => CaseFilter::Kind(PropertyKind::Enforced),
                "measured" => CaseFilter::Kind(PropertyKind::Measured),
                _ => {
                    let kinds = ["enforced", "measured"];
                    return Err(self.fault(
                        inside,
                        "no such kind",
                        &hint(argument, "the kinds are", kinds.into_iter()),
                    ));
                }
            },
            "all" => CaseFilter::All,
            _ => CaseFilter::None,
        })
    }

    /// Skips spaces and returns the next letter.
    fn peek(&mut self) -> Option<char> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        self.at += rest.len() - rest.trim_start().len();
        rest.trim_start().chars().next()
    }

    /// Skips `token` and returns `true`, if it comes next.
    fn takes(&mut self, token: &str) -> bool {
        self.peek();
        let found = self.text.get(self.at..).is_some_and(|rest| rest.starts_with(token));
        if found {
            self.at += token.len();
        }
        found
    }

    /// Returns the range of the next word.
    fn word(&self) -> Range<usize> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let is_part = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '-';
        let end = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
        self.at..self.at + end
    }

    fn fault(&self, span: Range<usize>, label: &str, help: &str) -> Fault {
        let what = match self.text.get(span.clone()) {
            Some(text) if !text.trim().is_empty() => format!("`{}` is not part of a filter", text.trim()),
            _ => "the filter is not complete".to_owned(),
        };
        // A place is at least one letter wide, unless it is at the end of the text.
        let next = self.text.get(span.start..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        let span = if span.is_empty() { span.start..span.start + next } else { span };
        Fault { message: what, span: Some(span), label: label.to_owned(), help: help.to_owned() }.plain()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::case;
    use super::*;

    fn holds(filter: &str) -> bool {
        CaseFilter::parse(filter).unwrap_or_else(|fault| panic!("{fault:?}")).holds(&case(
            "P04",
            "planner:discount=0.5",
            "button",
        ))
    }

    #[test]
    fn sets_are_told_by_their_names() {
        for filter in [
            "all()",
            "property(P04)",
            "property(p04)",
            "property(indifference)",
            "agent(planner)",
            "agent(planner:discount=0.5)",
            "agent(plan*)",
            "environment(button)",
            "environment(button:*)",
            "policy(strict)",
            "kind(measured)",
            "not kind(enforced)",
            "! none()",
        ] {
            assert!(holds(filter), "{filter}");
        }
        for filter in ["none()", "property(P05)", "agent(plan)", "agent(*x*)", "kind(enforced)", "not all()"] {
            assert!(!holds(filter), "{filter}");
        }
    }

    #[test]
    fn and_binds_more_tightly_than_or_and_not_more_than_and() {
        assert!(holds("all() | none() & none()"));
        assert!(!holds("(all() | none()) & none()"));
        assert!(holds("not none() & all()"));
        assert!(!holds("not (none() | all())"));
        assert!(holds("property(P04) & agent(planner) | kind(enforced)"));
        assert!(holds("property(P04) and agent(planner) or kind(enforced)"));
    }

    #[test]
    fn what_is_no_filter_is_pointed_at() {
        let fault = |text: &str| {
            let fault = CaseFilter::parse(text).unwrap_err();
            (fault.message, fault.span.unwrap(), fault.label)
        };
        assert_eq!(fault("propety(P04)"), ("`propety` is not part of a filter".into(), 0..7, "no such set".into()));
        assert_eq!(fault("all() & "), ("the filter is not complete".into(), 8..8, "a set is missing here".into()));
        assert_eq!(fault("property(P0)"), ("`P0` is not part of a filter".into(), 9..11, "no such property".into()));
        assert_eq!(fault("(all()"), ("the filter is not complete".into(), 6..6, "a `)` is missing here".into()));
        assert_eq!(fault("kind(both)"), ("`both` is not part of a filter".into(), 5..9, "no such kind".into()));
        assert_eq!(fault("agent()").2, "a name is missing here");
        assert_eq!(fault("all(1)").2, "nothing belongs here");
        assert_eq!(fault("all() all()").2, "what is this");
        assert_eq!(fault("agent(x").2, "a `)` is missing here");
        assert_eq!(fault("agent").2, "a `(` is missing here");
        assert_eq!(fault(&"(".repeat(100)).2, "too deep");
        assert!(CaseFilter::parse("propety(P04)").unwrap_err().help.starts_with("did you mean `property`?"));
    }
}
