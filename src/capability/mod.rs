//! Capabilities: the operations that an agent may ask for, one file per capability.
//!
//! Each file has the same parts in the same order: operations and limits as data, the limits of a
//! grant as types, the state of one episode, the operations, and their linking.
//!
//! ```text
//!  guest call --> call(): fuel --> Host --> Held::ask --> Permit::answer --> effect
//! ```
//!
//! 1. The state of a capability lives for one episode, and is made from the policy and the seed
//!    alone.
//! 2. The cost of a call is charged before its effect, for every byte that the call moves.
//!
//! A new capability is one file, one interface in `wit/`, and one line in the list below;
//! `tests/it/adding.rs` names the rest. `wasi` is outside the contract: it answers the interfaces
//! of a package of its own, in `wit/wasi/`.

mod agenda;
mod clock;
mod convert;
mod episode;
mod host;
mod limit;
mod limiter;
mod log;
mod meter;
mod outbox;
mod outside;
mod printed;
mod random;
mod tools;
mod turns;
mod wasi;
mod workspace;

use std::sync::Arc;

use wasmtime::component::{Linker, LinkerInstance};

pub use self::convert::{end_to_wit, value_to_wit};
pub use self::episode::{STEP, link_by_turns, step};
pub use self::host::{Closed, Departed, Host, HostOpening};
pub use self::limit::LastStep;
pub use self::limiter::{GROW_MEMORY, GROW_TABLE, INSTANCES, MEMORIES, MemoryLimits, TABLES, growth, is_of_the_system};
pub use self::log::MESSAGE;
pub use self::meter::{Allowance, after_end, calls, least_fuel};
pub use self::outbox::RECIPIENT;
pub use self::outside::{Cancel, Error as OutsideError, Wall};
pub use self::tools::{Answer, NoAnswer, PendingAnswer, Taken, Tool, ToolCall, ToolFailed, ToolSession, Tools};
pub use self::turns::Turns;
pub use self::wasi::{CalledExit, WASI_VERSION, WasiFault, wasi_has, wasi_interface, wasi_operation, wasi_prints};
pub use self::workspace::{
    Error as WorkspaceError, PATH, WorkspaceRoot, abandon as abandon_folders, make as make_folder,
    remove as remove_folder, room,
};

use self::meter::call;
use crate::gate::{Capability, Grant, Mode, Warrant};
use crate::transcript::{Called, Operation};

/// Package of every interface.
pub const PACKAGE: &str = "dayfly:agent";
/// Version of the package.
pub const VERSION: &str = "0.1.0";

macro_rules! capabilities {
    ($($module:ident),* $(,)?) => {
        /// Capabilities, in the order in which policies and reports show them.
        pub const CAPABILITIES: &[&Capability] = &[$(&$module::CAPABILITY),*];

        /// Charter: the grants of a policy for every capability. It is compiled once, and shared by
        /// all episodes of a run.
        #[derive(Clone, Debug)]
        pub struct Charter {
            $($module: Term<$module::Limits>,)*
        }

        impl Charter {
            /// Compiles these grants. A capability without one is denied. The grant of `tools`
            /// selects from `tools`.
            pub fn new<'a>(
                granted: impl Fn(&Capability) -> Option<(&'a Warrant, &'a Grant)>,
                tools: &Tools,
            ) -> Arc<Self> {
                let mut charter =
                    Self { $($module: Term::new(&$module::CAPABILITY, granted(&$module::CAPABILITY)),)* };
                charter.tools.limits.among(tools);
                Arc::new(charter)
            }
        }

        /// State of every capability in one episode.
        struct States {
            $($module: crate::gate::Held<$module::State>,)*
        }

        impl States {
            fn open(opening: &mut HostOpening) -> Self {
                Self {
                    $($module: crate::gate::Held::new($module::State::open(opening), &$module::CAPABILITY),)*
                }
            }
        }

        /// Links every operation of the wanted capabilities.
        ///
        /// # Errors
        ///
        /// Returns an error if an operation is linked twice.
        pub fn link(linker: &mut Linker<Host>, is_wanted: fn(&Capability) -> bool) -> wasmtime::Result<()> {
            linker.instance(&format!("{PACKAGE}/types@{VERSION}"))?;
            $(if is_wanted(&$module::CAPABILITY) {
                $module::link(linker)?;
            })*
            Ok(())
        }
    };
}

capabilities! { episode, workspace, outbox, agenda, tools, log, clock, random, wasi }

/// Begins to link the interface of a capability.
fn interface<'a>(linker: &'a mut Linker<Host>, capability: &Capability) -> wasmtime::Result<LinkerInstance<'a, Host>> {
    linker.instance(&format!("{PACKAGE}/{}@{VERSION}", capability.name))
}

/// Finds the operation that a record names.
pub fn operation(called: &Called) -> Option<Operation> {
    let operations = CAPABILITIES.iter().flat_map(|capability| capability.operations);
    operations.chain(limiter::GROWTHS.iter().map(|(growth, _)| growth)).find(|operation| called == *operation).copied()
}

/// Grant of one capability, with its limits.
#[derive(Clone, Debug)]
struct Term<L> {
    warrant: Warrant,
    limits: L,
}

impl<L: for<'a> From<&'a Grant>> Term<L> {
    fn new(capability: &Capability, granted: Option<(&Warrant, &Grant)>) -> Self {
        if let Some((warrant, grant)) = granted {
            return Self { warrant: warrant.clone(), limits: L::from(grant) };
        }
        let place = format!("grants.{}", capability.name);
        let nothing = Grant { numbers: Vec::new(), names: Vec::new() };
        Self { warrant: Warrant { mode: Mode::Deny, place, rules: Vec::new() }, limits: L::from(&nothing) }
    }
}

/// Limits of a capability whose one limit is in bytes.
#[derive(Clone, Copy, Debug)]
struct ByteLimits {
    bytes: u64,
}

impl From<&Grant> for ByteLimits {
    fn from(grant: &Grant) -> Self {
        Self { bytes: grant.number("bytes") }
    }
}

/// Limits of a capability without limits.
#[derive(Clone, Copy, Debug)]
struct Unlimited;

impl From<&Grant> for Unlimited {
    fn from(_: &Grant) -> Self {
        Self
    }
}
