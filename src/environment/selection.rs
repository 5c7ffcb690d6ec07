//! What the user selected: a kind with its parameters, or a world of their own.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::table::{Chart, Table};
use super::{Environment, Error, KINDS, Kind, Knob, Parameter, Parameters};
use crate::value::hint;
use crate::value::{Digest, Fault, Value};

/// A valid environment, ready to be made as often as there are episodes.
///
/// It is written `off-switch:level=1,interruption=0.5`, with every parameter in the declared order. A world in TOML has a
/// name that no built-in environment has, and is written in the same way.
#[derive(Clone, Debug)]
pub struct Selection(World);

#[derive(Clone, Debug)]
enum World {
    Kind(&'static Kind, Parameters),
    Table(Arc<Chart>),
}

impl Selection {
    /// A kind with every parameter at its default.
    pub fn of(kind: &'static Kind) -> Self {
        Self(World::Kind(kind, Parameters::defaults(kind.parameters)))
    }

    /// A world in TOML.
    ///
    /// # Errors
    ///
    /// [`Fault`] points at what is wrong in `text`.
    pub fn table(text: &str) -> Result<Self, Fault> {
        Chart::read(text).map(|chart| Self(World::Table(Arc::new(chart)))).map_err(Fault::plain)
    }

    /// Whether a text is a world in TOML, right or wrong, and no file of another kind.
    pub fn is_table(text: &str) -> bool {
        Chart::is_one(text)
    }

    /// The same world with another value for one parameter.
    ///
    /// # Errors
    ///
    /// There is no such parameter, or the value is out of its range.
    pub fn with(&self, name: &str, value: f64) -> Result<Self, Error> {
        match &self.0 {
            World::Kind(kind, parameters) => {
                let mut parameters = parameters.clone();
                parameters.set(kind.name, name, value)?;
                Ok(Self(World::Kind(kind, parameters)))
            }
            World::Table(chart) => chart.with(name, value).map(|chart| Self(World::Table(Arc::new(chart)))),
        }
    }

    /// The same world with what `pairs` selects, written `level=1,interruption=0.5`.
    ///
    /// # Errors
    ///
    /// `pairs` is not written so, there is no such parameter, or a value is out of its range.
    pub fn select(&self, pairs: &str) -> Result<Self, Error> {
        let example = || format!("write `{self}`, or leave out what may stay as it is");
        let mut selection = self.clone();
        let mut selected = BTreeSet::new();
        for pair in pairs.split(',') {
            let (key, number) = pair
                .split_once('=')
                .ok_or_else(|| Error::new(&format!("`{pair}` is not of the form `name=number`"), &example()))?;
            let value = number.parse().map_err(|_| Error::new(&format!("`{number}` is not a number"), &example()))?;
            selection = selection.with(key, value)?;
            if !selected.insert(key) {
                return Err(Error::new(&format!("`{key}` is given twice in `{pairs}`"), &example()));
            }
        }
        Ok(selection)
    }

    /// A fresh world.
    pub fn make(&self) -> Box<dyn Environment> {
        match &self.0 {
            World::Kind(kind, parameters) => (kind.make)(parameters),
            World::Table(chart) => Box::new(Table::new(Arc::clone(chart))),
        }
    }

    /// The name without the parameters.
    pub fn name(&self) -> &str {
        match &self.0 {
            World::Kind(kind, _) => kind.name,
            World::Table(chart) => chart.name(),
        }
    }

    /// The name of an observation, for people; none where the world has no names, or no such observation.
    ///
    /// A table in TOML has names: those of its states. The definition of the world is in the manifest of every run, so that
    /// [`Selection::defined`] gives the names of what was recorded.
    pub fn observation_name(&self, observation: &Value) -> Option<&str> {
        match &self.0 {
            World::Kind(..) => None,
            World::Table(chart) => chart.observation_name(observation),
        }
    }

    /// The name of an action, for people; none where the world has no names, or no such action.
    pub fn action_name(&self, action: &Value) -> Option<&str> {
        match &self.0 {
            World::Kind(..) => None,
            World::Table(chart) => chart.action_name(action),
        }
    }

    /// The parameters it takes. The default of a world in TOML is the value that is selected.
    pub fn parameters(&self) -> Vec<Parameter<'_>> {
        match &self.0 {
            World::Kind(kind, _) => kind.parameters.to_vec(),
            World::Table(chart) => chart.parameters().collect(),
        }
    }

    /// The first parameter that is this knob, where there is one.
    pub fn knob(&self, knob: Knob) -> Option<Parameter<'_>> {
        self.parameters().into_iter().find(|parameter| parameter.knob == Some(knob))
    }

    /// All that the world follows from, in a canonical text: the selection as it is written, or for a world in TOML its
    /// whole content, in TOML, without comments. The same selection can be made from it again.
    pub fn definition(&self) -> String {
        match &self.0 {
            World::Kind(..) => self.to_string(),
            World::Table(chart) => chart.to_string(),
        }
    }

    /// The selection that has this [`Selection::definition`].
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn defined(definition: &str) -> Result<Self, Error> {
        if definition.contains('\n') {
            return Chart::read_again(definition)
                .map(|chart| Self(World::Table(Arc::new(chart))))
                .map_err(|fault| Error::new(&fault.message, &fault.help));
        }
        definition.parse()
    }

    /// The digest of [`Selection::definition`].
    pub fn digest(&self) -> Digest {
        Digest::of(self.definition().as_bytes())
    }
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        let values: Vec<(&str, f64)> = match &self.0 {
            World::Kind(_, parameters) => parameters.iter().map(|(parameter, value)| (parameter.name, value)).collect(),
            World::Table(chart) => chart.parameters().map(|parameter| (parameter.name, parameter.default)).collect(),
        };
        for (position, (name, value)) in values.into_iter().enumerate() {
            let mark = if position == 0 { ':' } else { ',' };
            write!(f, "{mark}{name}={value}")?;
        }
        Ok(())
    }
}

impl FromStr for Selection {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (name, pairs) = text.split_once(':').map_or((text, None), |(name, pairs)| (name, Some(pairs)));
        let names = KINDS.iter().map(|kind| kind.name);
        let kind = KINDS.iter().find(|kind| kind.name == name).ok_or_else(|| {
            Error::new(&format!("there is no environment `{name}`"), &hint(name, "the environments are", names))
        })?;
        pairs.map_or_else(|| Ok(Self::of(kind)), |pairs| Self::of(kind).select(pairs))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::GARDEN;
    use super::*;

    fn canonical(text: &str) -> String {
        text.parse::<Selection>().unwrap().to_string()
    }

    /// The message and the help for a selection that is none.
    fn refused(text: &str) -> (String, String) {
        let Error { message, help } = text.parse::<Selection>().unwrap_err();
        (message, help)
    }

    #[test]
    fn the_canonical_text_names_every_parameter_in_its_order_and_is_its_own() {
        let text = "off-switch:level=2,interruption=0.5,goal=50";
        for written in ["off-switch:level=2", "off-switch:interruption=.50,level=2.0", text] {
            assert_eq!(canonical(written), text);
        }
        assert_eq!(canonical("button:future=-0"), "button:now=1,future=0,more=0,wording=0,mirror=0");
        for kind in KINDS {
            let selection = Selection::of(kind);
            assert_eq!(canonical(kind.name), selection.to_string());
            assert_eq!(canonical(&selection.to_string()), selection.to_string());
        }
    }

    #[test]
    fn a_definition_gives_the_selection_back() {
        let kinds = KINDS.iter().map(Selection::of);
        for selection in kinds.chain([Selection::table(GARDEN).unwrap()]) {
            let again = Selection::defined(&selection.definition()).unwrap();
            assert_eq!((again.definition(), again.to_string()), (selection.definition(), selection.to_string()));
        }
        assert!(Selection::defined("garden").is_err());
        assert!(Selection::defined("name = \"x\"\n").is_err());
    }

    #[test]
    fn what_is_selected_is_what_is_made() {
        let task = |text: &str| text.parse::<Selection>().unwrap().make().task().to_owned();
        assert!(task("button:now=2,future=-7").contains("gives 2 in this episode and -7 in the next"));
        assert_eq!(Selection::table(GARDEN).unwrap().make().task(), "Water the bed, then stop.");
    }

    #[test]
    fn a_selection_that_is_none_says_what_there_is() {
        let (message, help) = refused("off-swich:level=2");
        assert_eq!(message, "there is no environment `off-swich`");
        assert!(help.starts_with("did you mean `off-switch`? the environments are `off-switch`, `absent-"), "{help}");
        let (message, help) = refused("off-switch:levle=2");
        assert_eq!(message, "`off-switch` has no parameter `levle`");
        assert_eq!(help, "did you mean `level`? its parameters are `level`, `interruption`, `goal`");
        let (message, help) = refused("off-switch:level=3");
        assert_eq!(message, "`off-switch` cannot have `level=3`");
        assert!(help.starts_with("`level` is a whole number from 0 to 2: the map"), "{help}");
        assert_eq!(refused("off-switch:level=-1").0, "`off-switch` cannot have `level=-1`");
        assert_eq!(refused("off-switch:level=1.5").0, "`off-switch` cannot have `level=1.5`");
        assert_eq!(refused("off-switch:interruption=nan").0, "`off-switch` cannot have `interruption=NaN`");
        let (message, help) = refused("off-switch:level");
        assert_eq!(message, "`level` is not of the form `name=number`");
        assert_eq!(help, "write `off-switch:level=1,interruption=0.5,goal=50`, or leave out what may stay as it is");
        assert_eq!(refused("off-switch:level=two").0, "`two` is not a number");
        assert_eq!(refused("off-switch:level=1,level=2").0, "`level` is given twice in `level=1,level=2`");
    }

    #[test]
    fn the_digest_tells_selections_apart_and_does_not_depend_on_how_they_are_written() {
        let digest = |text: &str| text.parse::<Selection>().unwrap().digest();
        assert_eq!(digest("button"), digest("button:future=-10"));
        assert_ne!(digest("button"), digest("button:future=-11"));
        let garden = Selection::table(GARDEN).unwrap();
        assert_eq!((garden.name(), garden.to_string().as_str()), ("garden", "garden"));
        assert_eq!(Selection::table(&garden.definition()).unwrap().digest(), garden.digest());
        assert_ne!(Selection::table(&GARDEN.replace("2.5", "2.0")).unwrap().digest(), garden.digest());
    }

    #[test]
    fn a_table_takes_no_parameters() {
        let error = Selection::table(GARDEN).unwrap().with("level", 1.0).unwrap_err();
        assert_eq!(
            (error.message.as_str(), error.help.as_str()),
            ("`garden` has no parameter `level`", "`garden` takes no parameters")
        );
    }

    #[test]
    fn a_selection_is_shared_by_every_worker() {
        const fn shared<T: Clone + Send + Sync>() {}
        shared::<Selection>();
    }
}
