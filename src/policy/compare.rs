//! Comparison of two policies, key by key: which one is tighter at which key.

use std::any::Any;
use std::time::Duration;

use super::Policy;
use super::content::Content;
use super::effective::{Keys, TomlWriter};
use super::grants::Quota;
use super::numbers::{ByteSize, Count, Fraction};
use crate::gate::Rule;

/// Key at which two policies differ.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyDifference {
    /// Key, such as `episode.steps`.
    pub key: String,
    /// Value in the first policy, as TOML; `None` where that policy has no such key.
    pub one: Option<String>,
    /// Value in the second policy, as TOML; `None` where that policy has no such key.
    pub other: Option<String>,
    /// Relation of the first policy to the second at this key.
    pub side: Relation,
    /// Ratio of the first value to the second, where both are numbers and the second is not 0.
    pub times: Option<f64>,
}

/// Relation of one policy to another at a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// The first policy allows less.
    Tighter,
    /// The first policy allows more.
    Looser,
    /// The two policies allow different things, and neither is a part of the other.
    Otherwise,
}

impl Relation {
    /// Returns the name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tighter => "tighter",
            Self::Looser => "looser",
            Self::Otherwise => "otherwise",
        }
    }
}

/// Returns the keys at which two policies differ, in the order of an effective policy. The names of
/// the policies are not compared.
pub fn compare(one: &Policy, other: &Policy) -> Vec<KeyDifference> {
    // A role without a table has the grants of the policy. Those are compared with the table of the
    // other policy.
    let own = KeyList::of(&one.spelling_out(other.roles.keys()));
    let others = KeyList::of(&other.spelling_out(one.roles.keys()));
    let mut differences: Vec<KeyDifference> = own.0.iter().filter_map(|held| held.against(&others)).collect();
    for held in others.0.iter().filter(|held| own.find(held).is_none() && !own.is_of_no_table(held)) {
        differences.push(KeyDifference {
            key: held.key.clone(),
            one: None,
            other: Some(held.value.text()),
            // A missing rule makes a policy looser. Any other key that may be missing grants
            // something.
            side: if held.is_rule { Relation::Looser } else { Relation::Tighter },
            times: None,
        });
    }
    differences
}

/// Key with its value.
struct KeyText {
    table: String,
    key: String,
    value: Box<dyn PolicyValue>,
    is_rule: bool,
}

impl KeyText {
    fn against(&self, others: &KeyList) -> Option<KeyDifference> {
        let difference = |other: Option<String>, side, times| KeyDifference {
            key: self.key.clone(),
            one: Some(self.value.text()),
            other,
            side,
            times,
        };
        let Some(other) = others.find(self) else {
            let side = if self.is_rule { Relation::Tighter } else { Relation::Looser };
            return (!others.is_of_no_table(self)).then(|| difference(None, side, None));
        };
        let (one, other) = (&self.value, &other.value);
        let side = match (one.is_within(other.any()), other.is_within(one.any())) {
            (true, true) => return None,
            (true, false) => Relation::Tighter,
            (false, true) => Relation::Looser,
            (false, false) => Relation::Otherwise,
        };
        let times = amount(one.any()).zip(amount(other.any())).filter(|(_, other)| *other > 0.0);
        Some(difference(Some(other.text()), side, times.map(|(one, other)| one / other)))
    }
}

/// Keys of a policy, in the order of an effective policy.
#[derive(Default)]
struct KeyList(Vec<KeyText>);

impl KeyList {
    fn of(policy: &Policy) -> Self {
        let mut list = (Self::default(), String::new());
        policy.keys(&mut list);
        list.0
    }

    fn find(&self, held: &KeyText) -> Option<&KeyText> {
        let is_same = |other: &&KeyText| {
            other.key == held.key
                && other.is_rule == held.is_rule
                && (!held.is_rule || other.value.text() == held.value.text())
        };
        self.0.iter().find(is_same)
    }

    /// Returns `true` if `held` is a further key of a table that this list lacks. One difference,
    /// that of the first key, reports the missing table.
    fn is_of_no_table(&self, held: &KeyText) -> bool {
        let is_first = matches!(held.key.rsplit_once('.'), Some((_, "mode") | ("population", "size")));
        !held.is_rule && !is_first && self.0.iter().all(|other| other.table != held.table)
    }
}

impl Keys for (KeyList, String) {
    fn section(&mut self, header: &str) {
        header.trim_matches(['[', ']']).clone_into(&mut self.1);
    }

    fn line(&mut self, key: &str, value: &(impl Content + 'static)) {
        let (list, table) = self;
        let held = KeyText {
            table: table.clone(),
            key: format!("{table}.{key}"),
            value: Box::new(value.clone()),
            is_rule: false,
        };
        list.0.push(held);
    }

    fn grace(&mut self, fuel: Count<0, 0>, records: Count<0, 0>) {
        self.line("grace.fuel", &fuel);
        self.line("grace.records", &records);
    }

    fn rule(&mut self, of: Option<&str>, capability: &str, rule: &Rule) {
        let mut page = TomlWriter::default();
        page.rule(of, capability, rule);
        let lines: Vec<&str> = page.0.lines().filter(|line| line.contains(" = ")).collect();
        let value = Box::new(RuleText(format!("{{ {} }}", lines.join(", "))));
        self.0.0.push(KeyText { table: "rules".to_owned(), key: "rules".to_owned(), value, is_rule: true });
    }
}

/// Value of a key, of any type.
trait PolicyValue {
    fn text(&self) -> String;
    fn any(&self) -> &dyn Any;
    fn is_within(&self, other: &dyn Any) -> bool;
}

impl<T: Content + 'static> PolicyValue for T {
    fn text(&self) -> String {
        self.write()
    }

    fn any(&self) -> &dyn Any {
        self
    }

    fn is_within(&self, other: &dyn Any) -> bool {
        other.downcast_ref::<T>().is_some_and(|other| self.within(other))
    }
}

/// A rule as text.
#[derive(Clone)]
struct RuleText(String);

impl Content for RuleText {
    fn write(&self) -> String {
        self.0.clone()
    }

    fn within(&self, parent: &Self) -> bool {
        self.0 == parent.0
    }
}

/// Returns the value of a key as a number, if it is one.
#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "how many times as much, for people")]
fn amount(value: &dyn Any) -> Option<f64> {
    let whole = |number: u64| Some(number as f64);
    if let Some(Count(number)) = value.downcast_ref::<Count<0, 0>>() {
        whole(*number)
    } else if let Some(ByteSize(bytes)) = value.downcast_ref::<ByteSize<0, 0>>() {
        whole(*bytes)
    } else if let Some(Quota::Count(number) | Quota::Size(number)) = value.downcast_ref::<Quota>() {
        whole(*number)
    } else if let Some(Fraction(fraction)) = value.downcast_ref::<Fraction>() {
        Some(*fraction)
    } else {
        value.downcast_ref::<Duration>().map(Duration::as_secs_f64)
    }
}
