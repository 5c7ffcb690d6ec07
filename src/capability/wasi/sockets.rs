//! `wasi:sockets`: a network that refuses. A request for the address of a name, or for a socket of
//! datagrams, is recorded as `ungranted`.
//!
//! A socket of a stream is not supported, and a request for one is a notice: an event loop makes a
//! pair to wake itself. No component holds a socket, so nothing is bound, connected or sent. The
//! purpose of such a socket cannot be seen.

use wasmtime::component::{Linker, Resource};

use super::handles::Network;
use super::link::Interface;
use super::operations::{ABSENT, CREATE_TCP_SOCKET, CREATE_UDP_SOCKET, INSTANCE_NETWORK, RESOLVE_ADDRESSES};
use super::types::{AddressFamily, Nothing, SocketError};
use super::{CAPABILITY, Shortfall};
use crate::capability::Host;
use crate::transcript::{Class, Operation, RecordedArgument};

/// Rule in the refusal of a socket or a name.
pub(super) const NO_SOCKETS: &str = "virtual WASI has no sockets";

impl Host {
    /// Refuses a request for a socket or a name.
    fn reach_out(
        &mut self,
        operation: Operation,
        argument: &[RecordedArgument<'_>],
    ) -> Result<Resource<Nothing>, SocketError> {
        let (shortfall, answer) = if CAPABILITY.is_by_runtimes(operation) {
            (Shortfall::Absent(NO_SOCKETS), SocketError::NotSupported)
        } else {
            (Shortfall::Never(Class::Ungranted, NO_SOCKETS), SocketError::AccessDenied)
        };
        // The answer is the same under a tripwire, since there is nothing to return.
        let _ = self.ask_wasi(operation, argument, |_, _| Err(shortfall), |_| (), || ());
        Err(answer)
    }
}

fn family(family: AddressFamily) -> u64 {
    match family {
        AddressFamily::Ipv4 => 4,
        AddressFamily::Ipv6 => 6,
    }
}

pub(super) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    Interface::of(linker, "sockets/network")?.resource::<Network>("network")?;
    Interface::of(linker, "sockets/instance-network")?.function(
        INSTANCE_NETWORK,
        |()| 0,
        |host, ()| host.hand_out(INSTANCE_NETWORK, &[], |_| Network, || Network),
    )?;
    for (path, operation) in
        [("sockets/tcp-create-socket", CREATE_TCP_SOCKET), ("sockets/udp-create-socket", CREATE_UDP_SOCKET)]
    {
        Interface::of(linker, path)?.function(
            operation,
            |_| 0,
            move |host, (version,): (AddressFamily,)| {
                Ok(host.reach_out(operation, &[RecordedArgument::Number(family(version))]))
            },
        )?;
    }
    for path in ["sockets/tcp", "sockets/udp", "sockets/ip-name-lookup"] {
        let mut interface = Interface::of(linker, path)?;
        for absent in ABSENT.iter().filter(|absent| absent.interface == path) {
            interface.absent(absent.resource)?.methods(absent.resource, absent.methods)?;
        }
        if path == "sockets/ip-name-lookup" {
            interface.function(
                RESOLVE_ADDRESSES,
                |(_, name): &(Resource<Network>, String)| name.len(),
                |host, (_, name): (Resource<Network>, String)| {
                    Ok(host.reach_out(RESOLVE_ADDRESSES, &[RecordedArgument::Text(&name)]))
                },
            )?;
        }
    }
    Ok(())
}
