//! Linking of the functions of WASI, and checks of imports before linking.

use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentNamedList, Lift, Linker, LinkerInstance, Lower, ResourceType};

use super::operations::{ABSENT, OPERATIONS, is_known};
use super::types::Nothing;
use super::{cli, clocks, files, io, randomness, sockets};
use crate::capability::Host;
use crate::capability::meter::charged;
use crate::transcript::Operation;

/// Version of WASI. A component of any version 0.2 fits if it calls no function that is newer.
pub const WASI_VERSION: &str = "0.2.12";

/// Interfaces that have types alone, or a resource without methods.
const TYPES: &[&str] = &["cli/terminal-input", "cli/terminal-output", "sockets/network"];

/// Reason why an import of WASI is not available.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WasiFault {
    /// The version is not 0.2.
    Version,
    /// The interface does not exist.
    Interface,
    /// The function does not exist: it is newer than [`WASI_VERSION`].
    Function,
}

/// Returns the path of an interface of WASI in an import, such as `io/streams`.
///
/// # Errors
///
/// Returns [`WasiFault`] if the import is not available.
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

/// Returns `true` if the interface at `path` has this function, named as a component imports it.
pub fn wasi_has(path: &str, function: &str) -> bool {
    is_known(&format!("{path}.{}", function.strip_prefix("[method]").unwrap_or(function)))
}

/// The operation that a function of the interface at `path` is, named as a component imports it; nothing where nobody can call it.
pub fn wasi_operation(path: &str, function: &str) -> Option<Operation> {
    let function = function.strip_prefix("[method]").unwrap_or(function);
    let named = |name: &str| name.strip_prefix(path).and_then(|rest| rest.strip_prefix('.')) == Some(function);
    OPERATIONS.iter().find(|operation| named(operation.name)).copied()
}

/// Returns `true` if text written to the interface at `path` goes to the log.
pub fn wasi_prints(path: &str) -> bool {
    matches!(path, "cli/stdout" | "cli/stderr")
}

/// Returns the interface of an operation, such as `io/streams`.
fn interface_of(operation: &Operation) -> &'static str {
    operation.name.split_once('.').map_or("", |(interface, _)| interface)
}

/// Returns the name of an operation in its interface, such as `[method]output-stream.write`.
fn function_of(operation: &Operation) -> String {
    let function = operation.name.split_once('.').map_or("", |(_, function)| function);
    if function.contains('.') { format!("[method]{function}") } else { function.to_owned() }
}

/// Interface, while it is linked.
pub(super) struct Interface<'a>(LinkerInstance<'a, Host>);

impl<'a> Interface<'a> {
    /// Begins with the interface at `path`, such as `io/streams`.
    pub(super) fn of(linker: &'a mut Linker<Host>, path: &str) -> wasmtime::Result<Self> {
        linker.instance(&format!("wasi:{path}@{WASI_VERSION}")).map(Self)
    }

    /// Links a function. `moved` counts the bytes in its parameters, which are charged, and
    /// `answer` answers the call.
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

    /// Links a function without a result.
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

    /// Links a resource. A dropped handle is removed from the table.
    pub(super) fn resource<T: Send + 'static>(&mut self, name: &str) -> wasmtime::Result<&mut Self> {
        self.0.resource(name, ResourceType::host::<T>(), |mut store, rep| {
            store.data_mut().handles.take_back(wasmtime::component::Resource::<T>::new_own(rep))
        })?;
        Ok(self)
    }

    /// Links a resource that no component ever holds.
    pub(super) fn absent(&mut self, name: &str) -> wasmtime::Result<&mut Self> {
        self.0.resource(name, ResourceType::host::<Nothing>(), |_, _| Ok(()))?;
        Ok(self)
    }

    /// Links the methods of a resource that no component ever holds.
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

/// Links every interface.
pub(in crate::capability) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    io::link(linker)?;
    cli::link(linker)?;
    clocks::link(linker)?;
    randomness::link(linker)?;
    files::link(linker)?;
    sockets::link(linker)
}
