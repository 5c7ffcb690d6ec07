//! Loading: from a file, and the policies that it extends, to a valid policy.

use super::overlay::{Overlay, Parent, Tie};
use super::raw::RawPolicy;
use super::{Invalid, Policy, PolicyOrigin, SHIPPED, SourceFile, shipped};
use crate::capability::Tools;
use crate::document::{self, KeyValue};
use crate::value::{Fault, hint};

/// Function that finds the file for a name behind `extends` or `based-on`. Its arguments are the
/// name and the file in which the name stands. It returns `None` if there is no such file.
///
/// [`Policy::load`] looks up the shipped policies after this. A fault without a span gets that of
/// the name.
pub type Resolve<'a> = dyn Fn(&str, &SourceFile) -> Result<Option<SourceFile>, Fault> + 'a;

/// Maximum number of files in a chain of policies that extend one another.
const CHAIN: usize = 16;

impl Policy {
    /// Loads the policy of a file, with all that it extends.
    ///
    /// # Errors
    ///
    /// Returns [`Invalid`] for the first file of the chain, from its root, that is not valid, with
    /// every fault in that file.
    #[doc(hidden)]
    pub fn load(file: &SourceFile, resolve: &Resolve<'_>) -> Result<Self, Invalid> {
        Self::load_with_base(file, resolve).map(|(policy, _)| policy)
    }

    /// Loads the policy of a text, which may extend shipped policies. Messages call the text
    /// `path`.
    ///
    /// # Errors
    ///
    /// As [`Policy::load`].
    pub fn parse(path: impl Into<String>, text: impl Into<String>) -> Result<Self, Invalid> {
        Self::load(&SourceFile::user(path, text), &|_, _| Ok(None))
    }

    /// Returns the shipped policy of that name.
    pub fn shipped(name: &str) -> Option<Self> {
        Self::load(&shipped(name)?, &|_, _| Ok(None)).ok()
    }

    /// Loads the policy of a file, with the policy that it is based on, if it names one with
    /// `based-on`.
    ///
    /// # Errors
    ///
    /// As [`Policy::load`].
    #[doc(hidden)]
    pub fn load_with_base(file: &SourceFile, resolve: &Resolve<'_>) -> Result<(Self, Option<Base>), Invalid> {
        load(file, resolve, &Tools::builtin(), &[])
    }

    /// Loads a policy as [`Policy::load_with_base`] does. Its grant of tools may allow any tool in
    /// `tools`.
    ///
    /// # Errors
    ///
    /// As [`Policy::load`].
    #[doc(hidden)]
    pub fn load_among(
        file: &SourceFile,
        resolve: &Resolve<'_>,
        tools: &Tools,
    ) -> Result<(Self, Option<Base>), Invalid> {
        load(file, resolve, tools, &[])
    }
}

/// Policy that another one is based on, and may loosen.
#[derive(Clone, Debug)]
pub struct Base {
    /// Name in messages.
    pub shown: String,
    /// The policy itself.
    pub policy: Policy,
}

/// Loads `file`. `below` are the files that led here, through `extends` or `based-on`.
fn load(
    file: &SourceFile,
    resolve: &Resolve<'_>,
    tools: &Tools,
    below: &[&SourceFile],
) -> Result<(Policy, Option<Base>), Invalid> {
    let (raw, mut faults) = document::read(&file.text, "a policy", |table| RawPolicy::read(table, tools))
        .map_err(|faults| invalid(file, faults))?;
    let chain: Vec<&SourceFile> = below.iter().copied().chain([file]).collect();
    let (named, tie) = match (&raw.extends, &raw.based_on) {
        (KeyValue::Written { .. }, KeyValue::Written { span, .. }) => {
            faults.push(Fault {
                message: "`extends` and `based-on` are both there".to_owned(),
                span: Some(span.clone()),
                label: "`extends` is there already".to_owned(),
                help: "keep one of them: with `extends` a policy only tightens, with `based-on` it may loosen"
                    .to_owned(),
            });
            return Err(invalid(file, faults));
        }
        (KeyValue::Absent, based_on) => (based_on, Tie::BasedOn),
        (extends, _) => (extends, Tie::Extends),
    };
    let parent = match named {
        KeyValue::Absent => None,
        KeyValue::Faulty => return Err(invalid(file, faults)),
        KeyValue::Written { value, span, .. } => match parent(&value.0, resolve, &chain) {
            Ok(source) => Some((load(&source, resolve, tools, &chain)?.0, source)),
            Err(fault) => {
                faults.push(Fault { span: fault.span.or(Some(span.clone())), ..fault });
                return Err(invalid(file, faults));
            }
        },
    };
    let over = parent.as_ref().map(|(policy, source)| Parent { path: source.shown(), policy, tie });
    let policy = Overlay { parent: over, tools, faults: &mut faults }.policy(&raw, file.stem());
    let base = parent.filter(|_| tie == Tie::BasedOn);
    match policy.filter(|_| faults.is_empty()) {
        Some(policy) => Ok((policy, base.map(|(policy, source)| Base { shown: source.shown().to_owned(), policy }))),
        None => Err(invalid(file, faults)),
    }
}

/// Finds the file for `name`, which stands behind `extends` or `based-on` in the last file of
/// `chain`.
fn parent(name: &str, resolve: &Resolve<'_>, chain: &[&SourceFile]) -> Result<SourceFile, Fault> {
    let fault = |message: String, label: &str, help: String| Fault { message, span: None, label: label.into(), help };
    let own = match chain.last() {
        Some(file) if file.origin == PolicyOrigin::User => resolve(name, file)?,
        _ => None,
    };
    let Some(source) = own.or_else(|| shipped(name)) else {
        let introduction = "write a path relative to this file, or a shipped policy:";
        let help = hint(name.trim_end_matches(".toml"), introduction, SHIPPED.iter().map(|(name, _)| *name));
        return Err(fault(format!("there is no policy `{name}`"), "no such file", help));
    };
    if chain.iter().any(|file| (file.origin, &file.path) == (source.origin, &source.path)) {
        let steps: Vec<&str> = chain.iter().map(|file| file.path.as_str()).chain([source.path.as_str()]).collect();
        let help = format!("a policy cannot extend itself: {}", steps.join(" extends "));
        return Err(fault(format!("`{name}` leads back to this policy"), "this closes a circle", help));
    }
    if chain.len() >= CHAIN {
        let help = format!("at most {CHAIN} policies may extend one another");
        return Err(fault("too many policies extend one another".into(), "this is one too many", help));
    }
    Ok(source)
}

/// Makes an error from the faults of a file, in the order of their places.
fn invalid(file: &SourceFile, mut faults: Vec<Fault>) -> Invalid {
    faults.sort_by_key(|fault| fault.span.as_ref().map(|span| (span.start, span.end)));
    Invalid { file: file.clone(), faults: faults.into_iter().map(Fault::plain).collect() }
}
