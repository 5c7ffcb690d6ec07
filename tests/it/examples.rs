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
