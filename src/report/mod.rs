//! Reports on runs, in words and as data.

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

/// Run that is over and recorded, ready to be reported.
#[derive(Clone, Copy, Debug)]
pub struct RunReport<'a> {
    /// Manifest of the run.
    pub manifest: &'a Manifest,
    /// Summary of the episodes.
    pub summary: &'a Summary,
    /// Reason of the end.
    pub ending: &'a Ending,
    /// Path of the record.
    pub path: &'a str,
    /// Size and root of the record.
    pub head: Head,
}
