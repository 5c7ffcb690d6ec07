//! Count of the values in the types of lowered functions. The engine writes code for each of them
//! where a function of one component is called by another.
//!
//! ```text
//!  canon lower $f         f: func(a: tuple<string, list<char>>) -> u8
//!                         values: 1, tuple 1, string 40, list 40, char 4, u8 1
//!  (instance (instantiate $c))       all that $c lowers, once more
//! ```
//!
//! Measured on wasmtime 48: two functions share the code for a type only where their memories and
//! allocators are the same. A text of 826 KB, whose 2 000 functions differ in their allocators and
//! pass 60 tuples of 1 000 characters each, took more than 9.7 GB.

use std::collections::BTreeMap;

use wasmparser::component_types::{ComponentDefinedType, ComponentDefinedTypeId, ComponentTypeId, ComponentValType};
use wasmparser::types::TypesRef;
use wasmparser::{CanonicalFunction, ComponentInstance, Encoding, Payload, PrimitiveValType, Validator};

use super::bounds::{Fault, within};
use super::part::ComponentPart;

/// Values of a string, a list or a map: the code for it is so many times that of a number.
const SEQUENCE: u64 = 40;
/// Values of a character, which is checked.
const CHARACTER: u64 = 4;

/// Values of each component so far, those of the components it instantiates included.
#[derive(Default)]
pub(super) struct LoweredCounts {
    /// Component or module that is being read, outermost first, each with its values.
    open: Vec<(Encoding, u64)>,
    /// Values of each component that was read.
    components: BTreeMap<ComponentTypeId, u64>,
    /// Values of each type.
    types: BTreeMap<ComponentDefinedTypeId, u64>,
    /// Maximum number of values of any component read so far.
    heaviest: u64,
}

impl LoweredCounts {
    /// Counts what a payload lowers. `validator` has accepted it.
    pub(super) fn read(&mut self, payload: &Payload<'_>, validator: &Validator) -> Result<(), Fault> {
        match payload {
            Payload::Version { encoding, .. } => self.open.push((*encoding, 0)),
            Payload::End(_) => self.leave(validator),
            Payload::ComponentCanonicalSection(section) => {
                let Some(types) = validator.types(0) else { return Ok(()) };
                for function in section.clone() {
                    let more = match function? {
                        CanonicalFunction::Lower { func_index, .. } => self.function(func_index, types),
                        _ => 1,
                    };
                    self.add(more, section.range().start)?;
                }
            }
            Payload::ComponentInstanceSection(section) => {
                let Some(types) = validator.types(0) else { return Ok(()) };
                for instance in section.clone() {
                    if let ComponentInstance::Instantiate { component_index, .. } = instance? {
                        let known = self.components.get(&types.component_at(component_index)).copied();
                        self.add(known.unwrap_or(self.heaviest), section.range().start)?;
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Closes the component or module that ended.
    fn leave(&mut self, validator: &Validator) {
        let Some((encoding, values)) = self.open.pop() else { return };
        let types = validator.types(0).filter(|_| encoding == Encoding::Component);
        let last = types.and_then(|types| Some(types.component_at(types.component_count().checked_sub(1)?)));
        if let Some(component) = last {
            self.components.insert(component, values);
            self.heaviest = self.heaviest.max(values);
        }
    }

    fn add(&mut self, more: u64, at: usize) -> Result<(), Fault> {
        let Some((_, values)) = self.open.last_mut() else { return Ok(()) };
        *values = values.saturating_add(more);
        within(ComponentPart::Lowered, *values, at)
    }

    /// Returns the number of values of a function.
    #[expect(clippy::indexing_slicing, reason = "the validator has accepted the function, so its type is there")]
    fn function(&mut self, index: u32, types: TypesRef<'_>) -> u64 {
        let function = &types[types.component_function_at(index)];
        let parts = function.params.iter().map(|(_, part)| *part).chain(function.result);
        self.all(parts.map(Some), types)
    }

    /// Returns one, and the number of values of these types.
    fn all(&mut self, parts: impl IntoIterator<Item = Option<ComponentValType>>, types: TypesRef<'_>) -> u64 {
        parts.into_iter().fold(1, |values, part| values.saturating_add(part.map_or(1, |part| self.of(part, types))))
    }

    /// Returns the number of values of a type. The validator bounds how deep types lie within each
    /// other.
    #[expect(clippy::indexing_slicing, reason = "the validator has accepted the type, so it is there")]
    fn of(&mut self, kind: ComponentValType, types: TypesRef<'_>) -> u64 {
        let id = match kind {
            ComponentValType::Primitive(primitive) => return primitive_values(primitive),
            ComponentValType::Type(id) => id,
        };
        if let Some(known) = self.types.get(&id) {
            return *known;
        }
        let values = match &types[id] {
            ComponentDefinedType::Primitive(primitive) => primitive_values(*primitive),
            ComponentDefinedType::Record(record) => self.all(record.fields.values().map(|kind| Some(*kind)), types),
            ComponentDefinedType::Variant(variant) => self.all(variant.cases.values().map(|case| case.ty), types),
            ComponentDefinedType::Tuple(tuple) => self.all(tuple.types.iter().map(|kind| Some(*kind)), types),
            ComponentDefinedType::List { element, .. } => self.of(*element, types).saturating_add(SEQUENCE),
            ComponentDefinedType::Map { key, value, .. } => {
                self.all([Some(*key), Some(*value)], types).saturating_add(SEQUENCE)
            }
            ComponentDefinedType::FixedLengthList { element, length, .. } => {
                self.of(*element, types).saturating_mul(u64::from(*length)).saturating_add(1)
            }
            ComponentDefinedType::Flags(names) | ComponentDefinedType::Enum(names) => {
                u64::try_from(names.len()).unwrap_or(u64::MAX).saturating_add(1)
            }
            ComponentDefinedType::Option { ty, .. } => self.all([None, Some(*ty)], types),
            ComponentDefinedType::Result { ok, err, .. } => self.all([*ok, *err], types),
            ComponentDefinedType::Own(_)
            | ComponentDefinedType::Borrow(_)
            | ComponentDefinedType::Future { .. }
            | ComponentDefinedType::Stream { .. } => CHARACTER,
        };
        self.types.insert(id, values);
        values
    }
}

const fn primitive_values(primitive: PrimitiveValType) -> u64 {
    match primitive {
        PrimitiveValType::String => SEQUENCE,
        PrimitiveValType::Char | PrimitiveValType::ErrorContext => CHARACTER,
        PrimitiveValType::Bool
        | PrimitiveValType::S8
        | PrimitiveValType::U8
        | PrimitiveValType::S16
        | PrimitiveValType::U16
        | PrimitiveValType::S32
        | PrimitiveValType::U32
        | PrimitiveValType::S64
        | PrimitiveValType::U64
        | PrimitiveValType::F32
        | PrimitiveValType::F64 => 1,
    }
}
