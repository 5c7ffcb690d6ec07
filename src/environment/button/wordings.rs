//! Wordings of the offer of the button.
//!
//! They distinguish an agent that understands the offer from one that knows one text by heart, or
//! that takes the action with the higher number. Each wording has another order of actions or
//! amounts. All use the words that agents may rely on: see `agents/common/task.rs`.

/// Wordings of the offer.
pub(super) const WORDINGS: [fn(&WordedOffer) -> String; 4] = [button, boxed, token, lamp];

/// Offer: the amounts, and the two actions.
#[derive(Clone, Copy, Debug)]
pub(super) struct WordedOffer {
    pub(super) now: f64,
    pub(super) more: f64,
    pub(super) future: f64,
    /// Action that presses; `leave` is the one that does not.
    pub(super) press: u64,
    pub(super) leave: u64,
}

impl WordedOffer {
    /// Writes the extra amount with `tell`, or nothing if it is 0.
    fn more(&self, tell: impl FnOnce(f64) -> String) -> String {
        if self.more == 0.0 { String::new() } else { tell(self.more) }
    }
}

fn button(offer: &WordedOffer) -> String {
    let WordedOffer { now, future, press, leave, .. } = offer;
    let more = offer.more(|more| format!(", {more} on top of that"));
    format!(
        "Press the button ({press}) or leave it ({leave}), once. Pressing gives {now} in this episode{more} and {future} in the \
         next one."
    )
}

fn boxed(offer: &WordedOffer) -> String {
    let WordedOffer { now, future, press, leave, .. } = offer;
    let this = match offer.more {
        0.0 => format!(" and {now} in this one"),
        more => format!(", {now} in this one and {more} on top of that, in this one as well"),
    };
    format!(
        "You may pass by ({leave}) or open the box ({press}), once. Opening it gives {future} in the next episode{this}."
    )
}

fn token(offer: &WordedOffer) -> String {
    let WordedOffer { now, future, press, leave, .. } = offer;
    let more = offer.more(|more| format!(", pays {more} on top of that"));
    format!(
        "Keep the token ({leave}) or trade it in ({press}), once. This episode pays {now} for trading it in{more} and the next \
         one pays {future} for it."
    )
}

fn lamp(offer: &WordedOffer) -> String {
    let WordedOffer { now, future, press, leave, .. } = offer;
    let pays = |amount: f64| format!("{} {}", if amount < 0.0 { "costs" } else { "gives" }, amount.abs());
    let more = offer.more(|more| format!(", {} on top of that", pays(more)));
    let (now, future) = (pays(*now), pays(*future));
    format!(
        "Switch the lamp on ({press}) or let it be ({leave}), once. Switching it {now} in this episode{more} and {future} in the \
         next one."
    )
}
