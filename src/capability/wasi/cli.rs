//! `wasi:cli`: no environment, no arguments, no terminal; standard streams; and `exit`.

use wasmtime::component::{Linker, Resource};

use super::handles::{InputStream, OutputStream};
use super::link::Interface;
use super::operations::{
    EXIT, EXIT_WITH_CODE, GET_ARGUMENTS, GET_ENVIRONMENT, GET_STDERR, GET_STDIN, GET_STDOUT, GET_TERMINAL_STDERR,
    GET_TERMINAL_STDIN, GET_TERMINAL_STDOUT, INITIAL_CWD,
};
use super::types::Nothing;
use crate::capability::Host;
use crate::transcript::{Operation, RecordedArgument};

/// Error of a component that left by `exit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalledExit {
    /// The component is done, as if `run` had returned.
    #[error("the component left")]
    Done,
    /// The component reported a failure, as if it had trapped.
    #[error("the component left with a failure")]
    Failed,
}

impl Host {
    fn leave(&mut self, operation: Operation, code: u64) -> wasmtime::Result<()> {
        self.note_wasi(operation, &[RecordedArgument::Number(code)], ());
        Err(if code == 0 { CalledExit::Done } else { CalledExit::Failed }.into())
    }
}

pub(super) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    Interface::of(linker, "cli/environment")?
        .function(
            GET_ENVIRONMENT,
            |()| 0,
            |host, ()| Ok(host.note_wasi(GET_ENVIRONMENT, &[], Vec::<(String, String)>::new())),
        )?
        .function(GET_ARGUMENTS, |()| 0, |host, ()| Ok(host.note_wasi(GET_ARGUMENTS, &[], Vec::<String>::new())))?
        .function(INITIAL_CWD, |()| 0, |host, ()| Ok(host.note_wasi(INITIAL_CWD, &[], None::<String>)))?;
    Interface::of(linker, "cli/exit")?
        .action(EXIT, |host, (status,): (Result<(), ()>,)| host.leave(EXIT, u64::from(status.is_err())))?
        .action(EXIT_WITH_CODE, |host, (code,): (u8,)| host.leave(EXIT_WITH_CODE, code.into()))?;
    Interface::of(linker, "cli/stdin")?.function(
        GET_STDIN,
        |()| 0,
        |host, ()| host.hand_out(GET_STDIN, &[], |_| InputStream, || InputStream),
    )?;
    let outputs = [("cli/stdout", GET_STDOUT, OutputStream::Stdout), ("cli/stderr", GET_STDERR, OutputStream::Stderr)];
    for (interface, operation, stream) in outputs {
        Interface::of(linker, interface)?.function(
            operation,
            |()| 0,
            move |host, ()| host.hand_out(operation, &[], |_| stream, || stream),
        )?;
    }
    for (path, resource) in [("cli/terminal-input", "terminal-input"), ("cli/terminal-output", "terminal-output")] {
        Interface::of(linker, path)?.absent(resource)?;
    }
    let terminals = [
        ("cli/terminal-stdin", GET_TERMINAL_STDIN),
        ("cli/terminal-stdout", GET_TERMINAL_STDOUT),
        ("cli/terminal-stderr", GET_TERMINAL_STDERR),
    ];
    for (interface, operation) in terminals {
        Interface::of(linker, interface)?.function(
            operation,
            |()| 0,
            move |host, ()| Ok(host.note_wasi(operation, &[], None::<Resource<Nothing>>)),
        )?;
    }
    Ok(())
}
