//! Dayfly from the outside: one binary, so that it is linked once.

#![expect(
    clippy::as_conversions,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and reads and writes files of its own"
)]

mod adding;
#[cfg(target_os = "linux")]
mod attempts;
mod audits;
mod bombs;
mod boundary;
mod cli;
mod clocks;
mod common;
#[cfg(unix)]
mod compiled;
mod contract;
mod controls;
mod core;
mod demonstrations;
#[cfg(target_os = "linux")]
mod disks;
mod examples;
mod face;
mod figures;
mod fuzz;
mod guarantees;
mod guest;
mod hidden;
mod hostile;
mod interrupts;
mod invalid;
#[cfg(target_os = "linux")]
mod isolation;
mod junit;
#[cfg(target_os = "linux")]
mod lacking;
mod languages;
mod layers;
mod learning;
mod lessons;
#[cfg(target_os = "linux")]
mod liar;
#[cfg(target_os = "linux")]
mod lies;
mod limits;
mod lookups;
#[cfg(target_os = "linux")]
mod losses;
mod mediation;
mod mutants;
mod named;
mod newcomers;
mod notices;
#[cfg(unix)]
mod pages;
mod pairs;
mod pictures;
mod places;
mod populations;
mod preferences;
mod properties;
mod quotas;
mod reader;
mod records;
mod regressions;
mod reproductions;
mod roles;
mod runs;
mod shortfalls;
#[cfg(unix)]
mod signatures;
#[cfg(target_os = "linux")]
mod stacks;
#[cfg(target_os = "linux")]
mod starved;
mod suites;
#[cfg(target_os = "linux")]
mod supervisor;
mod tools;
mod traps;
mod vocabulary;
mod wasi;
mod wasi_mediation;
mod widths;
mod words;
mod workflows;
mod worlds;
