//! Records of Dayfly's runs: read, verified and exported, without anything that runs an agent.
//!
//! A run leaves a folder (`dayfly run --out FOLDER`). It is opened, verified, and read one transcript after the other:
//!
//! ```
//! use dayfly_record::{Ledger, Verification};
//!
//! # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/cases/ledgers/version-1");
//! let ledger = Ledger::open(folder)?;
//! assert!(matches!(ledger.verify(None)?, Verification::Whole { .. }));
//! let mut total = 0.0;
//! for transcript in ledger.transcripts()? {
//!     total += transcript?.body.total;
//! }
//! println!("{} of {}: {total}", ledger.manifest().agent.name, ledger.manifest().environment.name);
//! assert_eq!(ledger.export(&mut std::io::sink())?, ledger.manifest().episodes);
//! # Ok::<(), dayfly_record::ledger::Error>(())
//! ```
//!
//! [`ledger`] says what is in the folder, and what verifying it shows and does not show; [`transcript`] what is in a line. A module imports only
//! from rows below its own:
//!
//! ```text
//!  ledger
//!  transcript
//!  value
//! ```

pub mod ledger;
pub mod transcript;
pub mod value;

pub use ledger::{Ledger, Verification, verify};
pub use transcript::Transcript;
pub use value::Digest;
