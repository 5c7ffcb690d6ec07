//! Work: a measure of the compiler's effort on a function. It counts the pieces that the function
//! is made into, and the values tracked in each.
//!
//! ```text
//!  call_indirect          pieces: 8; what an instruction expands to
//!  call $f                pieces: 2, and 1 for each parameter and result
//!  block (result i32)     pieces: 3; values: 1, for each parameter and result of a block
//!    i32.load             height: 1
//!                         tracked: pieces times (locals + parameters + values + the greatest height)
//! ```
//!
//! Measured on wasmtime 48: a compiler takes time and memory for each piece, and both again for the
//! product of pieces and values. A function of ten kilobytes with a thousand blocks of a thousand
//! results each took 4 GB. One of 6 KB with 8 000 loops took 16 seconds.

use wasmparser::{
    BinaryReaderError, BlockType, ContType, FrameKind, FuncType, FunctionBody, ModuleArity, Operator, RefType, SubType,
};

/// Work on one function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct FunctionWork {
    /// Number of pieces.
    pub(super) pieces: u64,
    /// Maximum number of values on the stack at a time.
    pub(super) height: u64,
    /// Number of values that are tracked, times the pieces that they are tracked through.
    pub(super) tracked: u64,
}

/// Types of a module.
#[derive(Debug, Default)]
pub(super) struct Types {
    /// Types, by index.
    pub(super) types: Vec<SubType>,
    /// Type of each function, imported ones first.
    pub(super) functions: Vec<u32>,
}

/// State of the reading of a function.
struct Reading<'t> {
    types: &'t Types,
    open: Vec<WorkBlock>,
    height: u64,
}

/// Open block.
struct WorkBlock {
    block: BlockType,
    kind: FrameKind,
    /// Number of values on the stack below it.
    below: u64,
    /// `true` if the next instruction in it is never reached. A compiler skips such code.
    is_dead: bool,
}

/// Returns the work on a function whose type has the index `own`.
pub(super) fn work(
    body: &FunctionBody<'_>,
    types: &Types,
    own: Option<u32>,
) -> Result<FunctionWork, BinaryReaderError> {
    let whole = own.map_or(BlockType::Empty, BlockType::FuncType);
    let frame = WorkBlock { block: whole, kind: FrameKind::Block, below: 0, is_dead: false };
    let mut reading = Reading { types, open: vec![frame], height: 0 };
    let (parameters, results) = reading.block_type_arity(whole).unwrap_or_default();
    let mut values = u64::from(parameters).saturating_add(u64::from(results));
    for local in body.get_locals_reader()? {
        values = values.saturating_add(local?.0.into());
    }
    let mut work = FunctionWork { pieces: 1, height: 0, tracked: 0 };
    for operator in body.get_operators_reader()? {
        let operator = operator?;
        let is_dead = reading.open.last().is_none_or(|frame| frame.is_dead);
        let arity = reading.go_on(&operator);
        if is_dead {
            continue;
        }
        work.pieces = work.pieces.saturating_add(pieces(&operator));
        let (taken, given) = arity.map_or((0, 0), |(taken, given)| (u64::from(taken), u64::from(given)));
        match operator {
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => {
                let Some(frame) = reading.open.last() else { continue };
                let (parameters, results) = reading.block_type_arity(frame.block).unwrap_or_default();
                values = values.saturating_add(u64::from(parameters)).saturating_add(u64::from(results));
            }
            Operator::Call { .. } | Operator::CallIndirect { .. } | Operator::Br { .. } | Operator::BrIf { .. } => {
                work.pieces = work.pieces.saturating_add(taken).saturating_add(given);
            }
            Operator::Return => work.pieces = work.pieces.saturating_add(taken),
            _ => {}
        }
        work.height = work.height.max(reading.height);
    }
    work.tracked = work.pieces.saturating_mul(values.saturating_add(work.height));
    Ok(work)
}

/// Returns the number of pieces of an instruction beyond its usual cost, as far as measurements
/// showed that it matters.
const fn pieces(operator: &Operator<'_>) -> u64 {
    match operator {
        // Its end counts if the block is joined.
        Operator::Block { .. } | Operator::Else | Operator::TableSize { .. } | Operator::MemorySize { .. } => 1,
        Operator::Call { .. }
        | Operator::RefFunc { .. }
        | Operator::DataDrop { .. }
        | Operator::ElemDrop { .. }
        | Operator::Br { .. }
        | Operator::BrIf { .. }
        | Operator::BrTable { .. }
        | Operator::If { .. }
        | Operator::Return
        | Operator::Unreachable
        | Operator::I32Rotl
        | Operator::I32Rotr
        | Operator::I64Rotl
        | Operator::I64Rotr => 3,
        Operator::TableGet { .. } | Operator::TableSet { .. } => 6,
        Operator::CallIndirect { .. } => 8,
        Operator::MemoryFill { .. }
        | Operator::MemoryCopy { .. }
        | Operator::MemoryInit { .. }
        | Operator::MemoryGrow { .. } => 10,
        Operator::TableFill { .. } => 12,
        Operator::TableGrow { .. } => 16,
        Operator::TableCopy { .. } | Operator::TableInit { .. } => 24,
        Operator::Loop { .. } => 40,
        _ => 0,
    }
}

impl Reading<'_> {
    /// Follows one instruction. Returns the number of values that it takes from the stack and the
    /// number that it gives.
    fn go_on(&mut self, operator: &Operator<'_>) -> Option<(u32, u32)> {
        let is_dead = self.open.last().is_none_or(|frame| frame.is_dead);
        let arity = operator.operator_arity(&*self);
        let (taken, given) = arity.unwrap_or_default();
        if !is_dead {
            self.height = self.height.saturating_sub(taken.into()).saturating_add(given.into());
        }
        match operator {
            Operator::Block { blockty } => self.enter(*blockty, FrameKind::Block, is_dead),
            Operator::Loop { blockty } => self.enter(*blockty, FrameKind::Loop, is_dead),
            Operator::If { blockty } => self.enter(*blockty, FrameKind::If, is_dead),
            Operator::Else => {
                let is_around_dead = self.open.iter().rev().nth(1).is_some_and(|frame| frame.is_dead);
                let Some(frame) = self.open.last_mut() else { return arity };
                (frame.kind, frame.is_dead) = (FrameKind::Else, is_around_dead);
                let (below, block) = (frame.below, frame.block);
                self.height = below.saturating_add(self.block_type_arity(block).unwrap_or_default().0.into());
            }
            Operator::End => {
                let Some(frame) = self.open.pop() else { return arity };
                self.height =
                    frame.below.saturating_add(self.block_type_arity(frame.block).unwrap_or_default().1.into());
            }
            Operator::Br { .. } | Operator::BrTable { .. } | Operator::Return | Operator::Unreachable => {
                if let Some(frame) = self.open.last_mut() {
                    frame.is_dead = true;
                }
            }
            _ => {}
        }
        arity
    }

    fn enter(&mut self, block: BlockType, kind: FrameKind, is_dead: bool) {
        let parameters = self.block_type_arity(block).unwrap_or_default().0;
        self.open.push(WorkBlock { block, kind, below: self.height.saturating_sub(parameters.into()), is_dead });
    }
}

impl ModuleArity for Reading<'_> {
    fn sub_type_at(&self, index: u32) -> Option<&SubType> {
        self.types.types.get(usize::try_from(index).ok()?)
    }

    fn tag_type_arity(&self, _: u32) -> Option<(u32, u32)> {
        None
    }

    fn type_index_of_function(&self, index: u32) -> Option<u32> {
        self.types.functions.get(usize::try_from(index).ok()?).copied()
    }

    fn func_type_of_cont_type(&self, _: &ContType) -> Option<&FuncType> {
        None
    }

    fn sub_type_of_ref_type(&self, _: &RefType) -> Option<&SubType> {
        None
    }

    fn control_stack_height(&self) -> u32 {
        u32::try_from(self.open.len()).unwrap_or(u32::MAX)
    }

    fn label_block(&self, depth: u32) -> Option<(BlockType, FrameKind)> {
        let at = self.open.len().checked_sub(1)?.checked_sub(usize::try_from(depth).ok()?)?;
        self.open.get(at).map(|frame| (frame.block, frame.kind))
    }
}
