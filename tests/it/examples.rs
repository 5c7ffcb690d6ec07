//! The examples, run.

#[path = "../../examples/embed.rs"]
mod embed;
#[path = "../../examples/tool.rs"]
mod tool;

#[test]
fn the_environment_of_ones_own_is_lived_in() {
    embed::main().unwrap();
}

#[test]
fn the_tool_of_ones_own_forgets_at_the_end_of_each_episode() {
    tool::main().unwrap();
}

#[test]
fn the_world_and_the_tool_of_ones_own_live_in_workers_of_ones_own_program() {
    // Its workers are the program itself, so it is run as one: examples are built beside the tests.
    let built = std::env::current_exe().unwrap();
    let program = built.parent().unwrap().with_file_name("examples").join("apart");
    let output = std::process::Command::new(&program).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("100 episodes in workers"), "{output:?}");
}
