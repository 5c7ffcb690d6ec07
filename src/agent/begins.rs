//! Initial memory and tables of a component: the least that a policy has to allow.

use wasmparser::{Parser, Payload};

/// Bytes of a page.
const PAGE: u64 = 65_536;

/// Bytes of a kibibyte and of a mebibyte.
const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// Memory and tables that a component declares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Begins {
    /// Bytes of all linear memories together.
    pub memory: u64,
    /// Elements of all tables together.
    pub table_elements: u64,
    /// Bytes of the largest linear memory.
    pub largest_memory: u64,
    /// Elements of the largest table.
    pub largest_table: u64,
}

impl Begins {
    /// Counts the declarations in a valid component.
    pub(super) fn of(binary: &[u8]) -> Self {
        let mut begins = Self::default();
        // Earlier checks have found that it can be read.
        for payload in Parser::new(0).parse_all(binary).map_while(Result::ok) {
            match payload {
                Payload::MemorySection(section) => {
                    for memory in section.into_iter().map_while(Result::ok) {
                        let bytes = memory.initial.saturating_mul(PAGE);
                        begins.memory = begins.memory.saturating_add(bytes);
                        begins.largest_memory = begins.largest_memory.max(bytes);
                    }
                }
                Payload::TableSection(section) => {
                    for table in section.into_iter().map_while(Result::ok) {
                        begins.table_elements = begins.table_elements.saturating_add(table.ty.initial);
                        begins.largest_table = begins.largest_table.max(table.ty.initial);
                    }
                }
                _ => {}
            }
        }
        begins
    }

    /// Writes the memory as in a policy, rounded up.
    pub(super) fn memory(self) -> String {
        if self.memory < MIB {
            format!("{} KiB", self.memory.div_ceil(KIB))
        } else {
            format!("{} MiB", self.memory.div_ceil(MIB))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_all_modules_declare_is_added_up_and_the_largest_is_known() {
        let text = "(component (core module (memory 3) (table 7 funcref)) (core module (memory 20) (table 5 funcref)))";
        let begins = Begins::of(&wat::parse_str(text).unwrap());
        let (largest_memory, largest_table) = (20 * PAGE, 7);
        assert_eq!(begins, Begins { memory: 23 * PAGE, table_elements: 12, largest_memory, largest_table });
        assert_eq!(begins.memory(), "2 MiB");
        assert_eq!(Begins { memory: 3 * PAGE, ..begins }.memory(), "192 KiB");
    }
}
