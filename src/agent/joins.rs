//! Joins: a measure of the work on one function where branches meet. It counts, for each way that
//! leads to such a place, each local that may have been set on the way.
//!
//! ```text
//!  block                 ways to its end: 1, and 1 for each branch to it
//!    local.set 3         locals set within it: those of the blocks within it too, each once
//!    br_if 0             joins: ways times (locals set + values of the block's type), where there is more than one way
//!  end
//! ```
//!
//! Measured on wasmtime 48: time grows by more than the square of this number. A function of six
//! kilobytes with 160 000 joins took 25 seconds. One of 15 kilobytes with two million took minutes
//! and gigabytes. The largest function of `CPython` has 44 000, that of `QuickJS` 36 000, that of
//! `SpiderMonkey` 130 000.

use wasmparser::{BinaryReaderError, BlockType, FunctionBody, Operator};

/// Shape of a function, as far as it matters to a compiler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// Number of locals, without parameters.
    pub(super) locals: u64,
    /// Maximum depth of nested blocks.
    pub(super) depth: u64,
    /// Number of joins.
    pub(super) joins: u64,
}

/// Open block.
struct JoinBlock {
    /// Position at which it begins.
    start: u64,
    /// Number of ways that lead to its join.
    ways: u64,
    /// Number of values of its type.
    arity: u64,
    /// Number of locals set since it began, each once.
    set: u64,
    /// Number of these locals that were set before within the block around this one.
    known: u64,
}

/// Bound on the index of a local: none above it is valid.
const LOCALS: usize = 60_000;

/// Returns the shape of a function. `arities` has the number of parameters and results of each type
/// of its module.
pub(super) fn shape(body: &FunctionBody<'_>, arities: &[u64]) -> Result<Shape, BinaryReaderError> {
    let mut shape = Shape { locals: 0, depth: 0, joins: 0 };
    for local in body.get_locals_reader()? {
        shape.locals = shape.locals.saturating_add(local?.0.into());
    }
    let mut open = vec![JoinBlock { start: 1, ways: 1, arity: 0, set: 0, known: 0 }];
    // Position at which each local was set last; 0 for never.
    let mut last: Vec<u64> = Vec::new();
    let mut position = 1;
    for operator in body.get_operators_reader()? {
        position += 1;
        let mut enter = |kind: BlockType, ways: u64| {
            let arity = match kind {
                BlockType::Empty => 0,
                BlockType::Type(_) => 1,
                BlockType::FuncType(index) => usize::try_from(index).map_or(0, |index| arity(arities, index)),
            };
            open.push(JoinBlock { start: position, ways, arity, set: 0, known: 0 });
            shape.depth = shape.depth.max(u64::try_from(open.len()).unwrap_or(u64::MAX));
        };
        match operator? {
            Operator::Block { blockty } | Operator::Loop { blockty } => enter(blockty, 1),
            Operator::If { blockty } => enter(blockty, 2),
            Operator::LocalSet { local_index } | Operator::LocalTee { local_index } => {
                set(&mut open, &mut last, usize::try_from(local_index).unwrap_or(usize::MAX), position);
            }
            Operator::Br { relative_depth } | Operator::BrIf { relative_depth } => lead(&mut open, relative_depth),
            Operator::BrTable { targets } => {
                lead(&mut open, targets.default());
                for target in targets.targets() {
                    lead(&mut open, target?);
                }
            }
            Operator::End => {
                let Some(frame) = open.pop() else { continue };
                if frame.ways > 1 {
                    let joined = frame.ways.saturating_mul(frame.set.saturating_add(frame.arity));
                    shape.joins = shape.joins.saturating_add(joined);
                }
                if let Some(around) = open.last_mut() {
                    around.set = around.set.saturating_add(frame.set.saturating_sub(around.known));
                    around.known = 0;
                }
            }
            _ => {}
        }
    }
    Ok(shape)
}

fn arity(arities: &[u64], index: usize) -> u64 {
    arities.get(index).copied().unwrap_or(0)
}

/// Adds a way to the join of the block `depth` blocks further out.
fn lead(open: &mut [JoinBlock], depth: u32) {
    let depth = usize::try_from(depth).unwrap_or(usize::MAX);
    let target = open.len().checked_sub(1).and_then(|top| top.checked_sub(depth)).and_then(|at| open.get_mut(at));
    if let Some(frame) = target {
        frame.ways = frame.ways.saturating_add(1);
    }
}

/// Counts a local for each open block in which it has not been set before.
fn set(open: &mut [JoinBlock], last: &mut Vec<u64>, local: usize, position: u64) {
    if local >= LOCALS {
        return;
    }
    if local >= last.len() {
        last.resize(local + 1, 0);
    }
    let Some(before) = last.get_mut(local) else { return };
    let first = open.partition_point(|frame| frame.start <= *before);
    *before = position;
    if first == open.len() {
        return;
    }
    if let Some(frame) = open.last_mut() {
        frame.set = frame.set.saturating_add(1);
    }
    // In this block and those around it, the local has been counted.
    if let Some(frame) = first.checked_sub(1).and_then(|known| open.get_mut(known)) {
        frame.known = frame.known.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmparser::{Parser, Payload};

    fn joins(body: &str) -> u64 {
        let text =
            format!("(module (type $t (func (param i32 i32) (result i32 i32))) (func (local i32 i32 i32) {body}))");
        let bytes = wat::parse_str(text).unwrap();
        for payload in Parser::new(0).parse_all(&bytes) {
            if let Payload::CodeSectionEntry(function) = payload.unwrap() {
                return shape(&function, &[4]).unwrap().joins;
            }
        }
        panic!("there is no function")
    }

    #[test]
    fn a_local_counts_once_for_each_way_to_where_it_is_joined() {
        let set = |local: u32| format!("(local.set {local} (i32.const 1))");
        assert_eq!(joins(&format!("block {} end", set(0))), 0, "there is one way");
        assert_eq!(joins(&format!("block {} br 0 end", set(0))), 2);
        assert_eq!(joins(&format!("block {}{}{} br 0 end", set(0), set(0), set(1))), 4, "each local once");
        assert_eq!(joins(&format!("(if (i32.const 1) (then {}))", set(2))), 2);
        assert_eq!(joins(&format!("block block {} br 1 end {} end", set(0), set(0))), 2, "known in the block around");
        assert_eq!(joins(&format!("block block {} br 0 end {} br 0 end", set(0), set(1))), 2 + 4);
        assert_eq!(joins(&format!("{} block br 0 end", set(0))), 0, "set before, not within");
        assert_eq!(joins(&format!("loop {} (br_table 0 0 0 (i32.const 0)) end", set(0))), 4, "each branch is a way");
        let two = "i32.const 1 i32.const 2";
        assert_eq!(
            joins(&format!("{two} block (type $t) br 0 end drop drop")),
            2 * 4,
            "the values of the block's type"
        );
    }
}
