//! What is asked for, and why it is not answered.

use std::borrow::Cow;

use crate::transcript::{Argument, Class, End, Operation};

/// Why a request is refused: what the agent reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The episode is over.
    Ended(End),
    /// The policy does not grant it.
    Denied(String),
    /// More than the policy grants.
    OverQuota(String),
    /// The request makes no sense.
    Invalid(String),
}

/// Why a check turns a request down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shortfall {
    /// More than the grant allows; the name of the limit.
    Quota(&'static str),
    /// The contract never allows it; the class it is recorded as, and the rule.
    Never(Class, &'static str),
    /// There is no such thing, and a language runtime asks for it by itself; the rule.
    Absent(&'static str),
    /// The request makes no sense, and why.
    Invalid(Cow<'static, str>),
}

/// A request, before it is decided.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// What is called.
    pub operation: Operation,
    /// With what.
    pub argument: Argument<'a>,
    /// The name that rules match: of a tool, a recipient, a path.
    pub name: Option<&'a str>,
}
