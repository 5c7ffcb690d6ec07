//! Worlds, as runs of episodes use them: built in, a table in TOML, or defined in Rust by an embedding program.
//!
//! ```text
//!  name, definition, parameters, names of actions --make--> Box<dyn Environment>, or Failed
//! ```

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::table::{Chart, Faulty, TableWorld};
use super::{Environment, EnvironmentKind, Error, Failed, KINDS, Knob, Parameter, Parameters};
use crate::value::{Digest, Value, hint};

/// A world that can be made as often as there are episodes.
///
/// It is written `off-switch:level=1,interruption=0.5`, with every parameter in the declared order. So is one in TOML.
///
/// ```
/// use dayfly::{Environment, Failed, Seed, Space, Status, Transition, Value, World};
///
/// /// A coin is guessed once.
/// struct Coin(bool);
///
/// impl Environment for Coin {
///     fn observations(&self) -> Space {
///         Space::Discrete(1)
///     }
///
///     fn actions(&self) -> Space {
///         Space::Discrete(2)
///     }
///
///     fn task(&self) -> &str {
///         "guess the coin: 0 or 1"
///     }
///
///     fn steps(&self) -> Option<u32> {
///         Some(1)
///     }
///
///     fn open(&mut self, seed: Seed) -> Result<Value, Failed> {
///         self.0 = seed.stream().chance(0.5);
///         Ok(Value::Discrete(0))
///     }
///
///     fn step(&mut self, action: &Value) -> Result<Transition, Failed> {
///         let reward = f64::from(u8::from(*action == Value::Discrete(self.0.into())));
///         Ok(Transition { observation: Value::Discrete(0), reward, status: Status::Terminated })
///     }
///
///     fn performance(&self) -> f64 {
///         0.0
///     }
/// }
///
/// let world = World::new("coin", "coin, version 1", |_| Ok(Box::new(Coin(false))));
/// assert!(world.make()?.open(Seed(1)).is_ok());
/// # Ok::<(), Failed>(())
/// ```
#[derive(Clone, Debug)]
pub struct World {
    origin: WorldOrigin,
    /// Path of its file, as on the command line; `None` if it is not from a file.
    path: Option<Arc<str>>,
}

/// Origin of a world.
#[derive(Clone, Debug)]
enum WorldOrigin {
    Kind(&'static EnvironmentKind, Parameters),
    Table(Arc<Chart>),
    Own(Arc<Own>, Parameters),
}

/// World that an embedding program defines.
struct Own {
    name: String,
    summary: String,
    definition: String,
    make: Arc<Make>,
}

/// Function that makes a fresh world from valid parameters.
type Make = dyn Fn(&Parameters) -> Result<Box<dyn Environment>, Failed> + Send + Sync;

impl World {
    /// Makes a built-in world with every parameter at its default.
    #[doc(hidden)]
    pub fn of(kind: &'static EnvironmentKind) -> Self {
        WorldOrigin::Kind(kind, Parameters::defaults(kind.parameters)).into()
    }

    /// A world in TOML.
    ///
    /// # Errors
    ///
    /// [`Faulty`] has everything that is wrong in `text`.
    pub fn table(text: &str) -> Result<Self, Faulty> {
        Chart::read(text).map(|chart| WorldOrigin::Table(Arc::new(chart)).into()).map_err(Faulty)
    }

    /// Makes a world of one's own. `definition` describes all that it depends on besides the seed. [`World::taking`]
    /// adds parameters. A worker can make it where its program registers it too.
    pub fn new(
        name: impl Into<String>,
        definition: impl Into<String>,
        make: impl Fn(&Parameters) -> Result<Box<dyn Environment>, Failed> + Send + Sync + 'static,
    ) -> Self {
        let own =
            Own { name: name.into(), summary: String::new(), definition: definition.into(), make: Arc::new(make) };
        WorldOrigin::Own(Arc::new(own), Parameters::defaults(&[])).into()
    }

    /// Adds parameters to a world of one's own, each at its default. `make` receives the selected values. Other
    /// worlds keep their own. A property that turns a knob needs one of these parameters to be that knob.
    #[must_use]
    pub fn taking(self, parameters: &'static [Parameter<'static>]) -> Self {
        let WorldOrigin::Own(own, _) = self.origin else { return self };
        Self { origin: WorldOrigin::Own(own, Parameters::defaults(parameters)), ..self }
    }

    /// Adds a line of description for people to a world of one's own.
    #[must_use]
    pub fn described(self, summary: &str) -> Self {
        match self.origin {
            WorldOrigin::Own(own, parameters) => {
                let (name, definition, make) = (own.name.clone(), own.definition.clone(), Arc::clone(&own.make));
                let own = Own { name, definition, summary: summary.to_owned(), make };
                Self { origin: WorldOrigin::Own(Arc::new(own), parameters), ..self }
            }
            _ => self,
        }
    }

    /// Returns `true` if a text looks like a world in TOML, valid or not, and no other kind of file.
    pub fn is_table(text: &str) -> bool {
        Chart::is_one(text)
    }

    /// Copies the world, with another value for one parameter.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such parameter, or the value is out of its range.
    pub fn with(&self, name: &str, value: f64) -> Result<Self, Error> {
        let set = |parameters: &Parameters| {
            let mut parameters = parameters.clone();
            parameters.set(self.name(), name, value)?;
            Ok(parameters)
        };
        let origin = match &self.origin {
            WorldOrigin::Kind(kind, parameters) => WorldOrigin::Kind(kind, set(parameters)?),
            WorldOrigin::Own(own, parameters) => WorldOrigin::Own(Arc::clone(own), set(parameters)?),
            WorldOrigin::Table(chart) => WorldOrigin::Table(Arc::new(chart.with(name, value)?)),
        };
        Ok(Self { origin, path: self.path.clone() })
    }

    /// Copies the world, with the values in `pairs`, written `level=1,interruption=0.5`.
    ///
    /// # Errors
    ///
    /// Returns an error if `pairs` is not of that form, there is no such parameter, or a value is out of its range.
    pub fn select(&self, pairs: &str) -> Result<Self, Error> {
        let example = || format!("write `{self}`, or leave out what may stay as it is");
        let mut world = self.clone();
        let mut selected = BTreeSet::new();
        for pair in pairs.split(',') {
            let (key, number) = pair
                .split_once('=')
                .ok_or_else(|| Error::new(&format!("`{pair}` is not of the form `name=number`"), &example()))?;
            let value = number.parse().map_err(|_| Error::new(&format!("`{number}` is not a number"), &example()))?;
            world = world.with(key, value)?;
            if !selected.insert(key) {
                return Err(Error::new(&format!("`{key}` is given twice in `{pairs}`"), &example()));
            }
        }
        Ok(world)
    }

    /// Copies the world, with another value for one parameter, clamped to its range.
    #[must_use]
    #[doc(hidden)]
    pub fn turned(&self, parameter: &Parameter<'_>, value: f64) -> Self {
        self.with(parameter.name, value.clamp(parameter.low, parameter.high)).unwrap_or_else(|_| self.clone())
    }

    /// Copies the world, with the values in `pairs`; unchanged if it has no such parameters.
    #[must_use]
    pub fn selecting(&self, pairs: &str) -> Self {
        self.select(pairs).unwrap_or_else(|_| self.clone())
    }

    /// Sets the path of its file.
    #[must_use]
    pub fn at(self, path: &str) -> Self {
        Self { path: Some(path.into()), ..self }
    }

    /// Makes a fresh world.
    ///
    /// # Errors
    ///
    /// Returns [`Failed`] if it cannot be made. A built-in world, or one in TOML, always can.
    pub fn make(&self) -> Result<Box<dyn Environment>, Failed> {
        match &self.origin {
            WorldOrigin::Kind(kind, parameters) => Ok((kind.make)(parameters)),
            WorldOrigin::Table(chart) => Ok(Box::new(TableWorld::new(Arc::clone(chart)))),
            WorldOrigin::Own(own, parameters) => (own.make)(parameters).map_err(|failed| failed.of(&own.name)),
        }
    }

    /// Makes a fresh world. If that fails, returns a world without actions that cannot be opened.
    #[doc(hidden)]
    pub fn made(&self) -> Box<dyn Environment> {
        self.make().unwrap_or_else(Failed::stand_in)
    }

    /// Returns the definition from which another process can make the same world; `None` if it lives in this process
    /// only.
    #[doc(hidden)]
    pub fn portable(&self) -> Option<String> {
        match &self.origin {
            WorldOrigin::Kind(..) | WorldOrigin::Table(_) => Some(self.definition()),
            WorldOrigin::Own(..) => None,
        }
    }

    /// Returns the name without the parameters.
    pub fn name(&self) -> &str {
        match &self.origin {
            WorldOrigin::Kind(kind, _) => kind.name,
            WorldOrigin::Table(chart) => chart.name(),
            WorldOrigin::Own(own, _) => &own.name,
        }
    }

    /// Returns a line for people; empty if it has none.
    pub fn summary(&self) -> &str {
        match &self.origin {
            WorldOrigin::Kind(kind, _) => kind.summary,
            WorldOrigin::Table(_) => "",
            WorldOrigin::Own(own, _) => &own.summary,
        }
    }

    /// Returns the built-in environment that it is, if it is one.
    #[doc(hidden)]
    pub const fn kind(&self) -> Option<&'static EnvironmentKind> {
        match &self.origin {
            WorldOrigin::Kind(kind, _) => Some(kind),
            WorldOrigin::Table(_) | WorldOrigin::Own(..) => None,
        }
    }

    /// Returns the path of its file, if it is from one.
    pub fn path(&self) -> Option<&str> {
        self.path.as_deref()
    }

    /// Returns its text on the command line, with the path in place of the name if it is from a file.
    pub fn written(&self) -> String {
        let text = self.to_string();
        match &self.path {
            None => text,
            Some(path) => format!("{path}{}", text.strip_prefix(self.name()).unwrap_or_default()),
        }
    }

    /// Returns the name of an observation, for people; `None` if the world has no names, or no such observation.
    ///
    /// The states of a table in TOML have names. The definition of the world is in the manifest of every run, so
    /// [`World::defined`] gives the names of recorded observations.
    pub fn observation_name(&self, observation: &Value) -> Option<String> {
        match &self.origin {
            WorldOrigin::Table(chart) => chart.observation_name(observation).map(str::to_owned),
            _ => self.make().ok()?.observation_name(observation).map(str::to_owned),
        }
    }

    /// Returns the name of an action, for people; `None` if the world has no names, or no such action.
    pub fn action_name(&self, action: &Value) -> Option<String> {
        match &self.origin {
            WorldOrigin::Table(chart) => chart.action_name(action).map(str::to_owned),
            _ => self.make().ok()?.action_name(action).map(str::to_owned),
        }
    }

    /// Returns the parameters. The default of a world in TOML is the selected value.
    pub fn parameters(&self) -> Vec<Parameter<'_>> {
        match &self.origin {
            WorldOrigin::Kind(_, parameters) | WorldOrigin::Own(_, parameters) => parameters.declared().to_vec(),
            WorldOrigin::Table(chart) => chart.parameters().collect(),
        }
    }

    /// Returns the first parameter that is this knob, if there is one.
    #[doc(hidden)]
    pub fn knob(&self, knob: Knob) -> Option<Parameter<'_>> {
        self.parameters().into_iter().find(|parameter| parameter.knob == Some(knob))
    }

    /// Returns the definition: a canonical text of all that the world follows from. It is the text of a built-in
    /// world, the content of a world in TOML without comments, or the given definition of one's own below its
    /// parameters. [`World::defined`] makes the same world of the first two.
    pub fn definition(&self) -> String {
        match &self.origin {
            WorldOrigin::Kind(..) => self.to_string(),
            WorldOrigin::Table(chart) => chart.to_string(),
            WorldOrigin::Own(own, parameters) if parameters.declared().is_empty() => own.definition.clone(),
            WorldOrigin::Own(own, _) => format!("{self}\n{}", own.definition),
        }
    }

    /// Makes the built-in world, or the one in TOML, that has this [`World::definition`].
    ///
    /// # Errors
    ///
    /// Returns a description of the fault.
    pub fn defined(definition: &str) -> Result<Self, Error> {
        if definition.contains('\n') {
            return Chart::read_again(definition)
                .map(|chart| WorldOrigin::Table(Arc::new(chart)).into())
                .map_err(|fault| Error::new(&fault.message, &fault.help));
        }
        definition.parse()
    }

    /// Returns the digest of [`World::definition`].
    pub fn digest(&self) -> Digest {
        Digest::of(self.definition().as_bytes())
    }
}

impl From<WorldOrigin> for World {
    fn from(origin: WorldOrigin) -> Self {
        Self { origin, path: None }
    }
}

impl fmt::Debug for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Own").field("name", &self.name).field("definition", &self.definition).finish_non_exhaustive()
    }
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        let values: Vec<(&str, f64)> = match &self.origin {
            WorldOrigin::Kind(_, parameters) | WorldOrigin::Own(_, parameters) => {
                parameters.iter().map(|(parameter, value)| (parameter.name, value)).collect()
            }
            WorldOrigin::Table(chart) => {
                chart.parameters().map(|parameter| (parameter.name, parameter.default)).collect()
            }
        };
        for (position, (name, value)) in values.into_iter().enumerate() {
            let mark = if position == 0 { ':' } else { ',' };
            write!(f, "{mark}{name}={value}")?;
        }
        Ok(())
    }
}

/// Parses the text of a built-in world.
impl FromStr for World {
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
        text.parse::<World>().unwrap().to_string()
    }

    /// Returns the message and the help for an invalid selection.
    fn refused(text: &str) -> (String, String) {
        let Error { message, help } = text.parse::<World>().unwrap_err();
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
            let selection = World::of(kind);
            assert_eq!(canonical(kind.name), selection.to_string());
            assert_eq!(canonical(&selection.to_string()), selection.to_string());
        }
    }

    #[test]
    fn a_definition_gives_the_selection_back() {
        let kinds = KINDS.iter().map(World::of);
        for selection in kinds.chain([World::table(GARDEN).unwrap()]) {
            let again = World::defined(&selection.definition()).unwrap();
            assert_eq!((again.definition(), again.to_string()), (selection.definition(), selection.to_string()));
        }
        assert!(World::defined("garden").is_err());
        assert!(World::defined("name = \"x\"\n").is_err());
    }

    #[test]
    fn what_is_selected_is_what_is_made() {
        let task = |text: &str| text.parse::<World>().unwrap().made().task().to_owned();
        assert!(task("button:now=2,future=-7").contains("gives 2 in this episode and -7 in the next"));
        assert_eq!(World::table(GARDEN).unwrap().made().task(), "Water the bed, then stop.");
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
        let digest = |text: &str| text.parse::<World>().unwrap().digest();
        assert_eq!(digest("button"), digest("button:future=-10"));
        assert_ne!(digest("button"), digest("button:future=-11"));
        let garden = World::table(GARDEN).unwrap();
        assert_eq!((garden.name(), garden.to_string().as_str()), ("garden", "garden"));
        assert_eq!(World::table(&garden.definition()).unwrap().digest(), garden.digest());
        assert_ne!(World::table(&GARDEN.replace("2.5", "2.0")).unwrap().digest(), garden.digest());
    }

    #[test]
    fn a_table_takes_no_parameters() {
        let error = World::table(GARDEN).unwrap().with("level", 1.0).unwrap_err();
        assert_eq!(
            (error.message.as_str(), error.help.as_str()),
            ("`garden` has no parameter `level`", "`garden` takes no parameters")
        );
    }

    #[test]
    fn a_world_of_ones_own_has_its_parameters_in_its_text_and_its_definition_and_is_made_with_them() {
        const DEPTH: Parameter<'static> = Parameter::amount("depth", 2.0, "how deep it is");
        let make = |parameters: &Parameters| {
            if parameters.get(&DEPTH) > 3.0 {
                return Err(Failed::new("too deep"));
            }
            World::of(&KINDS[0]).make()
        };
        let lake = World::new("lake", "lake, version 1", make);
        assert_eq!((lake.to_string(), lake.definition()), ("lake".to_owned(), "lake, version 1".to_owned()));
        let lake = lake.taking(&[DEPTH]).described("a lake").at("here");
        assert_eq!((lake.summary(), lake.written().as_str()), ("a lake", "here:depth=2"));
        assert!(lake.make().is_ok());
        let deep = lake.select("depth=4").unwrap();
        assert_eq!(deep.definition(), "lake:depth=4\nlake, version 1");
        assert_ne!(deep.digest(), lake.digest());
        assert_eq!(deep.make().err().unwrap().to_string(), "the world `lake` failed: too deep");
        assert_eq!(lake.with("width", 1.0).unwrap_err().message, "`lake` has no parameter `width`");
        assert!(lake.portable().is_none() && World::of(&KINDS[0]).portable().is_some());
    }

    #[test]
    fn a_world_is_shared_by_every_worker() {
        const fn shared<T: Clone + Send + Sync>() {}
        shared::<World>();
    }
}
