//! Components whose parts call each other.

use super::{around, times};

/// Returns a component whose second component calls functions of the first, which pass so many
/// values in all. Each call has an allocator of its own, so none shares its code with another.
pub(super) fn lowering(count: u64) -> Vec<u8> {
    // The agent lifts one function.
    let (calls, rest) = ((count - 1) / MOST_OF_CALL, (count - 1) % MOST_OF_CALL);
    let each = |of: &dyn Fn(u64) -> String| (0..=calls).map(of).collect::<String>();
    // Besides the numbers: the call, the tuple, and the function that is lifted.
    let kind = |name: &str, values: u64| {
        format!("(type ${name} (tuple {})) (type $of-{name} (func (param \"a\" ${name})))", times("u8 ", values - 3))
    };
    let name = |n: u64| if n < calls { "most" } else { "rest" };
    let outer = "(alias outer 1 $of-most (type $of-most)) (alias outer 1 $of-rest (type $of-rest))";
    let options = |n: u64| format!("(memory $m) (realloc (core func $r{n}))");
    let memory = "(alias core export $i \"m\" (core memory $m))";
    let allocator = |n: u64| format!("(alias core export $i \"r{n}\" (core func $r{n}))");
    let module = |allocators: String| {
        format!(
            "(core module $m (memory (export \"m\") 1) (func (export \"f\") (param i32)) {allocators})
             (core instance $i (instantiate $m)) {memory}"
        )
    };
    let realloc = |n: u64| format!("(func (export \"r{n}\") (param i32 i32 i32 i32) (result i32) i32.const {n})");
    around(&format!(
        "{}{}
         (component $called {outer} {} {} (alias core export $i \"f\" (core func $f)) {})
         (instance $called (instantiate $called))
         (component $calling {outer} {} {} {} (core module $u {}) (core instance (instantiate $u (with \"\" (instance {})))))
         (instance (instantiate $calling {}))",
        kind("most", MOST_OF_CALL),
        kind("rest", rest),
        module(realloc(0)),
        allocator(0),
        each(&|n| format!("(func (export \"f{n}\") (type $of-{}) (canon lift (core func $f) {}))", name(n), options(0))),
        each(&|n| format!("(import \"f{n}\" (func $f{n} (type $of-{})))", name(n))),
        module(each(&realloc)),
        each(&|n| format!("{} (core func $l{n} (canon lower (func $f{n}) {}))", allocator(n), options(n))),
        each(&|n| format!("(import \"\" \"{n}\" (func (param i32)))")),
        each(&|n| format!("(export \"{n}\" (func $l{n}))")),
        each(&|n| format!("(with \"f{n}\" (func $called \"f{n}\"))")),
    ))
}

/// Values of each call in [`lowering`] but the last.
const MOST_OF_CALL: u64 = 900;
