//! Decoding of the bit that was sent from what a receiver saw, and the bits that follow from the
//! accuracy.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Road;
use crate::statistics::{Error, Interval, Level, Sides, Tally, clopper_pearson};
use crate::value::Seed;

/// Margin above chance for the upper limit of the accuracy on a closed road.
const MARGIN: f64 = 0.05;
const CHANCE: f64 = 0.5;

/// Bits that arrived on a road.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Received {
    /// Share of trials in which the bit was decoded correctly.
    pub accuracy: Interval,
    /// Number of trials in which the receiver saw something else than after a 0 with the same seed.
    pub differ: u32,
    /// Lower bound of the bits per episode that arrived, by Fano's inequality: estimate and limits.
    pub bits: Bits,
}

/// Bits per episode.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Bits {
    /// Bits at the accuracy that was seen.
    pub estimate: f64,
    /// Bits at the lower limit of the accuracy.
    pub low: f64,
    /// Bits at the upper limit of the accuracy.
    pub high: f64,
}

/// Verdict on a road.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RoadVerdict {
    /// No more bits arrive than are declared; on a road that is not declared, none.
    Holds,
    /// Bits arrive where none is declared, or a control does not carry what it was opened for.
    Violated,
    /// Neither of the other two is shown.
    Inconclusive,
}

impl RoadVerdict {
    /// Returns the verdict on `road` from `sent`.
    pub(super) fn of(sent: Option<&Received>, road: Road) -> Self {
        let Some(sent) = sent else { return Self::Inconclusive };
        match road {
            Road::Undeclared if sent.accuracy.low > CHANCE => Self::Violated,
            Road::Undeclared if sent.differ == 0 && sent.accuracy.high <= CHANCE + MARGIN => Self::Holds,
            Road::Undeclared => Self::Inconclusive,
            #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a bound to compare with")]
            Road::CarryOver(bits) => {
                if sent.bits.high <= bits as f64 {
                    Self::Holds
                } else {
                    Self::Violated
                }
            }
            Road::World => Self::Holds,
            // A control that carries nothing shows that the detector does not detect.
            Road::Control => {
                if sent.bits.low > CHANCE {
                    Self::Holds
                } else {
                    Self::Violated
                }
            }
        }
    }
}

/// Decoder: number of zeros and of ones that each symbol came with.
pub(super) struct Decoder {
    known: BTreeMap<String, [u32; 2]>,
    /// Numbers of zeros and of ones without a difference, and with one.
    differs: [[u32; 2]; 2],
}

impl Decoder {
    pub(super) fn learn(lessons: &[(bool, String)]) -> Self {
        let mut decoder = Self { known: BTreeMap::new(), differs: [[0; 2]; 2] };
        for (bit, symbol) in lessons {
            count(decoder.known.entry(symbol.clone()).or_default(), *bit);
            let [same, other] = &mut decoder.differs;
            count(if symbol.is_empty() { same } else { other }, *bit);
        }
        decoder
    }

    fn decode(&self, symbol: &str) -> bool {
        let [same, other] = &self.differs;
        let [zeros, ones] = self.known.get(symbol).unwrap_or(if symbol.is_empty() { same } else { other });
        ones > zeros
    }

    /// Returns the accuracy of the decoder; `None` if there is no trial.
    pub(super) fn score(&self, trials: &[(bool, String)]) -> Result<Option<Received>, Error> {
        if trials.is_empty() {
            return Ok(None);
        }
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let right = trials.iter().filter(|(bit, symbol)| self.decode(symbol) == *bit).count();
        let differ = number(trials.iter().filter(|(_, symbol)| !symbol.is_empty()).count());
        let accuracy =
            clopper_pearson::interval(Tally::new(number(right), number(trials.len()))?, Level::P95, Sides::Both);
        let bits = Bits { estimate: bits(accuracy.estimate), low: bits(accuracy.low), high: bits(accuracy.high) };
        Ok(Some(Received { accuracy, differ, bits }))
    }
}

fn count([zeros, ones]: &mut [u32; 2], bit: bool) {
    let slot = if bit { ones } else { zeros };
    *slot = slot.saturating_add(1);
}

/// Returns the lower bound of the bits that a uniform bit decoded with this accuracy carries; 0 at
/// chance and below.
fn bits(accuracy: f64) -> f64 {
    if accuracy <= CHANCE {
        return 0.0;
    }
    let part = |share: f64| if share > 0.0 { share * share.log2() } else { 0.0 };
    1.0 + part(accuracy) + part(1.0 - accuracy)
}

/// Returns `count` bits, half of them 1, in an order that follows from `seed`.
pub(super) fn bits_of(seed: Seed, count: u32) -> Vec<bool> {
    let mut bits: Vec<bool> = (0..count).map(|ordinal| ordinal % 2 == 1).collect();
    let mut stream = seed.stream();
    // Fisher-Yates shuffle: all orders are equally likely.
    for last in (1..bits.len()).rev() {
        let among = u64::try_from(last).unwrap_or(u64::MAX).saturating_add(1);
        bits.swap(last, usize::try_from(stream.next_u64() % among).unwrap_or(0));
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(trials: &[(bool, &str)]) -> Received {
        let trials: Vec<_> = trials.iter().map(|(bit, symbol)| (*bit, (*symbol).to_owned())).collect();
        Decoder::learn(&trials).score(&trials).unwrap().unwrap()
    }

    fn sent(differs: impl Fn(bool, usize) -> bool) -> Received {
        let bits = bits_of(Seed(1), 1000);
        let trials: Vec<_> =
            bits.iter().enumerate().map(|(at, bit)| (*bit, if differs(*bit, at) { "log[0] " } else { "" })).collect();
        score(&trials)
    }

    #[test]
    fn half_of_the_bits_are_1_and_their_order_follows_from_the_seed() {
        let bits = bits_of(Seed(7), 1000);
        assert_eq!(bits.iter().filter(|bit| **bit).count(), 500);
        assert_eq!(bits, bits_of(Seed(7), 1000));
        assert_ne!(bits, bits_of(Seed(8), 1000));
    }

    #[test]
    fn a_receiver_that_sees_nothing_is_at_chance_and_one_that_sees_all_has_every_bit() {
        let blind = sent(|_, _| false);
        assert!((blind.accuracy.estimate - 0.5).abs() < 1e-12 && blind.bits.low.abs() < 1e-12, "{blind:?}");
        assert!(blind.bits.high < 0.005, "{blind:?}");
        assert_eq!(RoadVerdict::of(Some(&blind), Road::Undeclared), RoadVerdict::Holds);
        assert_eq!(RoadVerdict::of(Some(&blind), Road::Control), RoadVerdict::Violated);
        let open = sent(|bit, _| bit);
        assert!(open.bits.estimate > 0.999 && open.bits.low > 0.95, "{open:?}");
        assert_eq!(RoadVerdict::of(Some(&open), Road::Undeclared), RoadVerdict::Violated);
        assert_eq!(RoadVerdict::of(Some(&open), Road::Control), RoadVerdict::Holds);
        assert_eq!(RoadVerdict::of(Some(&open), Road::CarryOver(8)), RoadVerdict::Holds);
        assert_eq!(RoadVerdict::of(Some(&open), Road::CarryOver(0)), RoadVerdict::Violated);
    }

    #[test]
    fn a_leak_that_shows_once_in_ten_times_is_found() {
        let rare = sent(|bit, at| bit && at % 10 < 2);
        assert_eq!(RoadVerdict::of(Some(&rare), Road::Undeclared), RoadVerdict::Violated, "{rare:?}");
    }

    #[test]
    fn a_view_that_varies_and_cannot_be_decoded_is_not_taken_for_closed() {
        let noise = sent(|_, at| at == 3);
        assert_eq!(RoadVerdict::of(Some(&noise), Road::Undeclared), RoadVerdict::Inconclusive);
        assert_eq!(RoadVerdict::of(None, Road::Undeclared), RoadVerdict::Inconclusive);
    }

    #[test]
    fn an_error_rate_of_eleven_percent_leaves_half_a_bit() {
        assert!((bits(0.89) - 0.5).abs() < 1e-3);
        assert!(bits(0.4).abs() < 1e-12);
    }
}
