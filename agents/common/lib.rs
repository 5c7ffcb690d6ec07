//! What agents here share: the worlds that they know by heart, and how they read a task.
//!
//! ```text
//!  the task of the brief --task--> choices and what each pays, when and to whom --preferences--> the choice that is best
//! ```

pub mod preferences;
pub mod routes;
pub mod task;
pub mod works;
