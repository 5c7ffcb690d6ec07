//! What a component begins with: the least that a policy has to allow.

use wasmparser::{Parser, Payload};

/// The bytes of a page.
const PAGE: u64 = 65_536;

/// The bytes of a kibibyte and of a mebibyte.
const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// The memory and the tables that a component declares, all of them together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Begins {
    /// Bytes of linear memory.
    pub memory: u64,
    /// Elements of tables.
    pub table_elements: u64,
}

impl Begins {
    /// What is declared in a component that is valid.
    pub(super) fn of(binary: &[u8]) -> Self {
        let mut begins = Self::default();
        // Whether it can be read was found out before.
        for payload in Parser::new(0).parse_all(binary).map_while(Result::ok) {
            match payload {
                Payload::MemorySection(section) => {
                    for memory in section.into_iter().map_while(Result::ok) {
                        begins.memory = begins.memory.saturating_add(memory.initial.saturating_mul(PAGE));
                    }
                }
                Payload::TableSection(section) => {
                    for table in section.into_iter().map_while(Result::ok) {
                        begins.table_elements = begins.table_elements.saturating_add(table.ty.initial);
                    }
                }
                _ => {}
            }
        }
        begins
    }

    /// The memory as a policy has it, which is enough.
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
    fn what_all_modules_declare_is_added_up() {
        let text = "(component (core module (memory 3) (table 7 funcref)) (core module (memory 20) (table 5 funcref)))";
        let begins = Begins::of(&wat::parse_str(text).unwrap());
        assert_eq!(begins, Begins { memory: 23 * PAGE, table_elements: 12 });
        assert_eq!(begins.memory(), "2 MiB");
        assert_eq!(Begins { memory: 3 * PAGE, ..begins }.memory(), "192 KiB");
    }
}
