//! Reading of an operation from `wit/`.

use wit_parser::abi::{AbiVariant, FlatTypes, WasmType};
use wit_parser::{Function, Handle, InterfaceId, Resolve, Type, TypeDefKind, TypeId, TypeOwner};

use super::{ProbedOperation, Resource, Slot};

/// Maximum number of flat parameters of a type of the contract.
const FLAT: usize = 16;

/// Returns the type of a parameter, as text.
pub(in crate::audit) const fn kind_of(kind: WasmType) -> &'static str {
    match kind {
        WasmType::I32 | WasmType::Pointer | WasmType::Length => "i32",
        WasmType::I64 | WasmType::PointerOrI64 => "i64",
        WasmType::F32 => "f32",
        WasmType::F64 => "f64",
    }
}

impl ProbedOperation {
    /// Returns the operation that a function of an interface is; `None` if the interface belongs to no
    /// package.
    pub(in crate::audit) fn read(resolve: &Resolve, interface: InterfaceId, function: &Function) -> Option<Self> {
        let place = resolve.id_of(interface)?;
        let (path, _) = place.split_once('@')?;
        let own = resolve.interfaces.get(interface)?.name.clone()?;
        let plain = function.name.trim_start_matches("[method]");
        let (capability, name) = match path.strip_prefix("wasi:") {
            Some(path) => ("wasi".to_owned(), format!("{path}.{plain}")),
            None => (own, plain.to_owned()),
        };
        let core = resolve.wasm_signature(AbiVariant::GuestImport, function);
        let mut slots = Vec::new();
        if core.indirect_params {
            slots.push(Slot::Number("i32"));
        } else {
            function.params.iter().for_each(|parameter| read_slots(resolve, parameter.ty, &mut slots));
        }
        if core.retptr {
            slots.push(Slot::Answer);
        }
        let gives = function.result.and_then(|result| match kind(resolve, result)? {
            TypeDefKind::Handle(Handle::Own(id)) => resource(resolve, *id),
            _ => None,
        });
        let results = core.results.into_iter().map(kind_of).collect();
        Some(Self { capability, name, place: (place, function.name.clone()), slots, results, gives })
    }
}

/// Returns the definition of a type, behind the names that it was given.
fn kind(resolve: &Resolve, of: Type) -> Option<&TypeDefKind> {
    let Type::Id(id) = of else { return None };
    match &resolve.types.get(id)?.kind {
        TypeDefKind::Type(other @ Type::Id(_)) => kind(resolve, *other),
        kind => Some(kind),
    }
}

/// Returns the resource that is defined under this name, or under the name that this one stands for.
fn resource(resolve: &Resolve, id: TypeId) -> Option<Resource> {
    let defined = resolve.types.get(id)?;
    if let TypeDefKind::Type(Type::Id(other)) = &defined.kind {
        return resource(resolve, *other);
    }
    let TypeOwner::Interface(interface) = defined.owner else { return None };
    Some(Resource { name: defined.name.clone()?, interface: resolve.id_of(interface)? })
}

fn read_slots(resolve: &Resolve, parameter: Type, slots: &mut Vec<Slot>) {
    let mut storage = [WasmType::I32; FLAT];
    let mut flat = FlatTypes::new(&mut storage);
    resolve.push_flat(&parameter, &mut flat);
    let is_list = |of: &Type| match kind(resolve, *of) {
        Some(TypeDefKind::List(_)) => true,
        _ => *of == Type::String,
    };
    let count = |cases: usize| Slot::Case(u32::try_from(cases).unwrap_or(u32::MAX));
    let (mut lists, before) = (0, slots.len());
    match kind(resolve, parameter) {
        Some(TypeDefKind::Handle(Handle::Own(id) | Handle::Borrow(id))) => {
            slots.extend(resource(resolve, *id).map(Slot::Handle));
            return;
        }
        Some(TypeDefKind::List(of)) => {
            if let Some(TypeDefKind::Handle(Handle::Own(id) | Handle::Borrow(id))) = kind(resolve, *of)
                && let Some(resource) = resource(resolve, *id)
            {
                slots.extend([Slot::Handles(resource), Slot::Length]);
                return;
            }
        }
        Some(TypeDefKind::Variant(variant)) => {
            slots.push(count(variant.cases.len()));
            for (bit, case) in variant.cases.iter().enumerate() {
                lists |= u64::from(case.ty.as_ref().is_some_and(is_list)) << bit;
            }
        }
        Some(TypeDefKind::Enum(cases)) => slots.push(count(cases.cases.len())),
        Some(TypeDefKind::Option(_) | TypeDefKind::Result(_)) => slots.push(Slot::Case(2)),
        _ if parameter == Type::Bool => slots.push(Slot::Case(2)),
        _ => {}
    }
    let tag = slots.len().saturating_sub(before);
    slots.extend(flat.to_vec().into_iter().skip(tag).map(|flat| match flat {
        WasmType::Pointer => Slot::Pointer,
        WasmType::Length => Slot::Length,
        WasmType::PointerOrI64 => Slot::Payload(lists),
        other => Slot::Number(kind_of(other)),
    }));
}
