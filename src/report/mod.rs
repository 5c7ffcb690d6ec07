//! Runs to words and to data.

pub mod audit;
pub mod horizon;
pub mod json;
mod markdown;
mod markup;
mod page;
pub mod picture;
pub mod reproduction;
pub mod show;
pub mod suite;
pub mod text;

pub use markdown::rendered;
pub use page::{lines, paragraphs, plain, plain_lines, table};

use crate::ledger::{Head, Manifest};
use crate::run::{Ending, Summary};

/// A run that is over and recorded, ready to be told.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// What was run.
    pub manifest: &'a Manifest,
    /// What happened.
    pub summary: &'a Summary,
    /// Why it ended.
    pub ending: &'a Ending,
    /// Where its record lies.
    pub path: &'a str,
    /// The size and the root of the record.
    pub head: Head,
}
