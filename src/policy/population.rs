//! Population: selection between lineages, which lets carry-over cross from one lineage to another.

use std::ops::Range;

use schemars::{JsonSchema, Schema, json_schema};
use toml::de::DeValue;

use super::content::{Complaint, Content, Readable};
use super::numbers::{Count, Fraction};
use super::overlay::{LOOSEN, Overlay, TableHeader};
use crate::document::{KeyValue, TableReader};
use crate::value::Fault;

/// Default share (Krueger, Maharaj, Leike 2020).
const SHARE: SelectionShare = SelectionShare(Fraction(0.2));

/// Population of lineages, with a selection at intervals (population-based training).
///
/// At a selection, lineages are ranked by the return of their last episode. The carry-overs of the
/// worst are replaced by those of the best.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Population {
    /// Number of lineages; at least 2.
    pub size: u32,
    /// Number of episodes of each lineage between selections; at least 1.
    pub interval: u32,
    /// Fraction of the lineages whose carry-over is replaced, in [0, 0.5]. An equal fraction is
    /// copied from.
    pub share: f64,
}

impl Population {
    /// Returns the number of lineages that are replaced at a selection.
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a u32 is one, and what is slightly less than a whole number is taken for it"
    )]
    pub fn replaced(&self) -> u32 {
        (self.share * f64::from(self.size) + 1e-9).floor() as u32
    }
}

/// Selection between lineages. It lets what one lineage has learned reach another.
#[derive(Debug, Default, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct RawPopulation {
    #[schemars(skip)]
    header: Option<Range<usize>>,
    /// Number of lineages. Needed here or in what this policy extends.
    size: KeyValue<Count<2, 100_000>>,
    /// Number of episodes of each lineage between selections. Needed here or in what this policy extends.
    interval: KeyValue<SelectionInterval>,
    /// Fraction of the lineages, those of least return, that get the carry-over of as many of greatest return.
    #[schemars(extend("default" = 0.2))]
    share: KeyValue<SelectionShare>,
}

impl RawPopulation {
    pub(super) fn read(table: &mut TableReader<'_, '_>) -> Self {
        Self {
            header: table.header(),
            size: table.key("size"),
            interval: table.key("interval"),
            share: table.key("share"),
        }
    }
}

impl Overlay<'_> {
    /// Returns the population, if there is one. `carry` is the carry-over in bytes, and the place
    /// of its key.
    pub(super) fn population(&mut self, raw: &RawPopulation, carry: (u64, Option<Range<usize>>)) -> Option<Population> {
        let inherited = self.inherited().and_then(|policy| policy.population);
        let Some(header) = raw.header.clone() else {
            return self.selectable(inherited?, carry.0, carry.1);
        };
        if let Some(extended) = self.extended().filter(|extended| extended.policy.population.is_none()) {
            // INVARIANT 2: selection lets something cross.
            self.faults.push(Fault {
                message: format!("`population` is looser than in `{}`", extended.path),
                span: Some(header),
                label: "the parent has none".into(),
                help: format!("a policy may only tighten what it extends: leave the table out; {LOOSEN}"),
            });
            return None;
        }
        let table = TableHeader { name: "population", span: Some(header.clone()) };
        let size = self.require(&table, "size", "size = 10", &raw.size, inherited.map(|p| Count(p.size.into())));
        let interval = inherited.map(|p| SelectionInterval(Count(p.interval.into())));
        let interval = self.require(&table, "interval", "interval = 1", &raw.interval, interval);
        let share = self.settle(&raw.share, inherited.map(|p| SelectionShare(Fraction(p.share))), SHARE).0;
        let population = Population { size: size?.narrow(), interval: interval?.0.narrow(), share: share.0 };
        self.selectable(population, carry.0, Some(header))
    }

    /// Returns the population, if its selection has a carry-over to copy and a lineage to replace.
    fn selectable(&mut self, population: Population, carry: u64, span: Option<Range<usize>>) -> Option<Population> {
        let Population { size, share, .. } = population;
        let (message, label, help) = if share == 0.0 {
            return Some(population);
        } else if carry == 0 {
            let help = "write `carry = \"4 KiB\"` under `[boundary]`, or `share = 0.0` under `[population]`";
            ("a population without a carry-over has nothing to select".to_owned(), "nothing crosses", help.to_owned())
        } else if population.replaced() == 0 {
            let message = format!("a share of {} replaces none of {size} lineages", Fraction(share).write());
            let least = Fraction(1.0 / f64::from(size)).write();
            (message, "too small", format!("write a share of {least} or more, or `share = 0.0` for no selection"))
        } else {
            return Some(population);
        };
        self.faults.push(Fault { message, span, label: label.to_owned(), help });
        None
    }
}

/// Number of episodes between selections: more are tighter.
#[derive(Clone, Copy, Debug)]
pub(super) struct SelectionInterval(pub(super) Count<1, 4_294_967_295>);

impl Content for SelectionInterval {
    fn write(&self) -> String {
        self.0.write()
    }

    fn within(&self, parent: &Self) -> bool {
        self.0.0 >= parent.0.0
    }
}

impl Readable for SelectionInterval {
    fn read(value: &DeValue<'_>) -> Result<Self, Complaint> {
        Count::read(value).map(Self)
    }

    fn schema() -> Schema {
        Count::<1, 4_294_967_295>::schema()
    }
}

/// Fraction of a population, up to half.
#[derive(Clone, Copy, Debug)]
pub(super) struct SelectionShare(pub(super) Fraction);

impl Content for SelectionShare {
    fn write(&self) -> String {
        self.0.write()
    }

    fn within(&self, parent: &Self) -> bool {
        self.0.within(&parent.0)
    }
}

impl Readable for SelectionShare {
    fn read(value: &DeValue<'_>) -> Result<Self, Complaint> {
        match Fraction::read(value) {
            Ok(share) if share.0 <= 0.5 => Ok(Self(share)),
            Err(complaint) if complaint.what.starts_with("must") => Err(complaint),
            _ => Err(Complaint::new("is out of range", "must be from 0 to 0.5", "who is copied is not replaced")),
        }
    }

    fn schema() -> Schema {
        json_schema!({ "type": "number", "minimum": 0, "maximum": 0.5 })
    }
}
