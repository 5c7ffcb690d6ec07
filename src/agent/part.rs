//! Parts of a component that are counted before it is compiled, each with its bound.
//!
//! The bounds are several times the counts of the largest known agents: a whole `CPython`,
//! `QuickJS`, `SpiderMonkey`.

/// Part of a component that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ComponentPart {
    /// Core modules.
    Modules,
    /// Components within the component.
    Components,
    /// Nesting of components, and of the modules in them.
    Nesting,
    /// Instances of modules and components, each counted as often as it would be made.
    Instances,
    /// Types, and the parts of types.
    Types,
    /// Nesting of the types of a component.
    TypesWithin,
    /// Imports.
    Imports,
    /// Exports.
    Exports,
    /// Functions with a body.
    Functions,
    /// Functions that the component adapts to or from the contract.
    Adapters,
    /// Globals.
    Globals,
    /// Segments of data and of elements.
    Segments,
    /// Bytes of one function.
    Body,
    /// Locals of one function.
    Locals,
    /// Locals of all functions.
    AllLocals,
    /// Nesting of the blocks of one function.
    Blocks,
    /// Joins in one function: see the module `joins`.
    Joins,
    /// Joins in all functions.
    AllJoins,
    /// Pieces that the compiler makes of one function: see the module `work`.
    Pieces,
    /// Pieces that the compiler makes of all functions.
    AllPieces,
    /// Values on the stack of one function at a time.
    Height,
    /// Values that the compiler has to track in one function, times its pieces.
    Tracked,
    /// Elements in segments.
    Elements,
    /// Steps of the code that begins a module: see the module `starts`.
    Started,
    /// Imports and exports of instances, each counted as often as an instance would be made.
    Linked,
    /// Values in the types of lowered functions: see the module `lowered`.
    Lowered,
    /// Sections, of any kind.
    Sections,
    /// Bytes of one description of a core module's interface.
    Metadata,
}

impl ComponentPart {
    /// Returns the maximum count in a component.
    pub const fn most(self) -> u64 {
        match self {
            Self::Modules | Self::Components => 128,
            Self::Nesting => 4,
            Self::Instances => 256,
            Self::TypesWithin => 16,
            Self::Adapters => 10_000,
            Self::Imports | Self::Exports | Self::Functions | Self::Globals | Self::Segments | Self::Started => 60_000,
            Self::Body | Self::Metadata => 1 << 20,
            Self::Locals => 4_000,
            Self::Blocks => 2_000,
            Self::Joins | Self::Linked => 200_000,
            Self::Lowered => 500_000,
            Self::AllJoins => 10_000_000,
            Self::AllPieces => 5_000_000,
            // The interpreter of `SpiderMonkey` has 25 million, with 30 000 pieces.
            Self::Tracked => 50_000_000,
            Self::Types | Self::Pieces | Self::Sections => 100_000,
            Self::Height => 1_000,
            Self::AllLocals | Self::Elements => 1_000_000,
        }
    }

    /// Returns the name, as it stands after a number.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Modules => "core modules",
            Self::Components => "components within it",
            Self::Nesting => "components within each other",
            Self::Instances => "instances of modules and components",
            Self::Types => "types and parts of types",
            Self::TypesWithin => "types within each other",
            Self::Imports => "imports",
            Self::Exports => "exports",
            Self::Functions => "functions",
            Self::Adapters => "functions lifted or lowered",
            Self::Globals => "globals",
            Self::Segments => "segments of data and elements",
            Self::Body => "bytes in one function",
            Self::Locals => "locals in one function",
            Self::AllLocals => "locals in all functions",
            Self::Blocks => "blocks of one function within each other",
            Self::Joins => "values joined in one function",
            Self::AllJoins => "values joined in all functions",
            Self::Pieces => "pieces that one function is compiled to",
            Self::AllPieces => "pieces that all functions are compiled to",
            Self::Height => "values on the stack of one function",
            Self::Tracked => "values to keep track of in the pieces of one function",
            Self::Elements => "elements in segments",
            Self::Started => "elements, segments and constants to put in place as its modules begin",
            Self::Linked => "imports and exports of its instances",
            Self::Lowered => "values in the types of functions lowered",
            Self::Sections => "sections",
            Self::Metadata => "bytes of `component-type`",
        }
    }

    /// Returns the remedy for a count above the bound.
    pub const fn help(self) -> &'static str {
        match self {
            Self::Body
            | Self::Locals
            | Self::AllLocals
            | Self::Blocks
            | Self::Joins
            | Self::AllJoins
            | Self::Pieces
            | Self::AllPieces
            | Self::Height
            | Self::Tracked => {
                "split the function; a compiler that inlines less, such as with `opt-level = \"s\"`, makes smaller ones"
            }
            Self::Modules | Self::Components | Self::Nesting | Self::Instances | Self::Linked | Self::Lowered => {
                "an agent is one component around a few modules: link them into one"
            }
            Self::Metadata | Self::TypesWithin => {
                "build it with the tools of `dayfly docs agents`, against the contract that `dayfly wit` prints"
            }
            Self::Started => {
                "an agent is one component around a few modules: link them into one, which has a table and a memory of its own"
            }
            _ => "leave out what the agent does not use: `strip = true`, `lto = true`",
        }
    }
}

/// Count of a component that is above its bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Excess {
    /// Part that is counted.
    pub part: ComponentPart,
    /// Byte at which the count passes the bound.
    pub at: usize,
}
