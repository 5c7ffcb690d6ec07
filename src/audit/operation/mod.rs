//! Operation as a core module imports and calls it, and the handles that a call needs.
//!
//! ```text
//!  wit/ --read--> slots: number, case, pointer and length, handle, the place of the answer
//!                   |
//!                   +-- callable: those whose handles some other operation gives
//!                   +-- text: imports, how each handle is come by, a call that is looked at
//! ```
//!
//! Only a refusal gives an error of WASI: code that needs one asks for more than a call may move.

mod read;

use std::collections::BTreeSet;

pub(super) use read::kind_of;

use crate::capability::wasi_prints;
use crate::policy::Policy;

/// Address of the answer in modules that are made of text.
pub(super) const ANSWER: usize = 4096;
/// Address of a list of handles in such a module.
const HANDLES: usize = 4352;
/// Resource that a refusal gives, and the operation that every policy refuses: it asks for more
/// than a call moves.
pub(super) const ERROR: &str = "error";
pub(super) const REFUSED: &str = "wasi.io/streams.output-stream.write-zeroes";
/// Offset of the handle in the answer of [`REFUSED`].
pub(super) const ERROR_AT: u64 = 8;

/// Operation of the contract or of WASI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ProbedOperation {
    pub(super) capability: String,
    pub(super) name: String,
    /// Interface and function that a core module imports.
    place: (String, String),
    /// Parameters of a call.
    pub(super) slots: Vec<Slot>,
    /// Types of the results, as text.
    pub(super) results: Vec<&'static str>,
    /// Resource that the result is a handle to.
    pub(super) gives: Option<Resource>,
}

/// Parameter of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// Number of this type.
    Number(&'static str),
    /// Case, out of so many.
    Case(u32),
    /// Payload of the case before it: the address of a list if the bit of that case is set, else a
    /// number.
    Payload(u64),
    /// Address of a text or a list.
    Pointer,
    /// Address of a list of handles.
    Handles(Resource),
    /// Length of the text or list before it.
    Length,
    /// Handle to a resource.
    Handle(Resource),
    /// Address of the answer.
    Answer,
}

/// Resource, and the interface that drops its handles.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Resource {
    pub(super) name: String,
    interface: String,
}

impl Slot {
    /// Returns the type, as text.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Number(kind) => kind,
            Self::Payload(_) => "i64",
            Self::Case(_) | Self::Pointer | Self::Handles(_) | Self::Length | Self::Handle(_) | Self::Answer => "i32",
        }
    }
}

impl ProbedOperation {
    /// Returns the name, as in records.
    pub(super) fn full_name(&self) -> String {
        format!("{}.{}", self.capability, self.name)
    }

    /// `true` if the operation is one of WASI.
    pub(super) fn is_wasi(&self) -> bool {
        self.capability == "wasi"
    }

    /// `true` if an agent under `policy` may import the operation.
    pub(super) fn is_importable(&self, policy: &Policy) -> bool {
        let prints = self.is_wasi() && wasi_prints(self.path());
        policy.grants.contains_key(self.capability.as_str()) && (!prints || policy.grants.contains_key("log"))
    }

    /// Returns the path of the interface in WASI, such as `io/streams`.
    pub(super) fn path(&self) -> &str {
        self.name.split_once('.').map_or("", |(path, _)| path)
    }

    /// Returns the resources that a call needs handles to.
    pub(super) fn needs(&self) -> impl Iterator<Item = &Resource> {
        self.slots.iter().filter_map(|slot| match slot {
            Slot::Handle(resource) | Slot::Handles(resource) => Some(resource),
            _ => None,
        })
    }

    /// Returns the types of the parameters and of the results, as text.
    pub(super) fn signature(&self) -> String {
        let kinds: Vec<&str> = self.slots.iter().map(Slot::kind).collect();
        let list = |word: &str, kinds: &[&str]| {
            if kinds.is_empty() { String::new() } else { format!("({word} {})", kinds.join(" ")) }
        };
        list("param", &kinds) + &list("result", &self.results)
    }

    /// Returns the import, as text.
    pub(super) fn import(&self) -> String {
        let (interface, function) = &self.place;
        format!("(import \"{interface}\" \"{function}\" (func ${} {}))\n", self.full_name(), self.signature())
    }

    /// Returns a function that refuses, for an operation that must not be imported.
    pub(super) fn stub(&self) -> String {
        let refuse = match self.slots.last() {
            Some(Slot::Answer) => format!("(i32.store8 (i32.const {ANSWER}) (i32.const 1))"),
            _ => self.results.iter().copied().map(zero).collect(),
        };
        format!("(func ${} {} {refuse})\n", self.full_name(), self.signature())
    }

    /// Returns zeros for the parameters that are neither a handle nor the answer.
    pub(super) fn zeros(&self) -> String {
        self.plain().map(zero).collect()
    }

    /// Returns the types of the parameters that are neither a handle nor the answer. The length of
    /// a list of handles is left out, too.
    pub(super) fn plain(&self) -> impl Iterator<Item = &'static str> {
        let lists = self.slots.iter().any(|slot| matches!(slot, Slot::Handles(_)));
        self.slots.iter().filter_map(move |slot| match slot {
            Slot::Handle(_) | Slot::Handles(_) | Slot::Answer => None,
            Slot::Length if lists => None,
            other => Some(other.kind()),
        })
    }

    /// Returns a call with `arguments` behind the handles that it needs. `then` runs while the
    /// answer lies at [`ANSWER`].
    pub(super) fn call(&self, arguments: &str, then: &str) -> String {
        let held: Vec<_> = ["$one", "$other"].into_iter().zip(self.needs().map(|needed| &needed.name)).collect();
        let each = |text: &dyn Fn(&str, &str) -> String| -> String {
            held.iter().map(|(slot, name)| text(slot, name)).collect()
        };
        let mut before = each(&|slot, name| format!("(global.set {slot} (call $hold.{name}))"));
        let mut handles = each(&|slot, _| format!("(global.get {slot})"));
        let after = each(&|slot, name| format!("(call $drop.{name} (global.get {slot}))"));
        if self.slots.iter().any(|slot| matches!(slot, Slot::Handles(_))) {
            before = format!("{before} (i32.store (i32.const {HANDLES}) {handles})");
            handles = format!("(i32.const {HANDLES}) (i32.const 1)");
        }
        let answer = match self.slots.last() {
            Some(Slot::Answer) => format!("(i32.const {ANSWER})"),
            _ => String::new(),
        };
        let call = format!("(call ${} {handles} {arguments} {answer})", self.full_name());
        let call = match (self.results.first(), &self.gives) {
            (Some(kind), Some(given)) => format!(
                "({kind}.store (i32.const {ANSWER}) {call}) (call $drop.{} (i32.load (i32.const {ANSWER})))",
                given.name
            ),
            (Some(kind), None) => format!("({kind}.store (i32.const {ANSWER}) {call})"),
            (None, _) => call,
        };
        format!("{before} {call} {then} {after}\n")
    }
}

impl Resource {
    /// Returns the import that drops a handle to the resource, as text.
    pub(super) fn import(&self) -> String {
        let Self { name, interface } = self;
        format!("(import \"{interface}\" \"[resource-drop]{name}\" (func $drop.{name} (param i32)))\n")
    }

    /// Returns functions for a resource of which nobody has a handle.
    pub(super) fn stub(&self) -> String {
        let name = &self.name;
        format!("(func $hold.{name} (result i32) (i32.const 0)) (func $drop.{name} (param i32))\n")
    }

    /// Returns the function with which a module that is made of text obtains a handle.
    fn hold(&self, operations: &[ProbedOperation]) -> String {
        let name = &self.name;
        let call = if name == ERROR {
            format!(
                "(local $stream i32) (local.set $stream (call $hold.output-stream))
                 (call ${REFUSED} (local.get $stream) (i64.const -1) (i32.const {ANSWER}))
                 (call $drop.output-stream (local.get $stream)) (i32.load offset={ERROR_AT} (i32.const {ANSWER}))
                 (i64.store (i32.const {ANSWER}) (i64.const 0)) (i64.store offset={ERROR_AT} (i32.const {ANSWER}) (i64.const 0))"
            )
        } else {
            let given = giver(self, operations).map(|giver| format!("(call ${} {})", giver.full_name(), giver.zeros()));
            given.unwrap_or_else(|| zero("i32").to_owned())
        };
        format!("(func $hold.{name} (result i32) {call})\n")
    }
}

/// Returns a zero of this type, as text.
fn zero(kind: &str) -> &'static str {
    match kind {
        "i32" => "(i32.const 0) ",
        "i64" => "(i64.const 0) ",
        "f32" => "(f32.const 0) ",
        _ => "(f64.const 0) ",
    }
}

/// Returns the operations that can be called with these alone: other operations give the handles
/// that they need.
pub(super) fn callable(mut operations: Vec<ProbedOperation>) -> Vec<ProbedOperation> {
    loop {
        let (before, held) = (operations.len(), held(&operations));
        operations.retain(|operation| operation.needs().all(|needed| held.contains(&needed.name)));
        if operations.len() == before {
            return operations;
        }
    }
}

/// Returns the operations that are wanted, and those that give the handles they need. An operation
/// is left out if nobody gives its handles.
pub(super) fn with_givers(
    operations: &[ProbedOperation],
    is_wanted: &mut dyn FnMut(&ProbedOperation) -> bool,
) -> Vec<ProbedOperation> {
    let mut wanted: BTreeSet<usize> =
        operations.iter().enumerate().filter(|(_, operation)| is_wanted(operation)).map(|(at, _)| at).collect();
    loop {
        let picked =
            operations.iter().enumerate().filter(|(at, _)| wanted.contains(at)).map(|(_, operation)| operation);
        let needed: BTreeSet<&Resource> = picked.clone().flat_map(ProbedOperation::needs).collect();
        let gives = |operation: &ProbedOperation, needed: &Resource| match needed.name.as_str() {
            ERROR => operation.full_name() == REFUSED,
            _ => giver(needed, operations) == Some(operation),
        };
        let mut more = wanted.clone();
        more.extend(
            operations
                .iter()
                .enumerate()
                .filter(|(_, operation)| needed.iter().any(|needed| gives(operation, needed)))
                .map(|(at, _)| at),
        );
        if more == wanted {
            return callable(picked.cloned().collect());
        }
        wanted = more;
    }
}

/// Returns the names of the resources that these operations give handles to, without needing one
/// themselves.
fn held(operations: &[ProbedOperation]) -> BTreeSet<String> {
    let given = |operation: &ProbedOperation| operation.gives.clone().filter(|_| operation.needs().next().is_none());
    let mut held: BTreeSet<String> = operations.iter().filter_map(given).map(|given| given.name).collect();
    if held.contains("output-stream") && operations.iter().any(|operation| operation.full_name() == REFUSED) {
        held.insert(ERROR.to_owned());
    }
    held
}

/// Returns the first operation that gives a handle to the resource and needs none.
pub(super) fn giver<'a>(resource: &Resource, operations: &'a [ProbedOperation]) -> Option<&'a ProbedOperation> {
    operations.iter().find(|operation| operation.gives.as_ref() == Some(resource) && operation.needs().next().is_none())
}

/// Returns the resources that these operations need or give handles to.
pub(super) fn resources(operations: &[ProbedOperation]) -> BTreeSet<Resource> {
    operations.iter().flat_map(|operation| operation.needs().chain(&operation.gives)).cloned().collect()
}

/// Returns the imports of `operations`, as text.
pub(super) fn imports(operations: &[ProbedOperation]) -> String {
    let drops = resources(operations);
    operations.iter().map(ProbedOperation::import).chain(drops.iter().map(Resource::import)).collect()
}

/// Returns the functions and globals with which a module that is made of text obtains and keeps the
/// handles that `operations` need.
pub(super) fn holds(operations: &[ProbedOperation]) -> String {
    let resources = resources(operations);
    let holds: String = resources.iter().map(|resource| resource.hold(operations)).collect();
    format!("(global $one (mut i32) (i32.const 0)) (global $other (mut i32) (i32.const 0))\n{holds}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::contract::operations;

    #[test]
    fn handles_come_first_and_the_place_of_the_answer_last() {
        for operation in callable(operations().unwrap()) {
            let name = operation.full_name();
            let is_handle = |slot: &Slot| matches!(slot, Slot::Handle(_) | Slot::Handles(_));
            let handles = operation.slots.iter().take_while(|slot| is_handle(slot)).count();
            assert_eq!(operation.needs().count(), handles, "{name}");
            assert!(handles <= 2, "{name} needs more handles than a module made of text keeps");
            let answers = operation.slots.iter().position(|slot| *slot == Slot::Answer);
            assert!(answers.is_none_or(|at| at + 1 == operation.slots.len()), "{name}");
            assert!(operation.is_wasi() || answers.is_some(), "{name} answers in no place that it is given");
        }
    }

    #[test]
    fn the_cases_of_an_action_are_told_apart_from_what_goes_with_them() {
        let step = operations().unwrap().into_iter().find(|operation| operation.full_name() == "episode.step").unwrap();
        // Discrete and real are numbers; multi-discrete, box, text and bytes are lists.
        assert_eq!(step.slots, [Slot::Case(6), Slot::Payload(0b11_1100), Slot::Length, Slot::Answer]);
    }
}
