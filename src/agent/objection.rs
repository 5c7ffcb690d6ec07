//! Checks of a component that rule it out before compilation: its imports of WASI, and the encoding
//! of its texts.

use wasmparser::{CanonicalFunction, CanonicalOption, Parser, Payload};

use super::Error;
use crate::capability::wasi_interface;

/// Checks that the imports of WASI exist, and that texts are in UTF-8.
///
/// A component for another WASI may use features that the compiler lacks, and would then get a less
/// helpful error. Malformed parts are left for the compiler to report.
pub(super) fn check(name: &str, component: &[u8]) -> Result<(), Error> {
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(component).map_while(Result::ok) {
        match payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth = depth.saturating_add(1),
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(imports) if depth == 0 => {
                for import in imports.into_iter().map_while(Result::ok) {
                    let import = import.name.name;
                    if import.starts_with("wasi:") {
                        wasi_interface(import).map_err(|fault| Error::UnknownWasi {
                            name: name.to_owned(),
                            import: import.to_owned(),
                            fault,
                        })?;
                    }
                }
            }
            Payload::ComponentCanonicalSection(functions)
                if functions.clone().into_iter().map_while(Result::ok).any(|function| is_recoded(&function)) =>
            {
                return Err(Error::Encoding { name: name.to_owned() });
            }
            _ => {}
        }
    }
    Ok(())
}

/// Returns `true` if the texts of a function would have to be recoded. Between the parts of one
/// component, that is intricate code of the host over memory of the guest, and no agent needs it.
fn is_recoded(function: &CanonicalFunction) -> bool {
    let (CanonicalFunction::Lift { options, .. } | CanonicalFunction::Lower { options, .. }) = function else {
        return false;
    };
    options.iter().any(|option| matches!(option, CanonicalOption::UTF16 | CanonicalOption::CompactUTF16))
}
