//! The effective policy: every key with its value, as TOML in one canonical form.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::content::{Content, quote};
use super::grants::Quota;
use super::isolation::Parts;
use super::numbers::{ByteSize, Count, Fraction};
use super::population::{SelectionInterval, SelectionShare};
use super::words::Signal;
use super::{Granted, Policy};
use crate::capability::CAPABILITIES;
use crate::gate::Rule;
use crate::transcript::Class;
use crate::value::Digest;

impl Policy {
    /// Writes the policy as TOML, with every key, in a fixed order. The text loads as an equal
    /// policy.
    ///
    /// `violations.default` is spelled out class by class. The keys of the policies that this one
    /// extends are written in place of `extends`.
    pub fn effective(&self) -> String {
        let mut page = TomlWriter::default();
        page.raw("name", &quote(&self.name));
        self.keys(&mut page);
        page.0
    }

    /// Visits every key but the name, in a fixed order.
    pub(super) fn keys(&self, page: &mut impl Keys) {
        // INVARIANT 3: every field of every part is written.
        let Self {
            name: _,
            episode,
            objective,
            boundary,
            population,
            grants,
            roles,
            isolation,
            record,
            run_bytes,
            consequences,
            tools: _,
        } = self;
        page.section("[episode]");
        page.line("steps", &count(episode.steps));
        page.line("fuel", &Count::<0, 0>(episode.fuel));
        page.line("wall", &episode.wall);
        page.line("memory", &ByteSize::<0, 0>(episode.memory));
        page.line("table-elements", &count(episode.table_elements));
        page.line("call-bytes", &ByteSize::<0, 0>(episode.call_bytes));
        page.line("ends-on", &episode.on_release);
        page.line("trapped", &episode.trapped);
        page.grace(Count(episode.grace_fuel), count(record.grace));

        page.section("[objective]");
        page.line("horizon", &objective.horizon);
        page.line("discount", &Fraction(objective.discount));
        page.line("signal", &Signal);
        page.line("reveal", &objective.reveal);

        page.section("[boundary]");
        page.line("environment", &boundary.environment);
        page.line("swap", &boundary.swap);
        page.line("carry", &ByteSize::<0, 0>(boundary.carry));
        page.line("learn-fuel", &Count::<0, 0>(boundary.learn_fuel));

        if let Some(population) = population {
            page.section("[population]");
            page.line("size", &count(population.size));
            page.line("interval", &SelectionInterval(Count(population.interval.into())));
            page.line("share", &SelectionShare(Fraction(population.share)));
        }

        write_grants(page, "grants", grants);
        for (name, terms) in roles {
            page.section(&format!("[roles.{name}]"));
            page.line("fuel", &Count::<0, 0>(terms.fuel));
            write_grants(page, &format!("roles.{name}.grants"), &terms.grants);
        }
        for Placed { role, capability, rule } in self.rules() {
            page.rule(role, capability, rule);
        }

        page.section("[isolation]");
        page.line("process", &isolation.process);
        page.line("parts", &Parts(isolation.parts.clone()));

        page.section("[record]");
        page.line("steps", &record.steps);
        page.line("entries", &count(record.entries));
        page.line("run", &ByteSize::<0, 0>(*run_bytes));

        page.section("[violations]");
        for class in Class::ALL {
            page.line(class.name(), &consequences.of(class));
        }
    }

    /// Returns the digest of the effective policy, which identifies the policy in ledgers.
    pub fn digest(&self) -> Digest {
        Digest::of(self.effective().as_bytes())
    }

    /// Returns every rule with its role and its capability, in the order of the policy.
    fn rules(&self) -> Vec<Placed<'_>> {
        let of_roles = self.roles.iter().map(|(role, terms)| (Some(role.as_str()), &terms.grants));
        let tables = std::iter::once((None, &self.grants)).chain(of_roles);
        let mut rules: Vec<Placed<'_>> = tables
            .flat_map(|(role, grants)| grants.iter().map(move |(capability, granted)| (role, *capability, granted)))
            .flat_map(|(role, capability, granted)| {
                granted.warrant.rules.iter().map(move |rule| Placed { role, capability, rule })
            })
            .collect();
        // `rules[9]` comes before `rules[10]`.
        rules.sort_by_key(|placed| (placed.rule.place.len(), placed.rule.place.as_str()));
        rules
    }
}

/// Rule, with the role and the capability that it is about.
struct Placed<'p> {
    role: Option<&'p str>,
    capability: &'p str,
    rule: &'p Rule,
}

/// Writes the grants of the table `table`.
fn write_grants(page: &mut impl Keys, table: &str, grants: &BTreeMap<&'static str, Granted>) {
    for (name, granted) in grants {
        page.section(&format!("[{table}.{name}]"));
        page.line("mode", &granted.warrant.mode);
        for limit in CAPABILITIES.iter().filter(|capability| capability.name == *name).flat_map(|one| one.limits) {
            page.line(limit.name, &Quota::of(limit, &granted.grant));
        }
    }
}

fn count(number: u32) -> Count<0, 0> {
    Count(u64::from(number))
}

/// Visitor of the keys of a policy, one after the other.
pub(super) trait Keys {
    /// Begins a table.
    fn section(&mut self, header: &str);

    /// Visits a key of the current table.
    fn line(&mut self, key: &str, value: &(impl Content + 'static));

    /// Visits the key `grace` of the current table.
    fn grace(&mut self, fuel: Count<0, 0>, records: Count<0, 0>);

    /// Visits a rule about `capability`. `of` is the role whose own grants the rule refines, if
    /// any.
    fn rule(&mut self, of: Option<&str>, capability: &str, rule: &Rule);
}

/// Builder of TOML text.
#[derive(Default)]
pub(super) struct TomlWriter(pub(super) String);

impl TomlWriter {
    fn raw(&mut self, key: &str, value: &str) {
        // Writing to a `String` does not fail.
        let _ = writeln!(self.0, "{key} = {value}");
    }
}

impl Keys for TomlWriter {
    fn section(&mut self, header: &str) {
        let _ = writeln!(self.0, "\n{header}");
    }

    fn line(&mut self, key: &str, value: &(impl Content + 'static)) {
        self.raw(key, &value.write());
    }

    fn grace(&mut self, fuel: Count<0, 0>, records: Count<0, 0>) {
        self.raw("grace", &format!("{{ fuel = {}, records = {} }}", fuel.write(), records.write()));
    }

    fn rule(&mut self, of: Option<&str>, capability: &str, rule: &Rule) {
        self.section("[[rules]]");
        if let Some(role) = of {
            self.raw("role", &quote(role));
        }
        self.raw("capability", &quote(capability));
        if let Some(operation) = rule.operation {
            self.raw("operation", &quote(operation.name));
        }
        if let Some(name) = &rule.name {
            self.raw("name", &quote(name));
        }
        if let Some(step) = rule.after_step {
            self.line("after-step", &count(step));
        }
        if let Some(step) = rule.before_step {
            self.line("before-step", &count(step));
        }
        self.line("decision", &rule.decision);
    }
}
