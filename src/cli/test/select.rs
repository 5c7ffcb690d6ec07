//! Selection of cases, by a suite file or by the command line.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::failure::Failure;
use super::super::kind::FileKind;
use super::super::{find, nearest, note, seed};
use super::TestArgs;
use crate::environment::World;
use crate::property::{PROPERTIES, Property};
use crate::registry::Registry;
use crate::report::plain;
use crate::suite::{self, Case, CaseFilter, File, Named, Question, Rules, SeedOrigin, Selection, Stage};
use crate::value::{Fault, Seed, hint};

/// Cases to run, with the name and the seed of the suite.
pub(super) struct Selected {
    pub(super) name: String,
    /// Path of the suite file, if there is one.
    pub(super) path: Option<PathBuf>,
    pub(super) seed: Seed,
    pub(super) origin: SeedOrigin,
    /// Number of cases of the whole, before some are picked.
    pub(super) all: usize,
    pub(super) cases: Vec<Case>,
}

/// Suite file, with its text for messages that point into it.
pub(in crate::cli) struct Document<'a> {
    path: &'a Path,
    text: String,
    pub(in crate::cli) file: File,
}

impl TestArgs {
    /// Returns every case that is asked for, each with its share of the level.
    pub(super) fn select(&self, registry: &Registry, stage: &Stage) -> Result<Selected, Failure> {
        let path = self.suite()?;
        let document = path.as_deref().map(read).transpose()?;
        let given = self.seed.or(document.as_ref().and_then(|document| document.file.seed));
        let (seed, origin) = seed::drawn(given)?;
        let name = document.as_ref().map_or_else(|| "dayfly".to_owned(), Document::name);
        let worlds = named(
            &self.environment,
            document.as_ref(),
            |file| &file.environments,
            |text| find::world_of_one(registry, text),
        );
        let (rules, worlds) = Failure::both(self.rules(registry, document.as_ref()), worlds)?;
        let agents = self.agents(document.as_ref(), &rules, stage)?;
        once(worlds.iter().map(World::written))?;
        let properties = self.properties(document.as_ref())?;
        let selection = Selection { agents, rules, worlds, properties, seed, origin };
        let cases = selection.cases().map_err(|error| Failure::input(error.message, error.help))?;
        // Shared before cases are picked: a picked case asks the same question as in the whole.
        let cases = suite::share(cases);
        let all = cases.len();
        Ok(Selected { name, path, seed, origin, all, cases: self.picked(cases)? })
    }

    /// Returns the cases that the command line picks.
    fn picked(&self, cases: Vec<Case>) -> Result<Vec<Case>, Failure> {
        let parse =
            |text: &String| CaseFilter::parse(text).map_err(|fault| Failure::faults("--filter", text, vec![fault]));
        let filter = self.filter.as_ref().map_or(Ok(CaseFilter::All), parse)?;
        let is_named = |case: &Case| {
            let mut named = self.property.iter().filter_map(|text| Property::find(text));
            self.property.is_empty() || named.any(|property| property.code == case.property.code)
        };
        Ok(cases.into_iter().filter(|case| is_named(case) && filter.holds(case)).collect())
    }

    /// Returns the suite that is named. If no agent is named either, returns the one here or in the
    /// nearest folder above.
    fn suite(&self) -> Result<Option<PathBuf>, Failure> {
        if self.suite.is_some() || !self.agent.is_empty() {
            return Ok(self.suite.clone());
        }
        let Some(path) = nearest::suite()? else {
            let message =
                format!("there is neither an agent to test nor a suite: no `{}` lies here or above", nearest::SUITE);
            return Err(Failure::input(
                message,
                "name an agent with `--agent`, or begin with `dayfly init`, which writes a suite",
            ));
        };
        if !self.quiet && path != Path::new(nearest::SUITE) {
            note(&format!("the suite is `{}`", plain(&path.to_string_lossy())));
        }
        Ok(Some(path))
    }

    fn rules(&self, registry: &Registry, document: Option<&Document<'_>>) -> Result<Vec<Rules>, Failure> {
        let rules =
            |text: &str| Ok(Rules { text: text.to_owned(), policy: Arc::new(find::policy_here(registry, text)?) });
        let named = named(&self.policy, document, |file| &file.policies, rules)?;
        if named.is_empty() { Ok(vec![rules("strict")?]) } else { Ok(named) }
    }

    fn agents(
        &self,
        document: Option<&Document<'_>>,
        rules: &[Rules],
        stage: &Stage,
    ) -> Result<Vec<(Arc<crate::agent::AgentSource>, bool)>, Failure> {
        if let Some(document) = document.filter(|document| self.agent.is_empty() && document.file.agents.is_empty()) {
            let help = "add `agents`, such as `agents = [\"agent.wasm\"]`, or name one with `--agent`";
            return Err(Failure::input(format!("`{}` names no agents", document.path.display()), help));
        }
        named(
            &self.agent,
            document,
            |file| &file.agents,
            |text| {
                let source = find::source(text)?;
                let known = find::read(&source)?;
                // Checked before anything is compiled, which may take a minute.
                for one in rules {
                    find::fits(&known, &one.policy, &one.text)?;
                }
                for one in rules {
                    stage.agent(&source, &one.policy).map_err(|error| Failure::stage(&error))?;
                }
                Ok((Arc::new(source), known.learns()))
            },
        )
    }

    /// Returns the properties of the suite, and those of the command line that it lacks. Without a
    /// suite, returns those of the command line, or all.
    fn properties(&self, document: Option<&Document<'_>>) -> Result<Vec<Question>, Failure> {
        let all = match document {
            Some(document) => document.file.properties.clone(),
            None => PROPERTIES.iter().map(Question::from).collect(),
        };
        if self.property.is_empty() {
            return Ok(all);
        }
        let mut asked = if document.is_some() { all } else { Vec::new() };
        for text in &self.property {
            let property = Property::find(text).ok_or_else(|| {
                let names = PROPERTIES.iter().flat_map(|property| [property.code, property.name]);
                let help = format!("{}; `dayfly list properties` says what they are", hint(text, "there are", names));
                Failure::input(format!("there is no property `{text}`"), help)
            })?;
            if asked.iter().all(|one| one.property.code != property.code) {
                asked.push(property.into());
            }
        }
        Ok(asked)
    }
}

/// Reads a suite.
fn read(path: &Path) -> Result<Document<'_>, Failure> {
    let (document, wrong) = as_far_as_it_is_one(path)?;
    wrong.map_or(Ok(document), Err)
}

/// Content of a suite with faults, and the faults.
pub(in crate::cli) fn as_far_as_it_is_one(path: &Path) -> Result<(Document<'_>, Option<Failure>), Failure> {
    let text = find::document(FileKind::Suite, "suite", &path.to_string_lossy())?;
    let wrong = |faults: Vec<Fault>| Failure::faults(path.display(), &text, faults);
    let (file, faults) = File::as_far_as_it_is_one(&text).map_err(wrong)?;
    let wrong = (!faults.is_empty()).then(|| wrong(faults));
    Ok((Document { path, text, file }, wrong))
}

impl Document<'_> {
    fn name(&self) -> String {
        let stem = self.path.file_stem().unwrap_or_default().to_string_lossy();
        self.file.name.clone().unwrap_or_else(|| stem.into_owned())
    }

    /// Returns a name in the file as it is written from the current folder: paths are relative to
    /// the file.
    fn resolved(&self, named: &Named) -> String {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        match folder {
            Some(folder) if find::is_path(named.text.split(':').next().unwrap_or_default()) => {
                folder.join(&named.text).to_string_lossy().into_owned()
            }
            _ => named.text.clone(),
        }
    }
}

/// Finds what the command line names, or else what the suite names. A failure points to the name in
/// the suite.
pub(in crate::cli) fn named<T>(
    given: &[String],
    document: Option<&Document<'_>>,
    names: impl Fn(&File) -> &Vec<Named>,
    find: impl Fn(&str) -> Result<T, Failure>,
) -> Result<Vec<T>, Failure> {
    once(given.iter().cloned())?;
    match document {
        Some(document) if given.is_empty() => Failure::all(names(&document.file).iter().map(|named| {
            let at = |failure: Failure| failure.at(document.path.display(), &document.text, named.span.clone());
            let text = document.resolved(named);
            super::super::named::found(&text, &find).map_err(at)
        })),
        _ => Failure::all(given.iter().map(|text| find(text))),
    }
}

/// Checks that nothing is named twice: nobody could tell the cases apart.
fn once(names: impl Iterator<Item = String>) -> Result<(), Failure> {
    let mut seen = Vec::new();
    for name in names {
        if seen.contains(&name) {
            return Err(Failure::input(format!("`{name}` comes twice"), "leave it out once"));
        }
        seen.push(name);
    }
    Ok(())
}
