//! Splicing of a module from wasm-smith: guards behind its functions, and a `run` and a
//! `cabi_realloc` in place of its own.

use std::convert::Infallible;

use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{CodeSection, Function, FunctionSection, ImportSection, Module, TypeSection};
use wasmparser::{
    CodeSectionReader, CompositeInnerType, FunctionSectionReader, ImportSectionReader, Parser, TypeRef,
    TypeSectionReader, ValType,
};

use super::act::{self, Callable};
use super::guard::{ImportIndex, LISTS, index, number};
use super::{ProbedOperation, Resource, Stream, Temper};

/// Returns the module, spliced; or the reason that it cannot be.
pub(super) fn splice(
    module: &[u8],
    temper: Temper,
    operations: &[ProbedOperation],
    drops: &[Resource],
    stream: &mut Stream,
) -> Result<Vec<u8>, String> {
    let imports = ImportIndex { operations, drops };
    let guards = imports.guards(stream);
    let mut spliced = Module::new();
    let mut splice = Splice { temper, imports, guards, stream, types: Vec::new(), functions: Vec::new(), defined: 0 };
    splice.parse_core_module(&mut spliced, Parser::new(0), module).map_err(|error| error.to_string())?;
    Ok(spliced.finish())
}

struct Splice<'a> {
    temper: Temper,
    imports: ImportIndex<'a>,
    guards: Vec<Function>,
    stream: &'a mut Stream,
    /// Parameters of each type, and the number of its results.
    types: Vec<(Vec<ValType>, usize)>,
    /// Type of each function.
    functions: Vec<u32>,
    /// Number of functions that are not imported: `run`, `cabi_realloc`, and those of chance.
    defined: u32,
}

impl Splice<'_> {
    /// Returns the function that is called instead of `function`.
    fn guarded(&self, function: u32) -> u32 {
        let imported = number(self.imports.count());
        if self.temper == Temper::Tame && function < imported {
            imported.saturating_add(self.defined).saturating_add(function)
        } else {
            function
        }
    }

    /// Returns the functions that `run` may call: imports, and functions of chance.
    fn callable(&self) -> (Vec<Callable<'_>>, Vec<Callable<'_>>) {
        let callable = |at: usize| {
            let kind = self.functions.get(at).and_then(|kind| self.types.get(index(*kind)));
            kind.map(|(parameters, results)| Callable {
                function: self.guarded(number(at)),
                operation: self.imports.operations.get(at),
                parameters,
                results: *results,
            })
        };
        // Imports that drop a handle are left out: a guard drops the handles that it was given.
        let operations = (0..self.imports.operations.len()).filter_map(callable).collect();
        // They follow `run` and `cabi_realloc`.
        let own = self.imports.count().saturating_add(2)..self.functions.len();
        (operations, own.filter_map(callable).collect())
    }
}

impl Reencode for Splice<'_> {
    type Error = Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, Error<Infallible>> {
        Ok(self.guarded(function))
    }

    fn parse_type_section(
        &mut self,
        types: &mut TypeSection,
        section: TypeSectionReader<'_>,
    ) -> Result<(), Error<Infallible>> {
        for group in section.clone() {
            for kind in group?.into_types() {
                self.types.push(match kind.composite_type.inner {
                    CompositeInnerType::Func(function) => (function.params().to_vec(), function.results().len()),
                    _ => (Vec::new(), 0),
                });
            }
        }
        utils::parse_type_section(self, types, section)
    }

    fn parse_import_section(
        &mut self,
        imports: &mut ImportSection,
        section: ImportSectionReader<'_>,
    ) -> Result<(), Error<Infallible>> {
        for import in section.clone().into_imports() {
            if let TypeRef::Func(kind) = import?.ty {
                self.functions.push(kind);
            }
        }
        utils::parse_import_section(self, imports, section)
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: FunctionSectionReader<'_>,
    ) -> Result<(), Error<Infallible>> {
        self.defined = section.count();
        utils::parse_function_section(self, functions, section.clone())?;
        for kind in self.functions.iter().take(self.imports.count()) {
            functions.function(*kind);
        }
        for kind in section {
            self.functions.push(kind?);
        }
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: CodeSectionReader<'_>,
    ) -> Result<(), Error<Infallible>> {
        for (at, body) in section.into_iter().enumerate() {
            let body = body?;
            match at {
                0 => {
                    let mut stream = self.stream.clone();
                    let (operations, own) = self.callable();
                    code.function(&act::run(self.temper, &operations, &own, &mut stream));
                }
                1 => {
                    let mut function = Function::new([]);
                    function.instructions().i32_const(LISTS).end();
                    code.function(&function);
                }
                _ => utils::parse_function_body(self, code, body)?,
            }
        }
        for guard in &self.guards {
            code.function(guard);
        }
        Ok(())
    }
}
