//! Errors of wasmtime about a component, in the words of Dayfly.

use super::{Error, ParsedAgent};
use crate::capability::MemoryLimits;

/// Makes the error for a component that the engine refuses. The pool of instances has only the room that the policy
/// allows.
///
/// wasmtime reports a lack of room in words alone. If those words change, the test
/// `what_wasmtime_says_where_there_is_no_room_is_understood` fails.
pub(super) fn refused(known: &ParsedAgent, limits: MemoryLimits, error: &wasmtime::Error) -> Error {
    if let Err(error) = known.begins_within(limits) {
        return error;
    }
    let (name, cause) = (known.name().to_owned(), error.root_cause().to_string());
    if NO_ROOM.iter().any(|part| cause.contains(part)) {
        // The text after the first clause is about the engine.
        let cause = cause.split(';').next().unwrap_or(&cause).trim_end().to_owned();
        Error::Room { name, cause }
    } else {
        Error::Malformed { name, cause }
    }
}

/// Phrases of wasmtime 48 for a component that an instance has no room for.
const NO_ROOM: [&str; 3] = ["in the pooling allocator", "exceeds the configured maximum", "per-instance limit"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::{Agent, Engine};

    #[test]
    fn what_wasmtime_says_where_there_is_no_room_is_understood() {
        let limits = MemoryLimits { memory: 1 << 16, table_elements: 10 };
        let engine = Engine::new(limits, 1).unwrap();
        let component = |modules: &str| {
            format!(
                "(component {modules} (core module $m (func (export \"run\"))) (core instance $i (instantiate $m))
                       (func (export \"run\") (canon lift (core func $i \"run\"))))"
            )
        };
        let many = |what: &str, count: usize| format!("(core module $n {})", what.repeat(count));
        let instances = format!("(core module $n) {}", "(core instance (instantiate $n))".repeat(32));
        for (modules, phrase) in [
            (instances, NO_ROOM[0]),
            (many("(global i64 (i64.const 0))", 40_000) + &"(core instance (instantiate $n))".repeat(2), NO_ROOM[1]),
            (many("(memory 0)", 5), NO_ROOM[2]),
        ] {
            let error = Agent::load("it", component(&modules).as_bytes(), &engine).unwrap_err();
            assert!(matches!(&error, Error::Room { .. }) && error.to_string().contains(phrase), "{phrase}: {error}");
        }
        // These errors are found by their numbers, whatever wasmtime writes.
        let refused = |module| Agent::load("it", component(&many(module, 1)).as_bytes(), &engine).unwrap_err();
        assert!(matches!(refused("(memory 2)"), Error::Memory { .. }));
        assert!(matches!(refused("(table 11 funcref)"), Error::Tables { .. }));
    }
}
