//! Rules: refinements of grants.

use std::collections::{BTreeMap, BTreeSet};

use schemars::{JsonSchema, Schema, json_schema};
use toml::de::DeValue;

use super::content::{Complaint, Content, Readable, choose, quote, text};
use super::numbers::Count;
use super::overlay::Overlay;
use super::text::{CapabilityName, RulePath, Text};
use super::words::Ruling;
use super::{Granted, RoleTerms};
use crate::capability::CAPABILITIES;
use crate::document::{KeyValue, TableReader};
use crate::gate::{Capability, LimitKind, Mode, Rule};
use crate::transcript::Operation;
use crate::value::Fault;

/// Refinement of a grant, for the calls that match every key of the rule.
#[derive(Debug, Default, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields, default, extend("required" = ["capability", "decision"]))]
pub(super) struct RawRule {
    /// Role whose own grants the rule refines. Without it the rule refines those of the policy.
    role: KeyValue<RulePath>,
    /// Capability that the rule is about. It has to be granted.
    capability: KeyValue<CapabilityName>,
    /// Operation that the rule is about. Without it the rule is about every operation of the capability.
    operation: KeyValue<RuleOperation>,
    /// Name that the rule is about: of a tool, a recipient, a path.
    name: KeyValue<RulePath>,
    /// Number of steps after which the rule applies: more than this many have been taken.
    after_step: KeyValue<Count<0, 4_294_967_293>>,
    /// Number of steps before which the rule applies: fewer than this many have been taken.
    before_step: KeyValue<Count<1, 4_294_967_295>>,
    /// "deny": the call is refused. "tripwire": it is answered as if it had worked, and nothing happens.
    decision: KeyValue<Ruling>,
}

/// Name of an operation. The capability is checked for it once both are read.
#[derive(Clone, Debug)]
struct RuleOperation(String);

impl Content for RuleOperation {
    fn write(&self) -> String {
        quote(&self.0)
    }

    fn within(&self, _parent: &Self) -> bool {
        true
    }
}

impl Readable for RuleOperation {
    fn read(value: &DeValue<'_>) -> Result<Self, Complaint> {
        text(value).map(|text| Self(text.to_owned()))
    }

    fn schema() -> Schema {
        // Two capabilities may have an operation of the same name.
        let names: BTreeSet<&str> =
            CAPABILITIES.iter().flat_map(|capability| capability.operations).map(|op| op.name).collect();
        json_schema!({ "type": "string", "enum": names })
    }
}

impl RawRule {
    /// Reads one rule.
    pub(super) fn read(table: &mut TableReader<'_, '_>) -> Self {
        Self {
            role: table.key("role"),
            capability: table.required("capability", "\"tools\""),
            operation: table.key("operation"),
            name: table.key("name"),
            after_step: table.key("after-step"),
            before_step: table.key("before-step"),
            decision: table.required("decision", "\"deny\""),
        }
    }
}

impl Overlay<'_> {
    /// Adds rules to the grants that they are about, after the rules of an extended policy. A
    /// policy with rules of its own that is based on another drops the rules of that other.
    pub(super) fn rules(
        &mut self,
        raw: Option<&[RawRule]>,
        grants: &mut BTreeMap<&'static str, Granted>,
        roles: &mut BTreeMap<String, RoleTerms>,
    ) {
        let Some(raw) = raw else { return };
        let mut inherited: usize = 0;
        for granted in grants.values_mut().chain(roles.values_mut().flat_map(|role| role.grants.values_mut())) {
            if self.extended().is_none() {
                granted.warrant.rules.clear();
            }
            inherited = inherited.saturating_add(granted.warrant.rules.len());
        }
        for (position, raw) in raw.iter().enumerate() {
            self.some_step(raw);
            let KeyValue::Written { value: CapabilityName(capability), place, span } = &raw.capability else {
                continue;
            };
            let operation = self.operation(raw, capability);
            self.known_name(raw, capability);
            let (table, own) = match &raw.role {
                KeyValue::Absent => ("grants".to_owned(), Some(&mut *grants)),
                KeyValue::Faulty => continue,
                KeyValue::Written { value: Text(role), .. } => {
                    (format!("roles.{role}.grants"), roles.get_mut(role).map(|role| &mut role.grants))
                }
            };
            if own.is_none()
                && let KeyValue::Written { value: Text(role), place, span } = &raw.role
            {
                self.faults.push(Fault {
                    message: format!("`{place}` is about a role that has no table of its own"),
                    span: Some(span.clone()),
                    label: format!("there is no `[roles.{role}]`"),
                    help: "a role without one has the grants of the policy: give it a table, or leave `role` out"
                        .into(),
                });
                continue;
            }
            let Some(granted) = own.and_then(|own| own.get_mut(capability.name)) else {
                self.faults.push(Fault {
                    message: format!("`{place}` is about a capability that is not granted"),
                    span: Some(span.clone()),
                    label: format!("there is no `[{table}.{}]`", capability.name),
                    help: "what is not granted is denied already: leave the rule out, or grant the capability".into(),
                });
                continue;
            };
            granted.warrant.rules.push(Rule {
                place: format!("rules[{}]", inherited.saturating_add(position)),
                operation,
                name: raw.name.value().map(|text| text.0.clone()),
                after_step: raw.after_step.value().map(|step| step.narrow()),
                before_step: raw.before_step.value().map(|step| step.narrow()),
                decision: raw.decision.value().map_or(Mode::Deny, |decision| decision.0),
            });
        }
    }

    fn operation(&mut self, raw: &RawRule, capability: &Capability) -> Option<Operation> {
        let KeyValue::Written { value: RuleOperation(name), place, span } = &raw.operation else { return None };
        let all: Vec<_> = capability.operations.iter().map(|operation| (operation.name, *operation)).collect();
        choose(name, &all).map_err(|complaint| self.faults.push(complaint.at(place, span.clone()))).ok()
    }

    /// Checks that a rule names something that exists, where the names of a capability are known. A
    /// misspelt name would never match.
    fn known_name(&mut self, raw: &RawRule, capability: &Capability) {
        let KeyValue::Written { value: Text(name), place, span } = &raw.name else { return };
        for limit in capability.limits {
            let LimitKind::Names = limit.kind else { continue };
            let all: Vec<_> = self.tools.names().into_iter().map(|name| (name, ())).collect();
            if let Err(complaint) = choose(name, &all) {
                self.faults.push(complaint.at(place, span.clone()));
            }
        }
    }

    /// Checks that there is a step at which a rule applies.
    fn some_step(&mut self, raw: &RawRule) {
        let (Some(after), Some(before)) = (raw.after_step.value(), raw.before_step.value()) else { return };
        if before.0 <= after.0.saturating_add(1) {
            self.faults.push(Fault {
                message: "a rule that applies to no step".into(),
                span: raw.before_step.span(),
                label: format!("no step comes after {} and before {}", after.write(), before.write()),
                help: format!("write at least `before-step = {}`", Count::<0, 0>(after.0 + 2).write()),
            });
        }
    }
}
