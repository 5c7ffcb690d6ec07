//! How the functions of WASI are linked, and what is known of an import before it is.

use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentNamedList, Lift, Linker, LinkerInstance, Lower, ResourceType};

use super::operations::{ABSENT, OPERATIONS, is_known};
use super::types::Nothing;
use super::{cli, clocks, files, io, randomness, sockets};
use crate::capability::Host;
use crate::capability::meter::charged;
use crate::transcript::Operation;

/// The version of WASI. Components of every version 0.2 fit, as far as they call no function that is newer.
pub const WASI_VERSION: &str = "0.2.12";

/// The interfaces that have types alone, or a resource without methods.
const TYPES: &[&str] = &["cli/terminal-input", "cli/terminal-output", "sockets/network"];

/// Why an import of WASI cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WasiFault {
    /// It is of another version than 0.2.
    Version,
    /// There is no such interface.
    Interface,
    /// There is no such function: it is newer than [`WASI_VERSION`].
    Function,
}

/// The path of an interface of WASI in an import, such as `io/streams`.
///
/// # Errors
///
/// Says what is wrong with an import that cannot be had.
pub fn wasi_interface(import: &str) -> Result<&str, WasiFault> {
    let (path, version) = import.split_once('@').ok_or(WasiFault::Version)?;
    let path = path.strip_prefix("wasi:").ok_or(WasiFault::Interface)?;
    let last = version.strip_prefix("0.2.").and_then(|last| last.parse::<u32>().ok());
    last.ok_or(WasiFault::Version)?;
    let is_known = TYPES.contains(&path)
        || OPERATIONS.iter().any(|operation| interface_of(operation) == path)
        || ABSENT.iter().any(|absent| absent.interface == path);
    if is_known { Ok(path) } else { Err(WasiFault::Interface) }
}

/// Whether the interface at `path` has a function, named as a component imports it.
pub fn wasi_has(path: &str, function: &str) -> bool {
    is_known(&format!("{path}.{}", function.strip_prefix("[method]").unwrap_or(function)))
}

/// The operation that a function of the interface at `path` is, named as a component imports it; nothing where nobody can call it.
pub fn wasi_operation(path: &str, function: &str) -> Option<Operation> {
    let function = function.strip_prefix("[method]").unwrap_or(function);
    let named = |name: &str| name.strip_prefix(path).and_then(|rest| rest.strip_prefix('.')) == Some(function);
    OPERATIONS.iter().find(|operation| named(operation.name)).copied()
}

/// Whether what is written to the interface at `path` goes to the log.
pub fn wasi_prints(path: &str) -> bool {
    matches!(path, "cli/stdout" | "cli/stderr")
}

/// The interface of an operation, such as `io/streams`.
fn interface_of(operation: &Operation) -> &'static str {
    operation.name.split_once('.').map_or("", |(interface, _)| interface)
}

/// The name of an operation in its interface, such as `[method]output-stream.write`.
fn function_of(operation: &Operation) -> String {
    let function = operation.name.split_once('.').map_or("", |(_, function)| function);
    if function.contains('.') { format!("[method]{function}") } else { function.to_owned() }
}

/// An interface, while it is linked.
pub(super) struct Interface<'a>(LinkerInstance<'a, Host>);

impl<'a> Interface<'a> {
    /// Begin with the interface at `path`, such as `io/streams`.
    pub(super) fn of(linker: &'a mut Linker<Host>, path: &str) -> wasmtime::Result<Self> {
        linker.instance(&format!("wasi:{path}@{WASI_VERSION}")).map(Self)
    }

    /// A function: charged for the bytes that `moved` finds in its parameters, and answered with `answer`.
    pub(super) fn function<P, T>(
        &mut self,
        operation: Operation,
        moved: impl Fn(&P) -> usize + Send + Sync + 'static,
        answer: impl Fn(&mut Host, P) -> wasmtime::Result<T> + Send + Sync + 'static,
    ) -> wasmtime::Result<&mut Self>
    where
        P: ComponentNamedList + Lift + 'static,
        (T,): ComponentNamedList + Lower + 'static,
    {
        self.0.func_wrap(&function_of(&operation), move |store: StoreContextMut<'_, Host>, parameters: P| {
            charged(store, moved(&parameters), |host| answer(host, parameters)).map(|answered| (answered,))
        })?;
        Ok(self)
    }

    /// A function that has no result.
    pub(super) fn action<P>(
        &mut self,
        operation: Operation,
        act: impl Fn(&mut Host, P) -> wasmtime::Result<()> + Send + Sync + 'static,
    ) -> wasmtime::Result<&mut Self>
    where
        P: ComponentNamedList + Lift + 'static,
    {
        self.0.func_wrap(&function_of(&operation), move |store: StoreContextMut<'_, Host>, parameters: P| {
            charged(store, 0, |host| act(host, parameters))
        })?;
        Ok(self)
    }

    /// A resource that is handed out; a handle that is dropped is taken back.
    pub(super) fn resource<T: Send + 'static>(&mut self, name: &str) -> wasmtime::Result<&mut Self> {
        self.0.resource(name, ResourceType::host::<T>(), |mut store, rep| {
            store.data_mut().handles.take_back(wasmtime::component::Resource::<T>::new_own(rep))
        })?;
        Ok(self)
    }

    /// A resource that nobody ever holds.
    pub(super) fn absent(&mut self, name: &str) -> wasmtime::Result<&mut Self> {
        self.0.resource(name, ResourceType::host::<Nothing>(), |_, _| Ok(()))?;
        Ok(self)
    }

    /// The methods of what nobody ever holds.
    pub(super) fn methods(&mut self, resource: &str, methods: &[&str]) -> wasmtime::Result<&mut Self> {
        for method in methods {
            // A call without a handle traps before it comes here.
            self.0.func_new(&format!("[method]{resource}.{method}"), |_, _, _, _| {
                Err(wasmtime::format_err!("nobody holds such a handle"))
            })?;
        }
        Ok(self)
    }
}

/// Link every interface.
pub(in crate::capability) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    io::link(linker)?;
    cli::link(linker)?;
    clocks::link(linker)?;
    randomness::link(linker)?;
    files::link(linker)?;
    sockets::link(linker)
}
