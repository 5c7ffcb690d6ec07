//! `wasi:filesystem`: there are no folders, hence no files. The capability `workspace` has files.

use wasmtime::component::{Linker, Resource};

use super::handles::IoError;
use super::link::Interface;
use super::operations::{ABSENT, FILESYSTEM_ERROR_CODE, GET_DIRECTORIES};
use super::types::{FileError, Nothing};
use crate::capability::Host;

pub(super) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    let path = "filesystem/types";
    let mut types = Interface::of(linker, path)?;
    for absent in ABSENT.iter().filter(|absent| absent.interface == path) {
        types.absent(absent.resource)?.methods(absent.resource, absent.methods)?;
    }
    types.function(
        FILESYSTEM_ERROR_CODE,
        |_| 0,
        |host, (_,): (Resource<IoError>,)| {
            // There are no streams of files.
            Ok(host.note_wasi(FILESYSTEM_ERROR_CODE, &[], None::<FileError>))
        },
    )?;
    Interface::of(linker, "filesystem/preopens")?.function(
        GET_DIRECTORIES,
        |()| 0,
        |host, ()| Ok(host.note_wasi(GET_DIRECTORIES, &[], Vec::<(Resource<Nothing>, String)>::new())),
    )?;
    Ok(())
}
