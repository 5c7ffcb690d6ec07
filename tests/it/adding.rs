//! Files that a capability needs beside its own: all that are missing, in one message.

use std::collections::BTreeSet;

use dayfly::capability::CAPABILITIES;
use dayfly::gate::{Capability, Example, Ground, LimitKind};
use dayfly::policy::{Policy, SHIPPED};

use crate::common::{read, root};
use crate::quotas::CASES;

/// Files, from the root of the repository.
struct Texts {
    world: String,
    sdk: [String; 2],
    overstayer: String,
    policies: String,
    /// Names of the files in `tests/mutants`.
    mutants: Vec<String>,
}

#[test]
fn whatever_a_capability_needs_is_there() {
    let text = |path: &str| read(&root().join(path));
    let mutants = std::fs::read_dir(root().join("tests/mutants")).unwrap();
    let texts = Texts {
        world: text("wit/agent.wit"),
        sdk: [text("agents/sdk/src/raw.rs"), text("agents/sdk/src/lib.rs")],
        overstayer: text("agents/hostile/overstayer.rs"),
        policies: text("docs/policies.md"),
        mutants: mutants.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect(),
    };
    let mut missing = Vec::new();
    for capability in CAPABILITIES {
        // A capability beside the contract comes with a package of its own.
        if capability.name != "wasi" {
            missing.extend(of_contract(capability, &texts));
        }
        missing.extend(of_grant(capability, &texts));
    }
    missing.extend(codes());
    assert!(missing.is_empty(), "is missing:\n{}", missing.join("\n"));
}

/// Returns what is missing for an interface of the contract.
fn of_contract(capability: &Capability, texts: &Texts) -> Vec<String> {
    let (mut missing, name) = (Vec::new(), capability.name);
    let mut needs = |is_there: bool, what: String| {
        if !is_there {
            missing.push(format!("{name}: {what}"));
        }
    };
    let has_word = |text: &str, word: &str| text.split(|letter: char| !letter.is_alphanumeric()).any(|one| one == word);
    let imports = texts.sdk[0].lines().find(|line| line.starts_with("pub use world::")).unwrap();
    needs(
        texts.world.contains(&format!("    import {name};\n")),
        "wit/agent.wit: `import` in the world `agent`".into(),
    );
    needs(has_word(imports, name), "agents/sdk/src/raw.rs: its name in `pub use world::`".into());
    needs(texts.sdk[1].contains(&format!("mod {name}")), "agents/sdk/src/lib.rs: its module".into());
    let (resolve, package) = crate::core::contract();
    for operation in capability.operations {
        let call = format!("{name}::{}(", operation.name.replace('-', "_"));
        needs(texts.overstayer.contains(&call), format!("agents/hostile/overstayer.rs: a call of `{operation}`"));
        let interface = resolve.packages[package].interfaces.get(name).map(|id| &resolve.interfaces[*id]);
        let function = interface.and_then(|interface| interface.functions.get(operation.name));
        needs(function.is_some(), format!("wit/{name}.wit: `{}`", operation.name));
        // Each step of the audit's agent has its own arguments.
        let takes =
            function.is_some_and(|function| !function.params.is_empty()) && operation.to_string() != "episode.step";
        needs(
            !takes || capability.is_never_done(*operation) || capability.examples(*operation, false).next().is_some(),
            format!("src/capability: an example of `{operation}`, which takes arguments"),
        );
    }
    let is_quota = |ground: &Ground| matches!(ground, Ground::Quota(_));
    let has_quota = capability.grounds.iter().any(|(_, grounds)| grounds.iter().any(is_quota));
    // A message may end the episode.
    let fills = name == "outbox" || capability.examples.iter().any(Example::is_filling);
    needs(!has_quota || fills, "src/capability: an example with `Given::Filling`, which uses its quota up".into());
    missing
}

/// Returns what is missing for a grant and its limits.
fn of_grant(capability: &Capability, texts: &Texts) -> Vec<String> {
    let (mut missing, name) = (Vec::new(), capability.name);
    let mut needs = |is_there: bool, what: String| {
        if !is_there {
            missing.push(format!("{name}: {what}"));
        }
    };
    let row = |key: &str| texts.policies.contains(&format!("| `{name}.{key}` |"));
    needs(row("mode"), format!("docs/policies.md: a row for `{name}.mode`"));
    for limit in capability.limits {
        needs(row(limit.name), format!("docs/policies.md: a row for `{name}.{}`", limit.name));
        let of_case = format!("{name}.{}", limit.name);
        // The limits of the workspace are tested where its index is.
        let is_held = name == "workspace" || CASES.iter().any(|case| case.limit == of_case);
        needs(is_held || matches!(limit.kind, LimitKind::Names), format!("tests/it/quotas.rs: a case for `{of_case}`"));
    }
    let has_number = capability.limits.iter().any(|limit| !matches!(limit.kind, LimitKind::Names));
    let is_broken = texts.mutants.iter().any(|mutant| mutant.starts_with(&format!("quota-{name}-")));
    needs(!has_number || is_broken, format!("tests/mutants: quota-{name}-….toml, and its row in docs/mutants.md"));
    for (policy, _) in SHIPPED {
        let granted = Policy::shipped(policy).unwrap().grants.contains_key(name);
        needs(granted, format!("policies/{policy}.toml: `[grants.{name}]`"));
    }
    missing
}

/// Returns the operations that have the code of another one, each with a code that is free.
fn codes() -> Vec<String> {
    let all: Vec<_> = CAPABILITIES.iter().flat_map(|capability| capability.operations).collect();
    let taken: BTreeSet<_> = all.iter().map(|operation| operation.code).collect();
    let free = (0..0x80).find(|code| !taken.contains(code)).unwrap();
    let has_another = |at: usize| all[..at].iter().any(|other| other.code == all[at].code);
    let twice = (0..all.len()).filter(|at| has_another(*at));
    twice.map(|at| format!("{}: a code of its own, such as {free:#04x}", all[at])).collect()
}
