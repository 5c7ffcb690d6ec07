//! Code that agents here share: the worlds that they know by heart, and the reading of tasks.
//!
//! ```text
//!  the task --task--> choices and what each pays, when and to whom --preferences--> the best choice
//! ```

pub mod preferences;
pub mod routes;
pub mod task;
pub mod works;
