//! Conversions between the types of the program and those of the contract.

use crate::gate::Refusal;
use crate::transcript::End;
use crate::value::{Space, Value};
use crate::wit::dayfly::agent::types as contract;

/// Converts an observation or an action to the type of the contract.
pub fn value_to_wit(value: Value) -> contract::Value {
    match value {
        Value::Discrete(index) => contract::Value::Discrete(index),
        Value::Real(real) => contract::Value::Real(real),
        Value::MultiDiscrete(indices) => contract::Value::MultiDiscrete(indices),
        Value::Box(entries) => contract::Value::Box(entries),
        Value::Text(text) => contract::Value::Text(text),
        Value::Bytes(bytes) => contract::Value::Bytes(bytes),
    }
}

/// Converts an action from the type of the contract.
pub(super) fn value_from_wit(value: contract::Value) -> Value {
    match value {
        contract::Value::Discrete(index) => Value::Discrete(index),
        contract::Value::Real(real) => Value::Real(real),
        contract::Value::MultiDiscrete(indices) => Value::MultiDiscrete(indices),
        contract::Value::Box(entries) => Value::Box(entries),
        contract::Value::Text(text) => Value::Text(text),
        contract::Value::Bytes(bytes) => Value::Bytes(bytes),
    }
}

/// Converts a space to the type of the contract.
pub(super) fn space_to_wit(space: Space) -> contract::Space {
    match space {
        Space::Discrete(n) => contract::Space::Discrete(n),
        Space::Real { low, high } => contract::Space::Real(contract::Bounds { low, high }),
        Space::MultiDiscrete(counts) => contract::Space::MultiDiscrete(counts),
        Space::Box { shape, low, high } => {
            contract::Space::Box(contract::Array { shape, bounds: contract::Bounds { low, high } })
        }
        Space::Text(limit) => contract::Space::Text(limit),
        Space::Bytes(limit) => contract::Space::Bytes(limit),
    }
}

/// Converts the end of an episode to the type of the contract.
pub const fn end_to_wit(end: End) -> contract::End {
    match end {
        End::Terminated => contract::End::Terminated,
        End::Steps => contract::End::Steps,
        End::Fuel => contract::End::Fuel,
        End::Wall => contract::End::Wall,
        End::Released => contract::End::Released,
        End::Returned => contract::End::Returned,
        End::Trapped => contract::End::Trapped,
        End::Violation => contract::End::Violation,
        End::Cancelled => contract::End::Cancelled,
        End::Aborted => contract::End::Aborted,
    }
}

impl From<Refusal> for contract::Refusal {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Ended(end) => Self::Ended(end_to_wit(end)),
            Refusal::Denied(rule) => Self::Denied(rule),
            Refusal::OverQuota(rule) => Self::OverQuota(rule),
            Refusal::Invalid(text) => Self::Invalid(text),
        }
    }
}
