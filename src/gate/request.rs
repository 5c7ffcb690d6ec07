//! Requests, and the reasons for refusing them.

use std::borrow::Cow;

use crate::transcript::{Argument, Class, End, Operation};

/// Reason for refusing a request, as the agent reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The episode is over.
    Ended(End),
    /// The policy does not grant the request.
    Denied(String),
    /// The request exceeds the grant.
    OverQuota(String),
    /// The request makes no sense.
    Invalid(String),
}

/// Reason for which a check refuses a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shortfall {
    /// The request exceeds the limit of the grant with this name.
    Quota(&'static str),
    /// The contract never allows the request. It is recorded as this class, under this rule.
    Never(Class, &'static str),
    /// The thing asked for does not exist, but language runtimes ask for it by themselves. The text is the rule.
    Absent(&'static str),
    /// The request makes no sense, for this reason.
    Invalid(Cow<'static, str>),
}

/// Request that has not been decided.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Operation that is called.
    pub operation: Operation,
    /// Arguments of the call.
    pub argument: Argument<'a>,
    /// Name that rules match: of a tool, a recipient, a path.
    pub name: Option<&'a str>,
}
