//! Work to begin a module. The engine writes one function for each module, which puts in place what
//! is not known before an instance is made.
//!
//! ```text
//!  (elem (i32.const 0) func $f $g)        own table: none; a table that is imported: 1 for each
//!  (elem func $f $g)                      1 for each
//!  (data (i32.const 0) "text")            own memory: 1; a memory that is imported: 6
//!  (global i32 (i32.add ..))              1 for each instruction
//! ```
//!
//! Measured on wasmtime 48: an element of a table that is imported takes 7 KB. A module of one
//! megabyte with 990 000 such elements took 7 GB.

use wasmparser::{
    BinaryReaderError, ConstExpr, DataKind, DataSectionReader, Element, ElementItems, ElementKind,
    ElementSectionReader, GlobalSectionReader, MemorySectionReader, Operator, TableInit, TableSectionReader,
};

/// Maximum number of elements of a table whose content the engine works out before.
const MOST_KNOWN: u64 = 1 << 20;

/// Maximum number of bytes of the image of a memory that the engine makes whatever is in it.
const MOST_IMAGE: u64 = 16 << 20;
/// Work for a segment of data that is put in place as the module begins, in elements: 10 000 of them
/// take six seconds, and four times as many take a hundred.
const SEGMENT: u64 = 5;
/// Bytes of a page.
const PAGE: u64 = 65_536;

/// State of a module of which sections are read.
#[derive(Debug, Default)]
pub(super) struct ModuleStart {
    /// Size of each table at first, or `None` for a table that is not the module's own or that has
    /// an initial value.
    tables: Vec<Option<u64>>,
    /// Bytes of each memory at first, or `None` for a memory that is not the module's own.
    memories: Vec<Option<u64>>,
    /// `true` if an element was put in place as the module begins. Then all later ones are too.
    is_late: bool,
}

impl ModuleStart {
    /// Records a table that is imported.
    pub(super) fn table_of_another(&mut self) {
        self.tables.push(None);
    }

    /// Records a memory that is imported.
    pub(super) fn memory_of_another(&mut self) {
        self.memories.push(None);
    }

    /// Records memories. They cost nothing here.
    pub(super) fn memories(&mut self, section: MemorySectionReader<'_>) -> Result<u64, BinaryReaderError> {
        for memory in section {
            self.memories.push(Some(memory?.initial.saturating_mul(PAGE)));
        }
        Ok(0)
    }

    /// Counts the work for tables.
    pub(super) fn tables(&mut self, section: TableSectionReader<'_>) -> Result<u64, BinaryReaderError> {
        let mut work = 0_u64;
        for table in section {
            let table = table?;
            let (known, more) = match table.init {
                TableInit::RefNull => (Some(table.ty.initial), 0),
                TableInit::Expr(value) => (None, instructions(&value)?.0),
            };
            self.tables.push(known.filter(|size| *size <= MOST_KNOWN));
            work = work.saturating_add(more);
        }
        Ok(work)
    }

    /// Counts the work for elements.
    pub(super) fn elements(&mut self, section: ElementSectionReader<'_>) -> Result<u64, BinaryReaderError> {
        let mut work = 0_u64;
        for segment in section {
            let Element { kind, items, .. } = segment?;
            let is_known = match kind {
                ElementKind::Declared => true,
                ElementKind::Passive => false,
                ElementKind::Active { table_index, offset_expr } => {
                    let (of_offset, offset) = instructions(&offset_expr)?;
                    let table = usize::try_from(table_index.unwrap_or(0)).unwrap_or(usize::MAX);
                    let size = self.tables.get(table).copied().flatten();
                    let is_within = size.zip(offset).is_some_and(|(size, offset)| match &items {
                        ElementItems::Functions(functions) => offset.saturating_add(functions.count().into()) <= size,
                        ElementItems::Expressions(..) => false,
                    });
                    self.is_late |= !is_within;
                    if self.is_late {
                        work = work.saturating_add(of_offset);
                    }
                    !self.is_late
                }
            };
            match items {
                ElementItems::Functions(_) if is_known => {}
                ElementItems::Functions(functions) => work = work.saturating_add(functions.count().into()),
                // The engine keeps each of these, also if it does not use them.
                ElementItems::Expressions(_, values) => {
                    for value in values {
                        work = work.saturating_add(instructions(&value?)?.0);
                    }
                }
            }
        }
        Ok(work)
    }

    /// Counts the work for globals. One that is a number costs nothing here.
    pub(super) fn globals(section: GlobalSectionReader<'_>) -> Result<u64, BinaryReaderError> {
        let mut work = 0_u64;
        for global in section {
            let (all, number) = instructions(&global?.init_expr)?;
            if number.is_none() {
                work = work.saturating_add(all);
            }
        }
        Ok(work)
    }

    /// Counts the work for segments of data. If all have their place in an image of the memory that
    /// is made before, each counts once.
    pub(super) fn data(&mut self, section: DataSectionReader<'_>) -> Result<u64, BinaryReaderError> {
        let (mut segments, mut work, mut is_known) = (0_u64, 0_u64, true);
        for segment in section {
            let segment = segment?;
            let DataKind::Active { memory_index, offset_expr } = segment.kind else { continue };
            let (of_offset, offset) = instructions(&offset_expr)?;
            let size = usize::try_from(memory_index).ok().and_then(|index| self.memories.get(index).copied().flatten());
            let length = u64::try_from(segment.data.len()).unwrap_or(u64::MAX);
            let is_within = |(size, offset): (u64, u64)| offset.saturating_add(length) <= size.min(MOST_IMAGE);
            is_known &= size.zip(offset).is_some_and(is_within);
            segments = segments.saturating_add(1);
            work = work.saturating_add(of_offset);
        }
        Ok(if is_known { segments } else { work.saturating_add(segments.saturating_mul(SEGMENT)) })
    }
}

/// Returns the number of instructions of a value, and the value if it is one number.
fn instructions(value: &ConstExpr<'_>) -> Result<(u64, Option<u64>), BinaryReaderError> {
    let (mut count, mut number) = (0_u64, None);
    for operator in value.get_operators_reader() {
        let is_first = count == 0;
        number = match operator? {
            Operator::End => break,
            Operator::I32Const { value } if is_first => Some(u64::from(value.cast_unsigned())),
            Operator::I64Const { value } if is_first => Some(value.cast_unsigned()),
            Operator::F32Const { .. } | Operator::F64Const { .. } | Operator::V128Const { .. } if is_first => {
                Some(u64::MAX)
            }
            Operator::RefNull { .. } if is_first => Some(u64::MAX),
            _ => None,
        };
        count = count.saturating_add(1);
    }
    Ok((count, number))
}
