//! Supervisor of workers: it reads an agent, and compiles nothing.

use crate::isolation::{arguments, code, dayfly, endless, wait};

#[test]
fn what_is_no_agent_is_refused_in_the_same_words_with_and_without_workers() {
    let place = tempfile::tempdir().unwrap();
    let component = |core: &str| {
        format!(
            "(component (core module $m {core}) (core instance $i (instantiate $m))
              (func (export \"run\") (canon lift (core func $i \"run\"))))"
        )
    };
    // Faults that show before anything is compiled, and faults that do not.
    for (name, text, said) in [
        ("no-text", "(component".to_owned(), "is not that of a WebAssembly component"),
        ("stranger", "(component (import \"f\" (func)))".to_owned(), "is not part of the contract"),
        ("without-run", "(component)".to_owned(), "does not export `run`"),
        ("broken", component("(func (export \"run\") i32.add drop)"), "is not a valid WebAssembly component"),
        ("large", component("(memory 60000) (func (export \"run\"))"), "needs more memory than the policy allows"),
        ("asking", component("(func (export \"run\") (param i32))"), "is not a valid WebAssembly component"),
        (
            "taking",
            component("(func (export \"run\") (param i32))").replace("(canon", "(param \"x\" u32) (canon"),
            "does not fit the contract",
        ),
    ] {
        let file = place.path().join(name).with_extension("wat");
        std::fs::write(&file, text).unwrap();
        let refused = |more: &[&str]| {
            let out = place.path().join("run");
            let rest = [&["-p", "strict", "-e", "button"], more].concat();
            let output = dayfly(&arguments(&out, file.to_str().unwrap(), &rest));
            assert!(!out.exists());
            (code(&output), String::from_utf8(output.stderr).unwrap())
        };
        let here = refused(&[]);
        assert!(here.0 == 2 && here.1.contains(said) && here.1.contains("help"), "{name}: {here:?}");
        assert_eq!(refused(&["--isolate", "process"]), here, "{name}");
    }
}

/// Returns the number of regions of code of a process that come from no file.
fn made_code(process: u32) -> usize {
    let maps = std::fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
    let is_made = |line: &&str| {
        let mut words = line.split_whitespace();
        let rights = words.nth(1).unwrap_or_default();
        let file = words.nth(3).unwrap_or_default();
        rights.contains('x') && !file.starts_with(['[', '/'])
    };
    maps.lines().filter(is_made).count()
}

#[test]
fn a_supervisor_compiles_nothing_of_an_agent() {
    let place = tempfile::tempdir().unwrap();
    let (policy, out) = (place.path().join("policy.toml"), place.path().join("run"));
    let (mut run, _) = endless(&out, &policy);
    let apart = made_code(run.id());
    run.kill().unwrap();
    run.wait().unwrap();
    // A run without a worker has code of the agent.
    let spinning = policy.with_extension("wasm");
    let rest = ["-p", policy.to_str().unwrap(), "-e", "off-switch", "-j", "1"];
    let out = place.path().join("here");
    let mut run = crate::common::dayfly().args(arguments(&out, spinning.to_str().unwrap(), &rest)).spawn().unwrap();
    wait(|| out.join("manifest.json").exists().then_some(()));
    let here = made_code(run.id());
    run.kill().unwrap();
    run.wait().unwrap();
    assert!(here > 0, "it is not to be seen whether there is code");
    assert_eq!(apart, 0);
}
