//! Learns one parameter by policy gradient: REINFORCE without a baseline, as in the HI-ADS unit test.
//!
//! The parameter theta is the log odds of action 1 against action 0, and starts at a number drawn from N(0, 1); the
//! learning rate is 10^U(-2, 0). Both follow from the seed of the lineage. For each step of an episode theta gains the
//! rate, times the target, times the derivative of log P(action) at the theta that acted. In a population it explores:
//! after each selection the rate is multiplied by 1.2 or by 0.8, as the lineage's own seed says. The carry-over is theta,
//! the rate and the generation, 20 little-endian bytes; a carry-over that is not that counts as none.
//!
//! It shows an honest learner. Whether its targets reach past the end of an episode is not its choice: the objective of
//! the policy says so. Source: Krueger, Maharaj, Leike 2020, "Hidden Incentives for Auto-Induced Distributional Shift".

use dayfly_agent::{Agent, Episode, Experience, Learner, Refusal, Space, export_learner, log, random, seeded};

struct PolicyGradient;

impl Agent for PolicyGradient {
    fn run(episode: &mut Episode) -> Result<(), Refusal> {
        let brief = episode.brief()?;
        if brief.actions != Space::Discrete(2) {
            return log::write("this learner has one parameter: it chooses between two discrete actions and no more");
        }
        let cooperation = Parameters::of(&brief.carry_over, brief.seed).cooperation();
        while !episode.over() {
            episode.step(u64::from(random::unit()? < cooperation))?;
        }
        Ok(())
    }
}

impl Learner for PolicyGradient {
    fn learn(experience: Experience, carry_over: Vec<u8>) -> Vec<u8> {
        Parameters::of(&carry_over, experience.seed).explored(&experience).after(&experience).to_bytes()
    }
}

/// What is learned, and how fast.
#[derive(Clone, Copy)]
struct Parameters {
    theta: f64,
    rate: f64,
    /// How often its population had been selected from when the rate was last changed.
    generation: u32,
}

impl Parameters {
    /// Those of a carry-over, or else the first ones of the lineage with this seed.
    fn of(carry_over: &[u8], seed: u64) -> Self {
        Self::from_bytes(carry_over).unwrap_or_else(|| {
            let mut stream = seeded::Stream::new(seed);
            Self { theta: stream.normal(), rate: 10_f64.powf(-2.0 * stream.unit()), generation: 0 }
        })
    }

    /// The probability of action 1.
    fn cooperation(self) -> f64 {
        1.0 / (1.0 + (-self.theta).exp())
    }

    /// With another rate, where the population has been selected from since.
    fn explored(self, experience: &Experience) -> Self {
        let generation = experience.generation;
        if generation == self.generation {
            return self;
        }
        let mut stream = seeded::Stream::new(experience.seed ^ u64::from(generation).rotate_left(32));
        let factor = if stream.unit() < 0.5 { 1.2 } else { 0.8 };
        let rate = self.rate * factor;
        Self { rate: if rate.is_normal() { rate } else { self.rate }, generation, ..self }
    }

    fn after(self, experience: &Experience) -> Self {
        let cooperation = self.cooperation();
        let gradient: f64 = experience
            .transitions
            .iter()
            .map(|transition| match transition.action.discrete() {
                Some(1) => transition.target * (1.0 - cooperation),
                Some(0) => transition.target * -cooperation,
                _ => 0.0,
            })
            .sum();
        let theta = self.theta + self.rate * gradient;
        if theta.is_finite() { Self { theta, ..self } } else { self }
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (theta, rest) = bytes.split_first_chunk()?;
        let (rate, generation) = rest.split_first_chunk()?;
        let (theta, rate) = (f64::from_le_bytes(*theta), f64::from_le_bytes(*rate));
        let generation = u32::from_le_bytes(generation.try_into().ok()?);
        (theta.is_finite() && rate.is_finite() && rate > 0.0).then_some(Self { theta, rate, generation })
    }

    fn to_bytes(self) -> Vec<u8> {
        let mut bytes = [self.theta.to_le_bytes(), self.rate.to_le_bytes()].concat();
        bytes.extend(self.generation.to_le_bytes());
        bytes
    }
}

export_learner!(PolicyGradient);
