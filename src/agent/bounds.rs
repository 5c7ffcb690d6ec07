//! Bounds on the content of a component, checked before any part of it is compiled.
//!
//! ```text
//!  bytes --one pass over the sections--> counts, each against its bound --> encode, compile
//!                                              |
//!                                            Excess: what, how much, at which byte
//! ```
//!
//! No fuel bounds the compiler, and it promises little about time and memory. So its input is
//! bounded first.
//!
//! 1. Nothing is wrapped or compiled before every count is within its bound.
//! 2. The pass takes time in proportion to the bytes, and memory in proportion to the components in
//!    them.
//! 3. An instance that a component makes several times, by way of other components, counts each
//!    time.
//!
//! It does not show that compilation is quick: [`compile`](super::compile) bounds the time as well.

use std::collections::BTreeMap;

use wasmparser::{
    BinaryReader, ComponentAlias, ComponentExportSectionReader, ComponentExternalKind, ComponentImportSectionReader,
    ComponentInstance, ComponentOuterAliasKind, ComponentTypeRef, CompositeInnerType, CoreType, ElementItems,
    ElementSectionReader, Encoding, FunctionBody, ImportSectionReader, Instance, Parser, Payload, SubType, TypeRef,
    TypeSectionReader,
};

use super::Error;
use super::declared::{Declared, declared};
use super::joins::{self, Shape};
use super::part::{ComponentPart, Excess};
use super::starts::ModuleStart;
use super::work::{self, FunctionWork, Types};

/// Reason why bytes are not given to the compiler.
#[derive(Debug)]
pub(super) enum Fault {
    Excess(Excess),
    Malformed(wasmparser::BinaryReaderError),
}

impl Fault {
    /// Makes an error about the component of this name.
    pub(super) fn about(self, name: &str) -> Error {
        let name = name.to_owned();
        match self {
            Self::Excess(excess) => Error::Excess { name, excess },
            Self::Malformed(error) => Error::Malformed { name, cause: error.to_string() },
        }
    }
}

impl From<wasmparser::BinaryReaderError> for Fault {
    fn from(error: wasmparser::BinaryReaderError) -> Self {
        Self::Malformed(error)
    }
}

/// Checks that every count of `binary` is within its bound.
pub(super) fn check(binary: &[u8]) -> Result<(), Fault> {
    let mut counts = ComponentCounts { totals: BTreeMap::new(), scopes: Vec::new(), heaviest: Made::default() };
    counts.read(binary)
}

/// First byte of a group of types.
const GROUP: u8 = 0x4e;

/// Counts so far.
struct ComponentCounts {
    totals: BTreeMap<ComponentPart, u64>,
    scopes: Vec<Scope>,
    /// Maximum counts of any component or module read so far.
    heaviest: Made,
}

/// Counts of what comes of one instance of a component or a module.
#[derive(Clone, Copy, Default)]
struct Made {
    /// Number of instances, itself included.
    instances: u64,
    /// Number of imports and exports of these.
    links: u64,
}

/// Module or component that is being read.
struct Scope {
    encoding: Encoding,
    /// Counts of what it makes.
    made: Made,
    /// Counts of each component in scope, by index.
    components: Vec<Made>,
    /// Counts of each core module in scope, by index.
    modules: Vec<Made>,
    /// Work to begin a core module.
    start: ModuleStart,
    /// Number of parameters and results of each type, by index.
    arities: Vec<u64>,
    /// Types of a core module.
    types: Types,
    /// Number of imported functions, and of functions whose body has been read.
    bodies: usize,
}

impl ComponentCounts {
    /// Adds `more` to the count of `part`.
    fn add(&mut self, part: ComponentPart, more: u64, at: usize) -> Result<(), Fault> {
        let total = self.totals.entry(part).or_default();
        *total = total.saturating_add(more);
        within(part, *total, at)
    }

    fn read(&mut self, binary: &[u8]) -> Result<(), Fault> {
        for payload in Parser::new(0).parse_all(binary) {
            let payload = payload?;
            if let Some((_, range)) = payload.as_section() {
                self.add(ComponentPart::Sections, 1, range.start)?;
            }
            self.section(payload, binary)?;
        }
        Ok(())
    }

    fn section(&mut self, payload: Payload<'_>, binary: &[u8]) -> Result<(), Fault> {
        match payload {
            Payload::Version { encoding, range, .. } => self.enter(encoding, range.start)?,
            Payload::End(_) => self.leave(),
            Payload::TypeSection(section) => {
                self.declared(binary.get(section.range()).unwrap_or_default(), section.range().start)?;
                self.types(section)?;
            }
            Payload::CoreTypeSection(section) => {
                let at = section.range().start;
                for kind in section {
                    let inner = if let CoreType::Module(inner) = kind? { inner.len() } else { 0 };
                    self.add(ComponentPart::Types, u64::try_from(inner).unwrap_or(u64::MAX).saturating_add(1), at)?;
                }
            }
            Payload::ComponentTypeSection(section) => {
                let at = section.range().start;
                let bytes = binary.get(section.range()).unwrap_or_default();
                let Declared { types, depth } = declared(bytes, at, ComponentPart::TypesWithin.most())?;
                self.add(ComponentPart::Types, types, at)?;
                within(ComponentPart::TypesWithin, depth, at)?;
            }
            Payload::ImportSection(section) => self.imports(section)?,
            Payload::FunctionSection(section) => {
                self.add(ComponentPart::Functions, section.count().into(), section.range().start)?;
                if let Some(scope) = self.scopes.last_mut() {
                    for kind in section {
                        scope.types.functions.push(kind?);
                    }
                }
            }
            Payload::MemorySection(section) => {
                self.started(section.range().start, |start| start.memories(section))?;
            }
            Payload::TableSection(section) => self.started(section.range().start, |start| start.tables(section))?,
            Payload::GlobalSection(section) => {
                let at = section.range().start;
                self.add(ComponentPart::Globals, section.count().into(), at)?;
                self.started(at, |_| ModuleStart::globals(section))?;
            }
            Payload::ExportSection(section) => {
                self.add(ComponentPart::Exports, section.count().into(), section.range().start)?;
                self.linked(section.count().into(), section.range().start)?;
            }
            Payload::ElementSection(section) => self.segments(section)?,
            Payload::DataSection(section) => {
                let at = section.range().start;
                self.add(ComponentPart::Segments, section.count().into(), at)?;
                self.started(at, |start| start.data(section))?;
            }
            Payload::CodeSectionEntry(body) => self.function(&body)?,
            Payload::ComponentCanonicalSection(section) => {
                self.add(ComponentPart::Adapters, section.count().into(), section.range().start)?;
                self.linked(section.count().into(), section.range().start)?;
            }
            Payload::InstanceSection(section) => {
                let at = section.range().start;
                for instance in section {
                    match instance? {
                        Instance::Instantiate { module_index, .. } => {
                            let made = self.scopes.last().and_then(|scope| scope.modules.get(position(module_index)));
                            self.make(made.copied().unwrap_or(self.heaviest), at)?;
                        }
                        Instance::FromExports(exports) => self.linked(count(exports.len()), at)?,
                    }
                }
            }
            Payload::ComponentInstanceSection(section) => {
                let at = section.range().start;
                for instance in section {
                    match instance? {
                        ComponentInstance::Instantiate { component_index, .. } => {
                            let made =
                                self.scopes.last().and_then(|scope| scope.components.get(position(component_index)));
                            self.make(made.copied().unwrap_or_default(), at)?;
                        }
                        ComponentInstance::FromExports(exports) => self.linked(count(exports.len()), at)?,
                    }
                }
            }
            Payload::ComponentAliasSection(section) => {
                let at = section.range().start;
                for alias in section {
                    self.alias(&alias?, at)?;
                }
            }
            Payload::ComponentImportSection(section) => self.component_imports(section)?,
            Payload::ComponentExportSection(section) => self.component_exports(section)?,
            Payload::CustomSection(section) if section.name().starts_with("component-type") => {
                let at = section.data_offset();
                within(ComponentPart::Metadata, u64::try_from(section.data().len()).unwrap_or(u64::MAX), at)?;
                // The interface of a core module is a component that has types alone. Its own
                // custom sections would be ignored.
                if self.scopes.len() == 1 {
                    let mut inner = Self { totals: self.totals.clone(), scopes: Vec::new(), heaviest: Made::default() };
                    inner.read(section.data())?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn component_imports(&mut self, section: ComponentImportSectionReader<'_>) -> Result<(), Fault> {
        let at = section.range().start;
        self.add(ComponentPart::Imports, section.count().into(), at)?;
        self.linked(section.count().into(), at)?;
        for import in section {
            // INVARIANT 3: the number of instances of an imported component is unknown, and
            // so are the imports of a module.
            if matches!(import?.ty, ComponentTypeRef::Component(_) | ComponentTypeRef::Module(_)) {
                return Err(Fault::Excess(Excess { part: ComponentPart::Instances, at }));
            }
        }
        Ok(())
    }

    fn component_exports(&mut self, section: ComponentExportSectionReader<'_>) -> Result<(), Fault> {
        self.add(ComponentPart::Exports, section.count().into(), section.range().start)?;
        self.linked(section.count().into(), section.range().start)?;
        for export in section {
            let export = export?;
            let heaviest = self.heaviest;
            let Some(scope) = self.scopes.last_mut() else { continue };
            // What is exported has a new index.
            let known = match export.kind {
                ComponentExternalKind::Component => &mut scope.components,
                ComponentExternalKind::Module => &mut scope.modules,
                _ => continue,
            };
            known.push(known.get(position(export.index)).copied().unwrap_or(heaviest));
        }
        Ok(())
    }

    fn segments(&mut self, section: ElementSectionReader<'_>) -> Result<(), Fault> {
        let at = section.range().start;
        self.add(ComponentPart::Segments, section.count().into(), at)?;
        for segment in section.clone() {
            let elements = match segment?.items {
                ElementItems::Functions(functions) => functions.count(),
                ElementItems::Expressions(_, expressions) => expressions.count(),
            };
            self.add(ComponentPart::Elements, elements.into(), at)?;
        }
        self.started(at, |start| start.elements(section))
    }

    fn enter(&mut self, encoding: Encoding, at: usize) -> Result<(), Fault> {
        if !self.scopes.is_empty() {
            let part = if encoding == Encoding::Module { ComponentPart::Modules } else { ComponentPart::Components };
            self.add(part, 1, at)?;
        }
        self.scopes.push(Scope {
            encoding,
            made: Made { instances: 1, links: 0 },
            components: Vec::new(),
            modules: Vec::new(),
            start: ModuleStart::default(),
            arities: Vec::new(),
            types: Types::default(),
            bodies: 0,
        });
        within(ComponentPart::Nesting, u64::try_from(self.scopes.len()).unwrap_or(u64::MAX), at)
    }

    fn leave(&mut self) {
        let Some(Scope { encoding, made, .. }) = self.scopes.pop() else { return };
        self.heaviest.instances = self.heaviest.instances.max(made.instances);
        self.heaviest.links = self.heaviest.links.max(made.links);
        if let Some(parent) = self.scopes.last_mut() {
            match encoding {
                Encoding::Component => parent.components.push(made),
                Encoding::Module => parent.modules.push(made),
            }
        }
    }

    /// Adds `more` to what the component makes.
    fn make(&mut self, more: Made, at: usize) -> Result<(), Fault> {
        let Some(scope) = self.scopes.last_mut() else { return Ok(()) };
        scope.made.instances = scope.made.instances.saturating_add(more.instances);
        scope.made.links = scope.made.links.saturating_add(more.links);
        within(ComponentPart::Instances, scope.made.instances, at)?;
        within(ComponentPart::Linked, scope.made.links, at)
    }

    /// Adds `more` imports or exports of the component or module.
    fn linked(&mut self, more: u64, at: usize) -> Result<(), Fault> {
        self.make(Made { instances: 0, links: more }, at)
    }

    /// Adds the work to begin the module, as `count` finds it.
    fn started(
        &mut self,
        at: usize,
        count: impl FnOnce(&mut ModuleStart) -> Result<u64, wasmparser::BinaryReaderError>,
    ) -> Result<(), Fault> {
        let Some(scope) = self.scopes.last_mut() else { return Ok(()) };
        let more = count(&mut scope.start)?;
        self.add(ComponentPart::Started, more, at)
    }

    /// Follows an alias. Only one of a component or a module matters here.
    fn alias(&mut self, alias: &ComponentAlias<'_>, at: usize) -> Result<(), Fault> {
        let outer = |count, of: fn(&Scope) -> &Vec<Made>, index| {
            let scope = self.scopes.iter().rev().nth(position(count));
            scope.and_then(|scope| of(scope).get(position(index))).copied().unwrap_or(self.heaviest)
        };
        let (is_module, made) = match *alias {
            ComponentAlias::InstanceExport { kind: ComponentExternalKind::Component, .. } => (false, self.heaviest),
            ComponentAlias::InstanceExport { kind: ComponentExternalKind::Module, .. } => (true, self.heaviest),
            ComponentAlias::Outer { kind: ComponentOuterAliasKind::Component, count, index } => {
                (false, outer(count, |scope| &scope.components, index))
            }
            ComponentAlias::Outer { kind: ComponentOuterAliasKind::CoreModule, count, index } => {
                (true, outer(count, |scope| &scope.modules, index))
            }
            _ => {
                self.linked(1, at)?;
                return self.add(ComponentPart::Adapters, 1, at);
            }
        };
        if let Some(scope) = self.scopes.last_mut() {
            if is_module { scope.modules.push(made) } else { scope.components.push(made) }
        }
        Ok(())
    }

    /// Records the types of the functions that a core module imports.
    fn imports(&mut self, section: ImportSectionReader<'_>) -> Result<(), Fault> {
        let at = section.range().start;
        // One entry of the section may stand for many imports. Each is counted, over all sections
        // and modules.
        for import in section.into_imports() {
            self.add(ComponentPart::Imports, 1, at)?;
            self.linked(1, at)?;
            let Some(scope) = self.scopes.last_mut() else { continue };
            match import?.ty {
                TypeRef::Func(kind) | TypeRef::FuncExact(kind) => {
                    scope.types.functions.push(kind);
                    scope.bodies = scope.bodies.saturating_add(1);
                }
                TypeRef::Table(_) => scope.start.table_of_another(),
                TypeRef::Memory(_) => scope.start.memory_of_another(),
                TypeRef::Global(_) | TypeRef::Tag(_) => {}
            }
        }
        Ok(())
    }

    /// Counts the types in a section of a core module before any is stored. One entry may be a
    /// group of many types, and a reader of whole entries allocates room for all.
    fn declared(&mut self, section: &[u8], at: usize) -> Result<(), Fault> {
        let mut reader = BinaryReader::new(section, at);
        let mut left = u64::from(reader.read_var_u32()?);
        self.add(ComponentPart::Types, left, at)?;
        while let Some(fewer) = left.checked_sub(1) {
            left = fewer;
            if section.get(reader.current_position()) == Some(&GROUP) {
                reader.read_u8()?;
                let within = u64::from(reader.read_var_u32()?);
                self.add(ComponentPart::Types, within, at)?;
                left = left.saturating_add(within);
                continue;
            }
            let parts = match reader.read::<SubType>()?.composite_type.inner {
                CompositeInnerType::Func(kind) => kind.params().len().saturating_add(kind.results().len()),
                CompositeInnerType::Struct(kind) => kind.fields.len(),
                _ => 0,
            };
            self.add(ComponentPart::Types, u64::try_from(parts).unwrap_or(u64::MAX), at)?;
        }
        Ok(())
    }

    /// Stores the types of a core module, which have been counted.
    fn types(&mut self, section: TypeSectionReader<'_>) -> Result<(), Fault> {
        // Types of proposals that are not admitted are an error.
        for kind in section.clone().into_iter_err_on_gc_types() {
            let kind = kind?;
            let arity = kind.params().len().saturating_add(kind.results().len());
            if let Some(scope) = self.scopes.last_mut() {
                scope.arities.push(u64::try_from(arity).unwrap_or(u64::MAX));
            }
        }
        for kind in section {
            let kind = kind?;
            if let Some(scope) = self.scopes.last_mut() {
                scope.types.types.extend(kind.into_types());
            }
        }
        Ok(())
    }

    fn function(&mut self, body: &FunctionBody<'_>) -> Result<(), Fault> {
        let at = body.range().start;
        within(ComponentPart::Body, u64::try_from(body.range().len()).unwrap_or(u64::MAX), at)?;
        let arities = self.scopes.last().map_or(&[][..], |scope| &scope.arities);
        let Shape { locals, depth, joins } = joins::shape(body, arities)?;
        within(ComponentPart::Locals, locals, at)?;
        within(ComponentPart::Blocks, depth, at)?;
        within(ComponentPart::Joins, joins, at)?;
        self.add(ComponentPart::AllLocals, locals, at)?;
        self.add(ComponentPart::AllJoins, joins, at)?;
        self.work(body, at)
    }

    /// Counts the compiler's work on a function.
    fn work(&mut self, body: &FunctionBody<'_>, at: usize) -> Result<(), Fault> {
        let Some(scope) = self.scopes.last_mut() else { return Ok(()) };
        let own = scope.types.functions.get(scope.bodies).copied();
        scope.bodies = scope.bodies.saturating_add(1);
        let FunctionWork { pieces, height, tracked } = work::work(body, &scope.types, own)?;
        within(ComponentPart::Pieces, pieces, at)?;
        within(ComponentPart::Height, height, at)?;
        within(ComponentPart::Tracked, tracked, at)?;
        self.add(ComponentPart::AllPieces, pieces, at)
    }
}

pub(super) fn within(part: ComponentPart, count: u64, at: usize) -> Result<(), Fault> {
    if count <= part.most() { Ok(()) } else { Err(Fault::Excess(Excess { part, at })) }
}

fn position(index: u32) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
