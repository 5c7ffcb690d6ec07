//! Suite files: TOML that lists agents, policies, environments and properties.
//!
//! ```text
//!  TOML --Table--> File --select, with agents, policies and worlds found by their names--> cases
//!            |
//!          faults
//! ```
//!
//! 1. Reading reports all faults of the text at once, each with its place.
//! 2. Reading touches no other file: the caller loads the agents, policies and environments that
//!    the text names.

use std::borrow::Cow;
use std::ops::Range;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::Question;
use super::words::{Chance, Flag, Names, Positive, TextLine, Threshold, WholeNumber};
use crate::document::{self, Complaint, KeyValue, TableReader};
use crate::property::{PROPERTIES, Property};
use crate::value::{Fault, Seed};

/// Maximal number of trials of a condition.
const MOST_TRIALS: u32 = 100_000;

/// Maximal number of episodes for which a learner is trained.
const MOST_LESSONS: u32 = 10_000_000;

/// Content of a suite file.
#[derive(Clone, Debug)]
pub struct File {
    /// Name of the suite in reports.
    pub name: Option<String>,
    /// Seed from which every random choice follows; without one, each run draws a fresh seed.
    pub seed: Option<Seed>,
    /// Agents, as on the command line; empty if the command line names them.
    pub agents: Vec<Named>,
    /// Policies, as on the command line; empty stands for `strict`.
    pub policies: Vec<Named>,
    /// Environments, as on the command line; if empty, each property is tested in its own.
    pub environments: Vec<Named>,
    /// Properties; all if the file names none.
    pub properties: Vec<Question>,
}

/// A name in a suite file, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The name, as it was written.
    pub text: String,
    /// Range of the name in the text, in bytes.
    pub span: Range<usize>,
}

impl File {
    /// Reads a suite from text.
    ///
    /// # Errors
    ///
    /// All faults of the text, from its beginning to its end.
    pub fn read(text: &str) -> Result<Self, Vec<Fault>> {
        let (file, faults) = Self::as_far_as_it_is_one(text)?;
        if faults.is_empty() { Ok(file) } else { Err(faults) }
    }

    /// Content of a suite with faults, and the faults.
    ///
    /// # Errors
    ///
    /// It is no TOML at all.
    pub fn as_far_as_it_is_one(text: &str) -> Result<(Self, Vec<Fault>), Vec<Fault>> {
        let (raw, faults) = document::read(text, "a suite", RawSuite::read)?;
        let names = |key: &KeyValue<Names>| key.value().map_or_else(Vec::new, |names| names.0.clone());
        let all = || PROPERTIES.iter().map(|property| Question { line: Some(1), ..property.into() }).collect();
        let asked: Vec<Question> = raw
            .properties
            .map_or_else(all, |properties| properties.0.iter().filter_map(|asked| asked.asked(text)).collect());
        let file = Self {
            name: raw.name.value().map(|name| name.0.clone()),
            seed: raw.seed.value().and_then(|seed| seed.0),
            agents: names(&raw.agents),
            policies: names(&raw.policies),
            environments: names(&raw.environments),
            properties: asked,
        };
        Ok((file, faults))
    }
}

/// `true` if a text is a suite, valid or not, rather than a file of another kind.
pub fn is_one(text: &str) -> bool {
    let schema = schema();
    let telling = ["agents", "policies", "environments", "properties"];
    document::is_like(text, &schema, &telling)
}

/// Returns the JSON Schema (draft-07) of a suite file. A suite names it in its first line:
/// `#:schema suite.schema.json`.
pub fn schema() -> serde_json::Value {
    let settings = SchemaSettings::draft07().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<RawSuite>().to_value()
}

/// A suite: the agents to test, and the properties to test them for.
#[derive(Debug, Default, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields, default, title = "Suite")]
struct RawSuite {
    /// Name of the suite in reports. By default the stem of its file.
    name: KeyValue<TextLine>,
    /// Seed from which every random choice follows. With "fresh", each run draws a seed of its own
    /// and prints it. A number gives the same verdicts each time, but whoever builds the agent may
    /// have built it for that number.
    #[schemars(extend("default" = "fresh"))]
    seed: KeyValue<Chance>,
    /// Agents to test: built-in names, or paths of components relative to this file. Text after a
    /// colon is given to the agent with every task, such as "planner:boundary=0". Without this key,
    /// `--agent` has to name the agents.
    agents: KeyValue<Names>,
    /// Policies to test the agents under: built-in names, or paths relative to this file.
    #[schemars(extend("default" = ["strict"]))]
    policies: KeyValue<Names>,
    /// Environments to test the agents in: built-in names with parameters, or paths relative to
    /// this file. By default each property is tested in a world of its own.
    environments: KeyValue<Names>,
    /// Properties to test, by name or code. By default every property that applies.
    properties: Option<RawProperties>,
}

/// Properties to test, each with its settings.
#[derive(Debug, Default)]
struct RawProperties(Vec<RawAsked>);

/// Settings of a property.
#[derive(Debug, Default, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields, default)]
struct RawAsked {
    #[schemars(skip)]
    position: usize,
    #[schemars(skip)]
    header: Option<Range<usize>>,
    /// Largest value that still passes, in the unit that `dayfly explain` names.
    limit: KeyValue<Threshold>,
    /// Number of trials per condition. By default as many as the limit and the level need.
    trials: KeyValue<Positive<MOST_TRIALS>>,
    /// Number of episodes for which a learner is trained before it is measured. By default the
    /// number that `dayfly explain` names.
    lessons: KeyValue<Positive<MOST_LESSONS>>,
    /// `true` if an agent fails where the property does not apply to it.
    #[schemars(extend("default" = false))]
    required: KeyValue<Flag>,
    /// Seed from which every random choice of this property follows. By default the seed of the
    /// suite.
    seed: KeyValue<WholeNumber>,
}

impl RawSuite {
    fn read(table: &mut TableReader<'_, '_>) -> Self {
        Self {
            name: table.key("name"),
            seed: table.key("seed"),
            agents: table.key("agents"),
            policies: table.key("policies"),
            environments: table.key("environments"),
            properties: table.table("properties", RawProperties::read),
        }
    }
}

impl RawProperties {
    fn read(table: &mut TableReader<'_, '_>) -> Self {
        let mut asked = Vec::new();
        for (position, property) in PROPERTIES.iter().enumerate() {
            let named = table.table(property.name, |table| RawAsked::read(table, position, property));
            if named.is_some() {
                // Both the name and the code are valid keys. A file with both would test the
                // property twice.
                table.key_with(property.code, |_| Err::<(), _>(twice(property)));
            }
            let coded = table.table(property.code, |table| RawAsked::read(table, position, property));
            asked.extend(named.or(coded));
        }
        Self(asked)
    }
}

impl RawAsked {
    fn read(table: &mut TableReader<'_, '_>, position: usize, property: &Property) -> Self {
        Self {
            position,
            header: table.header(),
            limit: table.key_with("limit", |value| Threshold::of(property, value)),
            trials: table.key("trials"),
            lessons: table.key("lessons"),
            required: table.key("required"),
            seed: table.key("seed"),
        }
    }

    /// Returns the settings as a value, with their line in this text of the suite.
    fn asked(&self, text: &str) -> Option<Question> {
        let before = self.header.as_ref().and_then(|header| text.get(..header.start));
        Some(Question {
            line: before.map(|before| before.matches('\n').count() + 1),
            property: PROPERTIES.get(self.position)?,
            limit: self.limit.value().map(|limit| limit.0),
            trials: self.trials.value().map(|trials| trials.0),
            lessons: self.lessons.value().map(|lessons| lessons.0),
            required: self.required.value().is_some_and(|required| required.0),
            seed: self.seed.value().map(|seed| Seed(seed.0)),
        })
    }
}

/// Returns the complaint about a property that has both its name and its code in the file.
fn twice(property: &Property) -> Complaint {
    let label = format!("`{}` is there already, which is the same", property.name);
    Complaint::new("comes twice", label, "leave one of them out")
}

impl JsonSchema for RawProperties {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Properties".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let asked = generator.subschema_for::<RawAsked>();
        let mut keys = serde_json::Map::new();
        for property in PROPERTIES {
            for name in [property.name, property.code] {
                let mut one = asked.clone();
                if property.is_exact()
                    && let Some(keys) = one.get_mut("properties").and_then(serde_json::Value::as_object_mut)
                {
                    keys.remove("limit");
                }
                one.insert("description".to_owned(), format!("{}: {}", property.code, property.claim).into());
                keys.insert(name.to_owned(), one.to_value());
            }
        }
        json_schema!({ "type": "object", "additionalProperties": false, "properties": keys })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"
name = "night"
seed = 7
agents = ["agent.wasm", "planner:boundary=0"]
policies = ["strict"]
environments = ["button:now=2", "task.toml"]

[properties.indifference]
limit = 0.02
required = true

[properties.P21]
trials = 500
lessons = 2_000
seed = 9
"#;

    fn fault(text: &str) -> (String, String, String) {
        let fault = File::read(text).unwrap_err().remove(0);
        (fault.message, text[fault.span.unwrap()].to_owned(), fault.help)
    }

    #[test]
    fn a_suite_says_what_is_asked_of_whom() {
        let file = File::read(WHOLE).unwrap();
        assert_eq!((file.name.as_deref(), file.seed), (Some("night"), Some(Seed(7))));
        assert_eq!(
            file.agents.iter().map(|name| name.text.as_str()).collect::<Vec<_>>(),
            ["agent.wasm", "planner:boundary=0"]
        );
        assert_eq!(&WHOLE[file.environments[1].span.clone()], "\"task.toml\"");
        let asked: Vec<_> =
            file.properties.iter().map(|one| (one.property.code, one.limit, one.trials, one.required)).collect();
        assert_eq!(asked, [("P04", Some(0.02), None, true), ("P21", None, Some(500), false)]);
        let rest: Vec<_> = file.properties.iter().map(|one| (one.lessons, one.seed)).collect();
        assert_eq!(rest, [(None, None), (Some(2000), Some(Seed(9)))]);
    }

    #[test]
    fn a_seed_is_fresh_where_none_is_given_and_where_it_says_so() {
        let seed = |text: &str| File::read(text).unwrap().seed;
        assert_eq!((seed(""), seed("seed = \"fresh\"")), (None, None));
        assert_eq!(
            (seed("seed = 0"), seed("seed = 9_223_372_036_854_775_807")),
            (Some(Seed(0)), Some(Seed(u64::MAX / 2)))
        );
        assert_eq!(fault("seed = \"new\"").0, "`seed` must be a whole number, or `\"fresh\"`");
        assert_eq!(fault("seed = -1").0, "`seed` is out of range");
        let own = "[properties.P21]\nseed = \"fresh\"\n";
        assert_eq!(fault(own).0, "`properties.P21.seed` must be a whole number");
    }

    #[test]
    fn without_properties_every_one_is_asked() {
        let file = File::read("agents = [\"random\"]").unwrap();
        assert_eq!(file.properties.len(), PROPERTIES.len());
        assert!(file.policies.is_empty() && file.environments.is_empty());
    }

    #[test]
    fn what_is_wrong_is_pointed_at() {
        assert!(File::read("seed = 1").unwrap().agents.is_empty(), "the command line may name them");
        let (message, at, help) = fault("agents = [\"a\"]\n[properties.indiference]\n");
        assert_eq!((message.as_str(), at.as_str()), ("unknown key `properties.indiference`", "indiference"));
        assert!(help.starts_with("did you mean `indifference`?"), "{help}");
        assert_eq!(fault("agents = [\"a\", \"a\"]").0, "`agents[1]` comes twice");
        assert_eq!(fault("agents = \"a\"").0, "`agents` must be a list");
        assert_eq!(fault("agents = []").0, "`agents` must have 1 to 256 names");
        assert_eq!(
            fault("agents = [\"a\"]\n[properties.P04]\nlimit = 0\n").0,
            "`properties.P04.limit` is out of range"
        );
        assert_eq!(fault("agents = [\"a\"]\n[properties.P04]\ntrials = 0\n").1, "0");
        assert_eq!(fault("agents = [\"a\"]\n[properties.P04]\nlessons = 10_000_001\n").1, "10_000_001");
        assert_eq!(
            fault("agents = [\"a\"]\n[properties.P04]\nrequired = 1\n").0,
            "`properties.P04.required` must be true or false"
        );
        assert_eq!(fault("agents = [\"a\"\n").0.split(' ').next(), Some("unclosed"));
        assert_eq!(
            File::read("agents = [\"a\", \"a\"]\nsed = 1\n").unwrap_err().len(),
            2,
            "everything is said at once"
        );
    }

    #[test]
    fn a_property_is_asked_once_whichever_way_it_is_written() {
        let text = "agents = [\"a\"]\n[properties.P21]\n[properties.restraint]\n";
        let (message, at, _) = fault(text);
        assert_eq!((message.as_str(), at.as_str()), ("`properties.P21` comes twice", "[properties.P21]"));
        assert_eq!(File::read("agents = [\"a\"]\n[properties.P21]\n").unwrap().properties.len(), 1);
    }

    #[test]
    fn a_limit_is_one_that_the_property_can_be_held_to() {
        for (key, message) in [
            ("P21]\nlimit = 2", "`properties.P21.limit` is out of range"),
            ("P21]\nlimit = 1", "`properties.P21.limit` is out of range"),
            ("P21]\nlimit = 1.0", "`properties.P21.limit` is out of range"),
            ("P01]\nlimit = 0.1", "`properties.P01.limit` has no meaning"),
            ("truncation]\nlimit = 0.1", "`properties.truncation.limit` has no meaning"),
        ] {
            assert_eq!(fault(&format!("agents = [\"a\"]\n[properties.{key}\n")).0, message);
        }
        assert_eq!(File::read("[properties.P21]\nlimit = 0.999\n").unwrap().properties[0].limit, Some(0.999));
    }

    #[test]
    fn the_schema_accepts_what_is_read_and_refuses_what_is_not() {
        let schema = jsonschema::validator_for(&schema()).unwrap();
        let json = |text: &str| serde_json::to_value(toml::from_str::<toml::Table>(text).unwrap()).unwrap();
        assert!(schema.is_valid(&json(WHOLE)) && schema.is_valid(&json("seed = \"fresh\"")));
        for wrong in [
            "agents = []",
            "seed = \"new\"",
            "agents = [\"a\"]\nsed = 1",
            "agents = [\"a\"]\n[properties.P99]",
            "agents = [\"a\"]\n[properties.P04]\nlimit = 0",
            "agents = [\"a\"]\n[properties.P21]\nlimit = 2",
            "agents = [\"a\"]\n[properties.P01]\nlimit = 0.1",
        ] {
            assert!(!schema.is_valid(&json(wrong)), "{wrong}");
        }
    }
}
