//! `wasi:io`: output streams that end in the log, input streams that are at their end, and waits
//! that take no time.

use wasmtime::component::{Linker, Resource};

use super::handles::{InputStream, IoError, OutputStream, Pollable};
use super::link::Interface;
use super::operations::{
    ERROR_TO_DEBUG_STRING, INPUT_BLOCKING_READ, INPUT_BLOCKING_SKIP, INPUT_READ, INPUT_SKIP, INPUT_SUBSCRIBE,
    OUTPUT_BLOCKING_FLUSH, OUTPUT_BLOCKING_SPLICE, OUTPUT_BLOCKING_WRITE, OUTPUT_BLOCKING_WRITE_ZEROES,
    OUTPUT_CHECK_WRITE, OUTPUT_FLUSH, OUTPUT_SPLICE, OUTPUT_SUBSCRIBE, OUTPUT_WRITE, OUTPUT_WRITE_ZEROES, POLL,
    POLLABLE_BLOCK, POLLABLE_READY,
};
use super::types::StreamError;
use super::{Shortfall, or_trap};
use crate::capability::Host;
use crate::capability::log::PrintedText;
use crate::transcript::{Operation, RecordedArgument};

/// Number of bytes that a stream says it takes at a time.
const PERMITTED: u64 = 4096;

impl Host {
    fn pollable(&self, handle: &Resource<Pollable>) -> wasmtime::Result<Pollable> {
        Ok(*self.handles.get(handle)?)
    }

    fn ready(&mut self, handle: &Resource<Pollable>) -> wasmtime::Result<bool> {
        let (pollable, step) = (self.pollable(handle)?, self.gate.step());
        let asked = self.ask_wasi(POLLABLE_READY, &[], |_, _| Ok(0), |state| state.is_ready(pollable, step), || true);
        asked.or_else(|refusal| or_trap(&refusal, || true))
    }

    fn block(&mut self, handle: &Resource<Pollable>) -> wasmtime::Result<()> {
        let (pollable, step) = (self.pollable(handle)?, self.gate.step());
        let asked = self.ask_wasi(
            POLLABLE_BLOCK,
            &[],
            |_, _| Ok(0),
            |state| {
                state.wait(&[pollable], step);
            },
            || (),
        );
        asked.or_else(|refusal| or_trap(&refusal, || ()))
    }

    fn poll(&mut self, handles: &[Resource<Pollable>]) -> wasmtime::Result<Vec<u32>> {
        let pollables = handles.iter().map(|handle| self.pollable(handle)).collect::<wasmtime::Result<Vec<_>>>()?;
        let step = self.gate.step();
        let count = u64::try_from(pollables.len()).unwrap_or(u64::MAX);
        let all = || (0..).zip(&pollables).map(|(index, _)| index).collect::<Vec<u32>>();
        let asked = self.ask_wasi(
            POLL,
            &[RecordedArgument::Number(count)],
            |_, _| match pollables.len() {
                0 => Err(Shortfall::Invalid("there is nothing to wait for".into())),
                count => Ok(count.saturating_mul(size_of::<u32>())),
            },
            |state| state.wait(&pollables, step),
            all,
        );
        asked.or_else(|refusal| or_trap(&refusal, all))
    }

    /// Reads from standard input, which is at its end.
    fn take_in<T>(&mut self, operation: Operation, length: u64) -> Result<T, StreamError> {
        let asked = self.ask_wasi(operation, &[RecordedArgument::Number(length)], |_, _| Ok(0), |_| (), || ());
        match asked {
            Ok(()) => Err(StreamError::Closed),
            Err(refusal) => Err(self.failed(&refusal)),
        }
    }

    fn check_write(&mut self) -> Result<u64, StreamError> {
        let asked = self.ask_wasi(OUTPUT_CHECK_WRITE, &[], |_, _| Ok(0), |_| PERMITTED, || PERMITTED);
        asked.map_err(|refusal| self.failed(&refusal))
    }

    /// Writes to the log. The grant and the quota of `log` decide as well.
    fn put_out(&mut self, operation: Operation, stream: OutputStream, contents: &[u8]) -> Result<(), StreamError> {
        let asked = self.ask_wasi(operation, &[RecordedArgument::Bytes(contents)], |_, _| Ok(0), |_| true, || false);
        match asked {
            Ok(true) => self.print(stream, PrintedText::Bytes(contents)).map_err(|refusal| self.failed(&refusal)),
            Ok(false) => Ok(()),
            Err(refusal) => Err(self.failed(&refusal)),
        }
    }

    fn put_out_zeroes(&mut self, operation: Operation, stream: OutputStream, count: u64) -> Result<(), StreamError> {
        let length = usize::try_from(count).unwrap_or(usize::MAX);
        // The gate refuses a number above the limit of a call before any zeros are made.
        let asked = self.ask_wasi(operation, &[RecordedArgument::Number(count)], |_, _| Ok(length), |_| true, || false);
        match asked {
            Ok(true) => self.print(stream, PrintedText::Zeroes(count)).map_err(|refusal| self.failed(&refusal)),
            Ok(false) => Ok(()),
            Err(refusal) => Err(self.failed(&refusal)),
        }
    }

    fn flush(&mut self, operation: Operation) -> Result<(), StreamError> {
        let asked = self.ask_wasi(operation, &[], |_, _| Ok(0), |_| (), || ());
        asked.map_err(|refusal| self.failed(&refusal))
    }

    fn debug_string(&mut self, error: &Resource<IoError>) -> wasmtime::Result<String> {
        let text = self.handles.get(error)?.0.clone();
        // The agent got the text with the handle, so no decision withholds it.
        Ok(self.note_wasi(ERROR_TO_DEBUG_STRING, &[], text))
    }

    fn output(&self, handle: &Resource<OutputStream>) -> wasmtime::Result<OutputStream> {
        Ok(*self.handles.get(handle)?)
    }
}

pub(super) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    Interface::of(linker, "io/error")?.resource::<IoError>("error")?.function(
        ERROR_TO_DEBUG_STRING,
        |_| 0,
        |host, (error,): (Resource<IoError>,)| host.debug_string(&error),
    )?;
    Interface::of(linker, "io/poll")?
        .resource::<Pollable>("pollable")?
        .function(POLLABLE_READY, |_| 0, |host, (handle,): (Resource<Pollable>,)| host.ready(&handle))?
        .action(POLLABLE_BLOCK, |host, (handle,): (Resource<Pollable>,)| host.block(&handle))?
        .function(
            POLL,
            |(handles,): &(Vec<Resource<Pollable>>,)| handles.len().saturating_mul(size_of::<u32>()),
            |host, (handles,): (Vec<Resource<Pollable>>,)| host.poll(&handles),
        )?;
    let mut streams = Interface::of(linker, "io/streams")?;
    streams.resource::<InputStream>("input-stream")?.resource::<OutputStream>("output-stream")?;
    for operation in [INPUT_READ, INPUT_BLOCKING_READ] {
        streams.function(
            operation,
            |_| 0,
            move |host, (_, length): (Resource<InputStream>, u64)| Ok(host.take_in::<Vec<u8>>(operation, length)),
        )?;
    }
    for operation in [INPUT_SKIP, INPUT_BLOCKING_SKIP] {
        streams.function(
            operation,
            |_| 0,
            move |host, (_, length): (Resource<InputStream>, u64)| Ok(host.take_in::<u64>(operation, length)),
        )?;
    }
    for operation in [OUTPUT_WRITE, OUTPUT_BLOCKING_WRITE] {
        streams.function(
            operation,
            |(_, contents): &(Resource<OutputStream>, Vec<u8>)| contents.len(),
            move |host, (stream, contents): (Resource<OutputStream>, Vec<u8>)| {
                let stream = host.output(&stream)?;
                Ok(host.put_out(operation, stream, &contents))
            },
        )?;
    }
    for operation in [OUTPUT_WRITE_ZEROES, OUTPUT_BLOCKING_WRITE_ZEROES] {
        streams.function(
            operation,
            |_| 0,
            move |host, (stream, count): (Resource<OutputStream>, u64)| {
                let stream = host.output(&stream)?;
                Ok(host.put_out_zeroes(operation, stream, count))
            },
        )?;
    }
    for operation in [OUTPUT_SPLICE, OUTPUT_BLOCKING_SPLICE] {
        type Parameters = (Resource<OutputStream>, Resource<InputStream>, u64);
        // The input stream is at its end, so there is nothing to copy.
        streams.function(
            operation,
            |_| 0,
            move |host, (_, _, length): Parameters| Ok(host.take_in::<u64>(operation, length)),
        )?;
    }
    for operation in [OUTPUT_FLUSH, OUTPUT_BLOCKING_FLUSH] {
        streams.function(operation, |_| 0, move |host, (_,): (Resource<OutputStream>,)| Ok(host.flush(operation)))?;
    }
    streams
        .function(INPUT_SUBSCRIBE, |_| 0, |host, (_,): (Resource<InputStream>,)| host.subscribe(INPUT_SUBSCRIBE))?
        .function(OUTPUT_SUBSCRIBE, |_| 0, |host, (_,): (Resource<OutputStream>,)| host.subscribe(OUTPUT_SUBSCRIBE))?
        .function(OUTPUT_CHECK_WRITE, |_| 0, |host, (_,): (Resource<OutputStream>,)| Ok(host.check_write()))?;
    Ok(())
}
