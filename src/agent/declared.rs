//! Count of the types that a component declares, and of their nesting.
//!
//! A type may declare types, which may declare types. A reader of whole types recurses as deep.
//! Sixty kilobytes are enough to overflow a stack, and that ends the program. So this module reads
//! one type at a time.

use wasmparser::{
    BinaryReader, BinaryReaderError, ComponentAlias, ComponentDefinedType, ComponentExternName, ComponentImport,
    ComponentType, ComponentTypeRef, CoreType,
};

/// Counts of the types in one section.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Declared {
    /// Number of types. Each field, parameter, case, import and export counts as one more.
    pub(super) types: u64,
    /// Maximum depth of nested types.
    pub(super) depth: u64,
}

/// Counts the types in a section. It stops at types nested deeper than `most`.
///
/// It also stops at bytes that make no sense: a reader of the whole section stops there too.
pub(super) fn declared(section: &[u8], at: usize, most: u64) -> Result<Declared, BinaryReaderError> {
    let mut reader = BinaryReader::new(section, at);
    let mut declared = Declared::default();
    // Number of types left in each open type; the outermost is the section.
    let mut open = vec![reader.read_var_u32()?];
    while let Some(left) = open.last_mut() {
        let Some(fewer) = left.checked_sub(1) else {
            open.pop();
            continue;
        };
        *left = fewer;
        declared.types = declared.types.saturating_add(1);
        let kind = if open.len() == 1 { 0x01 } else { reader.read_u8()? };
        match kind {
            0x00 => {
                if let CoreType::Module(inner) = reader.read()? {
                    declared.types = declared.types.saturating_add(count(inner.len()));
                }
            }
            0x01 => match section.get(reader.current_position()) {
                Some(0x41 | 0x42) => {
                    reader.read_u8()?;
                    open.push(reader.read_var_u32()?);
                    declared.depth = declared.depth.max(count(open.len().saturating_sub(1)));
                    if declared.depth > most {
                        break;
                    }
                }
                _ => declared.types = declared.types.saturating_add(fields(&reader.read()?)),
            },
            0x02 => {
                reader.read::<ComponentAlias<'_>>()?;
            }
            0x03 => {
                reader.read::<ComponentImport<'_>>()?;
            }
            0x04 => {
                reader.read::<ComponentExternName<'_>>()?;
                reader.read::<ComponentTypeRef>()?;
            }
            _ => break,
        }
    }
    Ok(declared)
}

/// Returns the number of parts of a type that has no types of its own.
fn fields(kind: &ComponentType<'_>) -> u64 {
    count(match kind {
        ComponentType::Func(function) => function.params.len(),
        ComponentType::Defined(ComponentDefinedType::Record(fields)) => fields.len(),
        ComponentType::Defined(ComponentDefinedType::Variant(cases)) => cases.len(),
        ComponentType::Defined(ComponentDefinedType::Tuple(types)) => types.len(),
        ComponentType::Defined(ComponentDefinedType::Flags(names) | ComponentDefinedType::Enum(names)) => names.len(),
        _ => 0,
    })
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_within_types_are_counted_without_recursion() {
        let nested = |levels: usize| [&[1][..], &[0x42, 1, 1].repeat(levels), &[0x42, 0]].concat();
        let seen = |levels: usize, most: u64| declared(&nested(levels), 0, most).unwrap();
        assert_eq!(seen(0, 9), Declared { types: 1, depth: 1 });
        assert_eq!(seen(8, 9), Declared { types: 9, depth: 9 });
        assert_eq!(seen(1_000_000, 9).depth, 10);
        assert_eq!(seen(1_000_000, u64::MAX).depth, 1_000_001);
    }

    #[test]
    fn fields_parameters_and_exports_count_too() {
        let text = "(component (type (record (field \"a\" u8) (field \"b\" u8))) (type (func (param \"a\" u8)))
                      (type (instance (export \"f\" (func)) (type (enum \"x\" \"y\" \"z\")))))";
        let bytes = wat::parse_str(text).unwrap();
        let mut types = 0;
        for payload in wasmparser::Parser::new(0).parse_all(&bytes) {
            if let wasmparser::Payload::ComponentTypeSection(section) = payload.unwrap() {
                types += declared(&bytes[section.range()], 0, 9).unwrap().types;
            }
        }
        // The section has a record with two fields, a function with a parameter, and an instance.
        // The instance has a function's type, its export and an enum of three.
        assert_eq!(types, 3 + 2 + (1 + 1 + 1 + 4));
    }
}
