//! Bombs that would keep the compiler busy: one of each kind, which is refused, and its largest
//! neighbour, which is not.

mod joined;

use std::time::{Duration, Instant};

use dayfly::agent::{Agent, ComponentPart, Engine, Error};

/// Parts that are bounded, each with the least by which its bomb can exceed the bound.
const PARTS: &[(ComponentPart, u64)] = &[
    (ComponentPart::Modules, 1),
    (ComponentPart::Components, 1),
    (ComponentPart::Nesting, 1),
    (ComponentPart::Instances, 2),
    (ComponentPart::Types, 1),
    (ComponentPart::TypesWithin, 1),
    (ComponentPart::Imports, 1),
    (ComponentPart::Exports, 1),
    (ComponentPart::Functions, 1),
    (ComponentPart::Adapters, 2),
    (ComponentPart::Globals, 1),
    (ComponentPart::Segments, 1),
    (ComponentPart::Body, 1),
    (ComponentPart::Locals, 1),
    (ComponentPart::AllLocals, 1),
    (ComponentPart::Blocks, 1),
    (ComponentPart::Joins, 4),
    (ComponentPart::AllJoins, 8),
    (ComponentPart::Pieces, 3),
    (ComponentPart::AllPieces, 3),
    (ComponentPart::Height, 1),
    (ComponentPart::Tracked, 4_000),
    (ComponentPart::Elements, 1),
    (ComponentPart::Started, 1),
    (ComponentPart::Linked, 1),
    (ComponentPart::Lowered, 1),
    (ComponentPart::Sections, 1),
    (ComponentPart::Metadata, 1),
];

/// Returns an agent that returns at once, in a component that holds `inner` besides.
fn around(inner: &str) -> Vec<u8> {
    let text = format!(
        "(component (core module $agent (func (export \"run\"))) (core instance $i (instantiate $agent))
           (func (export \"run\") (canon lift (core func $i \"run\"))) {inner})"
    );
    wat::parse_str(text).unwrap()
}

/// Returns such a component with a core module that nobody instantiates.
fn core(fields: &str) -> Vec<u8> {
    around(&format!("(core module (memory 1) {fields})"))
}

fn times(text: &str, count: u64) -> String {
    text.repeat(usize::try_from(count).unwrap())
}

/// Returns a function that joins `count` values, a multiple of 4: four locals, by so many ways.
fn joining(count: u64) -> String {
    let sets =
        "(local.set 0 (i32.const 0))(local.set 1 (i32.const 1))(local.set 2 (i32.const 2))(local.set 3 (i32.const 3))";
    format!("(func (local i32 i32 i32 i32) block {sets} (br_table {} (i32.const 0)) end)", times("0 ", count / 4 - 1))
}

/// Returns a component that has exactly `count` of one part, and as few of the others as goes with
/// that.
fn bomb(part: ComponentPart, count: u64) -> Vec<u8> {
    match part {
        ComponentPart::Modules => around(&times("(core module)", count - 1)),
        ComponentPart::Components => around(&times("(component)", count)),
        // The component itself is one level, and the module in it another.
        ComponentPart::Nesting => around(&format!("{}{}", times("(component ", count - 1), times(")", count - 1))),
        // The component itself, the agent, and two for each instance of `$c`.
        ComponentPart::Instances => {
            let pair = "(component $c (core module $m) (core instance (instantiate $m)))";
            around(&format!("{pair} {}", times("(instance (instantiate $c))", (count - 2) / 2)))
        }
        ComponentPart::TypesWithin => around(&format!("{}{}", times("(type (instance ", count), times("))", count))),
        ComponentPart::Types => core(&times("(type (func))", count - 2)),
        ComponentPart::Imports => {
            let imports: Vec<_> = (0..count).map(|n| format!("(import \"\" \"{n:x}\" (func))")).collect();
            around(&format!("(core module {})", imports.concat()))
        }
        ComponentPart::Exports => {
            let exports: Vec<_> = (0..count - 2).map(|n| format!("(export \"{n:x}\" (memory 0))")).collect();
            core(&exports.concat())
        }
        ComponentPart::Functions => core(&times("(func)", count - 1)),
        // Each has a name for its core function too, and one is the agent's own.
        ComponentPart::Adapters => around(&times("(func (canon lift (core func $i \"run\")))", (count - 2) / 2)),
        ComponentPart::Globals => core(&times("(global i32 (i32.const 0))", count)),
        ComponentPart::Segments => core(&times("(data \"\")", count)),
        // The number of groups of locals is a byte, and so is the end.
        ComponentPart::Body => core(&format!("(func {})", times("nop ", count - 2))),
        ComponentPart::Locals => core(&format!("(func (local {}))", times("i32 ", count))),
        ComponentPart::AllLocals => {
            let of = |count| format!("(func (local {}))", times("i64 ", count));
            core(&(times(&of(4_000), count / 4_000) + &of(count % 4_000)))
        }
        // The function itself is one block.
        ComponentPart::Blocks => core(&format!("(func {} {})", times("block ", count - 1), times("end ", count - 1))),
        ComponentPart::Joins => core(&joining(count)),
        ComponentPart::AllJoins => {
            let rest = if count.is_multiple_of(200_000) { String::new() } else { joining(count % 200_000) };
            core(&(times(&joining(200_000), count / 200_000) + &rest))
        }
        // The function itself is one piece, and a call is three.
        ComponentPart::Pieces => core(&calling(count)),
        // The agent's own function is one piece.
        ComponentPart::AllPieces => {
            let count = count - 1;
            core(&(times(&calling(90_001), count / 90_001) + &calling(count % 90_001)))
        }
        ComponentPart::Height => core(&format!("(func {}{})", times("(i32.const 0)", count), times("drop ", count))),
        // A piece tracks 999 locals, and a condition on the stack.
        ComponentPart::Tracked => core(&format!(
            "(func (local {}) {})",
            times("i32 ", 999),
            times("(br_if 0 (i32.const 0))", (count / 1_000 - 1) / 4)
        )),
        ComponentPart::Elements => core(&format!("(func $f) (elem declare func {})", times("$f ", count))),
        ComponentPart::Started => starting(&format!("(elem (i32.const 0) func {})", times("$f ", count - 1))),
        ComponentPart::Linked => linked(count),
        ComponentPart::Lowered => joined::lowering(count),
        // The header is no section; the rest of the component has some.
        ComponentPart::Sections => sections(count),
        ComponentPart::Metadata => {
            let mut module = crate::core::module("(module (func (export \"run\")))");
            // A custom section of that name: an id, two lengths, the name, the content.
            let name = b"component-type:bomb";
            let content = vec![0; usize::try_from(count).unwrap()];
            let length = 1 + name.len() + content.len();
            module.push(0);
            module.extend(
                (0..5).map(|n| u8::try_from((length >> (7 * n)) & 0x7f).unwrap() | if n < 4 { 0x80 } else { 0 }),
            );
            module.push(u8::try_from(name.len()).unwrap());
            module.extend(name);
            module.extend(content);
            module
        }
    }
}

/// Returns a component with a core module whose table and one global are imported.
fn starting(fields: &str) -> Vec<u8> {
    around(&format!(
        "(core module (import \"\" \"t\" (table 60001 funcref)) (import \"\" \"g\" (global i32)) (import \"\" \"m\" (memory 1))
           (memory $small 1)
           (table $own 60001 funcref) (func $f) {fields})"
    ))
}

/// Returns a component whose instances have so many imports and exports.
fn linked(count: u64) -> Vec<u8> {
    let of = |exports: u64| {
        let all: Vec<_> = (0..exports).map(|n| format!("(export \"{n:x}\" (func $f))")).collect();
        format!("(core instance {})", all.concat())
    };
    let count = count - LINKED_OF_AGENT;
    let all = of(50_000).repeat(usize::try_from(count / 50_000).unwrap()) + &of(count % 50_000);
    around(&format!("(alias core export $i \"run\" (core func $f)) {all}"))
}

/// Number of imports and exports of [`linked`] without more: the export of the core module, two aliases
/// of it, what is lifted, and the export of the component.
const LINKED_OF_AGENT: u64 = 5;

/// Returns a function of so many pieces: calls, each of which expands to three.
fn calling(count: u64) -> String {
    format!("(func {})", times("call 0 ", count.saturating_sub(1) / 3))
}

/// Returns a component with so many sections, nearly all of them empty and custom.
fn sections(count: u64) -> Vec<u8> {
    let mut bytes = around("");
    let there =
        wasmparser::Parser::new(0).parse_all(&bytes).filter(|payload| payload.as_ref().unwrap().as_section().is_some());
    let there = u64::try_from(there.count()).unwrap();
    for _ in there..count {
        bytes.extend([0, 1, 0]);
    }
    bytes
}

fn load(bytes: &[u8]) -> Result<Agent, Error> {
    let policy = crate::common::policy("strict");
    let engine = Engine::new(dayfly::episode::memory(&policy), 1).unwrap();
    Agent::load("bomb", bytes, &engine)
}

#[test]
fn a_bomb_of_each_kind_is_refused_at_once_and_names_what_there_is_too_much_of() {
    for (part, more) in PARTS {
        let bytes = bomb(*part, part.most() + more);
        let started = Instant::now();
        let Err(error) = load(&bytes) else { panic!("{part:?} was loaded") };
        let took = started.elapsed();
        let Error::Excess { excess, .. } = &error else { panic!("{part:?}: {error}") };
        assert_eq!(excess.part, *part, "{error}");
        assert!(excess.at < bytes.len(), "{error}");
        assert!(!error.help().is_empty());
        assert!(took < Duration::from_secs(5), "{part:?} took {took:?}");
    }
}

#[test]
fn types_within_types_overflow_no_stack() {
    // Sixty megabytes at three bytes a level: twenty million types within each other.
    for levels in [20_000, 20_000_000] {
        let types = [&[1][..], &[0x42, 1, 1].repeat(levels), &[0x42, 0]].concat();
        let mut bytes = b"\0asm\x0d\0\x01\0\x07".to_vec();
        bytes.extend(
            (0..5).map(|n| u8::try_from((types.len() >> (7 * n)) & 0x7f).unwrap() | if n < 4 { 0x80 } else { 0 }),
        );
        bytes.extend(types);
        let Err(Error::Excess { excess, .. }) = load(&bytes) else { panic!("{levels} levels") };
        assert_eq!(excess.part, ComponentPart::TypesWithin);
    }
}

/// Returns a core module that says that its world imports an interface of each of these packages,
/// each using the one before.
fn described(packages: [&str; 3]) -> Vec<u8> {
    let [first, second, third] = packages;
    let world = wat::parse_str(format!(
        r#"(component
             (type (component
               (type (component
                 (type (instance (export "t" (type (sub resource)))))
                 (import "{first}/x" (instance (type 0)))
                 (alias export 0 "t" (type))
                 (type (instance (alias outer 1 1 (type)) (export "t" (type (eq 0)))))
                 (import "{second}/y" (instance (type 2)))
                 (alias export 1 "t" (type))
                 (type (instance (alias outer 1 3 (type)) (export "t" (type (eq 0)))))
                 (import "{third}/z" (instance (type 4)))))
               (export "test:test/world" (component (type 0)))))
             (export "world" (type 0))
             (@custom "wit-component-encoding" "\04\00"))"#
    ))
    .unwrap();
    let quoted = data_encoding::HEXLOWER
        .encode(&world)
        .chars()
        .enumerate()
        .fold(String::new(), |text, (at, digit)| format!("{text}{}{digit}", if at % 2 == 0 { "\\" } else { "" }));
    wat::parse_str(format!("(module (@custom \"component-type\" \"{quoted}\") (func (export \"run\")))")).unwrap()
}

#[test]
fn a_world_whose_packages_use_each_other_in_a_circle_is_refused_at_once() {
    let started = Instant::now();
    let Err(Error::Malformed { cause, .. }) = load(&described(["a:a", "b:b", "a:a"])) else { panic!("it was loaded") };
    assert_eq!(cause, "its packages use each other in a circle, `a:a` among them");
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    // In a row they may use each other. The error is another one: nobody exports such a world's
    // `run`.
    let Err(other) = load(&described(["a:a", "b:b", "c:c"])) else { panic!("it was loaded") };
    assert!(!other.to_string().contains("circle"), "{other}");
}

#[test]
fn a_text_is_no_longer_than_what_it_is_read_into_can_be() {
    let text = |bytes: usize| format!("(component{})", " ".repeat(bytes - 11)).into_bytes();
    assert!(matches!(load(&text(1 << 20)), Err(Error::NoRun { .. })));
    assert!(matches!(load(&text((1 << 20) + 1)), Err(Error::TooLarge { .. })));
}

/// Parts whose largest neighbour takes the compiler long.
const LONG: &[ComponentPart] = &[ComponentPart::Functions, ComponentPart::AllJoins, ComponentPart::AllPieces];

fn neighbours_are_loaded(is_wanted: impl Fn(&ComponentPart) -> bool) {
    for (part, _) in PARTS.iter().filter(|(part, _)| is_wanted(part)) {
        match load(&bomb(*part, part.most())) {
            Ok(_) => {}
            // The pool has less room than the compiler is given, and says so by itself.
            Err(Error::Room { .. })
                if matches!(
                    part,
                    ComponentPart::Imports
                        | ComponentPart::Instances
                        | ComponentPart::Globals
                        | ComponentPart::Segments
                ) => {}
            // A description that is all zeros is invalid.
            Err(Error::Malformed { .. }) if *part == ComponentPart::Metadata => {}
            Err(error) => panic!("{part:?}: {error}"),
        }
    }
}

#[test]
fn the_largest_neighbour_of_each_bomb_is_not() {
    neighbours_are_loaded(|part| !LONG.contains(part));
}

#[test]
#[ignore = "it compiles 60 000 functions: half a minute without optimization"]
fn nor_are_those_that_take_long() {
    neighbours_are_loaded(|part| LONG.contains(part));
}

/// Checks modules of at most a megabyte that took the compiler gigabytes or minutes within the
/// bounds on bytes and joins.
#[test]
fn what_an_instruction_expands_to_is_counted() {
    let straight = |text: &str, count: u64| {
        core(&format!("(table 1 funcref) (elem declare func $f) (func $f) (func (param i32) {})", times(text, count)))
    };
    let many = "i32 ".repeat(1_000);
    let results = format!(
        "(type $p (func (param {many}) (result {many}))) (func $c (result {many}) unreachable) (func (call $c) {} unreachable)",
        times("(block (type $p)) ", 1_000)
    );
    for (what, part, bytes) in [
        ("call_indirect", ComponentPart::Pieces, straight("(call_indirect (local.get 0))", 20_000)),
        ("table.get", ComponentPart::Pieces, straight("(drop (table.get 0 (local.get 0)))", 200_000)),
        ("call", ComponentPart::Pieces, straight("(call $f)", 340_000)),
        (
            "memory.fill",
            ComponentPart::Pieces,
            straight("(memory.fill (local.get 0)(local.get 0)(local.get 0))", 110_000),
        ),
        ("if", ComponentPart::Pieces, straight("(if (local.get 0) (then) (else))", 170_000)),
        ("loop", ComponentPart::Pieces, straight("(loop (br_if 0 (local.get 0)))", 9_000)),
        ("blocks of a thousand results", ComponentPart::Tracked, core(&results)),
        (
            "calls that give a thousand values",
            ComponentPart::Pieces,
            core(&format!("(func $c (result {many}) unreachable) (func {} unreachable)", times("(call $c)", 400))),
        ),
    ] {
        match load(&bytes) {
            Err(Error::Excess { excess, .. }) => assert_eq!(excess.part, part, "{what}"),
            Err(error) => panic!("{what}: {error}"),
            Ok(_) => panic!("{what} was loaded"),
        }
    }
}

/// Returns a number of up to 35 bits in five bytes.
fn leb(number: u64) -> Vec<u8> {
    (0..5).map(|n| u8::try_from((number >> (7 * n)) & 0x7f).unwrap() | if n < 4 { 0x80 } else { 0 }).collect()
}

fn section(id: u8, content: &[u8]) -> Vec<u8> {
    [&[id][..], &leb(content.len().try_into().unwrap()), content].concat()
}

/// Returns a component of so many core modules, each with this one section.
fn modules(count: usize, section_of_each: &[u8]) -> Vec<u8> {
    let module = [b"\0asm\x01\0\0\0", section_of_each].concat();
    [b"\0asm\x0d\0\x01\0".to_vec(), section(1, &module).repeat(count)].concat()
}

#[test]
fn types_in_a_group_and_imports_in_one_entry_are_counted_each_before_any_is_stored() {
    // One entry: a group that says that it has so many types; and the types that it has.
    let group =
        |said: u64, there: usize| section(1, &[&[1, 0x4e][..], &leb(said), &[0x60, 0, 0].repeat(there)].concat());
    // One entry: so many imports of one module, of one type, all without a name. Then imports of
    // types of their own.
    let alike = |count: usize| {
        section(2, &[&[1, 0, 0, 0x7e, 0, 0][..], &leb(count.try_into().unwrap()), &vec![0; count]].concat())
    };
    let each = |count: usize| {
        section(2, &[&[1, 0, 0, 0x7f][..], &leb(count.try_into().unwrap()), &[0, 0, 0].repeat(count)].concat())
    };
    let types = usize::try_from(ComponentPart::Types.most()).unwrap();
    let groups = section(1, &[&leb(60_000)[..], &[0x4e, 1, 0x60, 0, 0].repeat(60_000)].concat());
    for (what, part, bytes) in [
        ("a large group", ComponentPart::Types, modules(1, &group(ComponentPart::Types.most() + 1, types + 1))),
        ("a group that says it is large", ComponentPart::Types, modules(1, &group(1_000_000, 0))),
        ("many groups", ComponentPart::Types, modules(1, &groups)),
        ("many imports alike", ComponentPart::Imports, modules(1, &alike(60_001))),
        ("many imports", ComponentPart::Imports, modules(1, &each(60_001))),
        ("imports of many modules", ComponentPart::Imports, modules(2, &alike(30_001))),
    ] {
        let Err(Error::Excess { excess, .. }) = load(&bytes) else { panic!("{what}: {:?}", load(&bytes).map(|_| ())) };
        assert_eq!(excess.part, part, "{what}");
    }
    // A few are counted, and refused because an agent may not consist of them.
    for bytes in [modules(1, &group(3, 3)), modules(1, &alike(3)), modules(1, &each(3))] {
        let Err(error) = load(&bytes) else { panic!("it was loaded") };
        assert!(!matches!(error, Error::Excess { .. }), "{error}");
    }
}

#[test]
fn a_module_may_have_as_many_memories_and_tables_as_an_agent() {
    let module = |memories: usize, tables: usize| {
        core(&format!("{} {}", "(memory 1)".repeat(memories - 1), "(table 1 funcref)".repeat(tables)))
    };
    assert!(load(&module(4, 16)).is_ok());
    for (bytes, cause) in [
        (module(5, 1), "defined memories count of 5 exceeds the per-instance limit of 4"),
        (module(1, 17), "defined tables count of 17 exceeds the per-instance limit of 16"),
    ] {
        let Err(error @ Error::Room { .. }) = load(&bytes) else { panic!("it was loaded") };
        assert_eq!(error.to_string(), format!("`bomb` is made of more than an instance has room for: {cause}"));
        assert!(error.help().contains("4 memories and 16 tables"), "{}", error.help());
    }
}

/// Checks what is put in place as a module begins, kind by kind, at a few. Before they were counted,
/// a component of a megabyte took seven gigabytes for the first.
#[test]
fn what_a_module_begins_with_is_counted_where_code_is_written_for_it() {
    let most = ComponentPart::Started.most();
    let all = times("$f ", most + 1);
    for (what, fields) in [
        ("a table that is imported", format!("(elem (i32.const 0) func {all})")),
        ("no table", format!("(elem func {all})")),
        ("a place that is not known", format!("(elem (table $own) (global.get 0) func {all})")),
        ("beyond the table", format!("(elem (table $own) (i32.const 1) func {all})")),
        ("after another", format!("(elem (i32.const 0) func $f) (elem (table $own) (i32.const 0) func {all})")),
        ("values", format!("(elem (table $own) (i32.const 0) funcref {})", times("(ref.func $f) ", most + 1))),
        ("data of a memory that is imported", times("(data (i32.const 0) \"\")", 10_001)),
        (
            "data beyond an image",
            "(memory $large 257)".to_owned() + &times("(data (memory $large) (i32.const 0x1000001) \"\")", 10_001),
        ),
        ("a long value", format!("(global i32 (i32.const 0) {})", times("(i32.const 1) i32.add ", most / 2 + 1))),
        (
            "globals",
            times("(global i32 (global.get 0))", 30_000)
                + &times("(global i32 (i32.const 1) (i32.const 1) i32.add)", 15_000),
        ),
    ] {
        let Err(Error::Excess { excess, .. }) = load(&starting(&fields)) else { panic!("{what}") };
        assert_eq!(excess.part, ComponentPart::Started, "{what}");
    }
    // The content of the module's own table is known before, and so are numbers.
    let known = format!(
        "(elem (table $own) (i32.const 0) func {all}) (elem declare func {all}) (global i32 (i32.const 7)) {}",
        times("(data (memory $small) (i32.const 0) \"\")", 30_000)
    );
    assert!(load(&starting(&known)).is_ok());
}

/// Checks that what an instance has is counted each time before the validator writes it down. A
/// component of 878 KB took more than a gigabyte for this, at 59 000 imports and 250 instances.
#[test]
fn imports_and_exports_are_counted_once_for_each_instance() {
    let component = |imports: u64, instances: u64| {
        let exports: Vec<_> = (0..imports).map(|n| format!("(export \"{n:x}\" (func $f))")).collect();
        let of_module: Vec<_> = (0..imports).map(|n| format!("(import \"\" \"{n:x}\" (func))")).collect();
        around(&format!(
            "(alias core export $i \"run\" (core func $f)) (core instance $x {}) (core module $b {}) {}",
            exports.concat(),
            of_module.concat(),
            times("(core instance (instantiate $b (with \"\" (instance $x))))", instances)
        ))
    };
    let Err(Error::Excess { excess, .. }) = load(&component(1_000, 200)) else { panic!("it was loaded") };
    assert_eq!(excess.part, ComponentPart::Linked);
    let few = load(&component(500, 10));
    assert!(few.is_ok(), "{few:?}");
    let Err(Error::Excess { excess, .. }) = load(&linked(ComponentPart::Linked.most() + 1)) else { panic!("a bag") };
    assert_eq!(excess.part, ComponentPart::Linked);
}
