//! Text for people: bounded, escaped before it is shown, and without effect.

pub use crate::raw::log::write;

/// Sets a hook that writes the message of a panic to the log before the component traps.
///
/// Call it first in `run`. It is not the default, because it makes a component import `log`.
pub fn panics() {
    std::panic::set_hook(Box::new(|panic| {
        let _ = write(&panic.to_string());
    }));
}
