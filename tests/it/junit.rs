//! Form of `JUnit` files: they are read by a strict reader of XML, and held to the schemas that
//! Jenkins has for them.
//!
//! The rules are those that `junit-10.xsd` of Jenkins' xUnit plugin and the older
//! `jenkins-junit.xsd` have in common, for the elements that Dayfly writes. No schema demands
//! unique names and right totals, but readers rely on them.

use std::collections::BTreeSet;

/// Element, with its content.
#[derive(Debug, Default)]
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    children: Vec<Element>,
    text: String,
}

/// Rule for an element: attributes that it must have and may have, the order of its elements, and
/// if it has text.
struct Rule {
    name: &'static str,
    needs: &'static [&'static str],
    may: &'static [&'static str],
    holds: &'static [&'static str],
    text: Text,
}

#[derive(PartialEq)]
enum Text {
    None,
    Any,
}

const RULES: [Rule; 8] = [
    Rule {
        name: "testsuites",
        needs: &[],
        may: &["name", "tests", "failures", "errors", "time"],
        holds: &["testsuite"],
        text: Text::None,
    },
    Rule {
        name: "testsuite",
        needs: &["name", "tests", "failures", "errors"],
        may: &["skipped", "time", "timestamp", "hostname", "id", "package"],
        holds: &["properties", "testcase", "system-out", "system-err"],
        text: Text::None,
    },
    Rule {
        name: "testcase",
        needs: &["name", "classname"],
        may: &["time"],
        holds: &["skipped", "error", "failure", "system-out", "system-err"],
        text: Text::None,
    },
    Rule { name: "properties", needs: &[], may: &[], holds: &["property"], text: Text::None },
    Rule { name: "property", needs: &["name", "value"], may: &[], holds: &[], text: Text::None },
    Rule { name: "skipped", needs: &[], may: &["message"], holds: &[], text: Text::Any },
    Rule { name: "failure", needs: &[], may: &["type", "message"], holds: &[], text: Text::Any },
    Rule { name: "system-out", needs: &[], may: &[], holds: &[], text: Text::Any },
];

impl Element {
    fn get(&self, name: &str) -> Result<&str, String> {
        let found = self.attributes.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).ok_or_else(|| format!("<{}> has no `{name}`", self.name))
    }

    fn number(&self, name: &str) -> Result<f64, String> {
        let text = self.get(name)?;
        // `1e3`, `inf` and `+1` are numbers to Rust and not to a reader.
        let plain = !text.is_empty() && text.chars().all(|letter| letter.is_ascii_digit() || letter == '.');
        text.parse().ok().filter(|_| plain).ok_or_else(|| format!("`{name}` of <{}> is no number: {text}", self.name))
    }

    /// Returns the number of elements with this name within the element.
    fn count(&self, tag: &str) -> f64 {
        self.children.iter().map(|child| f64::from(u8::from(child.name == tag)) + child.count(tag)).sum()
    }
}

/// Reads a document that has an XML declaration and one element, and nothing that is not
/// well-formed (XML 1.0).
fn read(document: &str) -> Result<Element, String> {
    if let Some(letter) = document.chars().find(
        |letter| !matches!(letter, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..),
    ) {
        return Err(format!("{letter:?} is no character of XML"));
    }
    let rest =
        document.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").ok_or("there is no declaration")?;
    let (root, rest) = element(rest)?;
    if rest.trim().is_empty() { Ok(root) } else { Err(format!("after the root comes {rest}")) }
}

/// Returns the element that a text begins with, and the rest of the text.
fn element(text: &str) -> Result<(Element, &str), String> {
    let text = text.strip_prefix('<').ok_or_else(|| format!("no element begins at {text}"))?;
    let (name, mut rest) = name(text)?;
    let mut found = Element { name: name.to_owned(), ..Element::default() };
    loop {
        if let Some(after) = rest.strip_prefix("/>") {
            return Ok((found, after));
        }
        if let Some(after) = rest.strip_prefix('>') {
            rest = after;
            break;
        }
        let spaced = rest.strip_prefix(' ').ok_or_else(|| format!("no space before {rest}"))?;
        let (key, after) = self::name(spaced)?;
        let after = after.strip_prefix("=\"").ok_or_else(|| format!("`{key}` has no value"))?;
        let (value, after) = after.split_once('"').ok_or_else(|| format!("`{key}` does not end"))?;
        if found.attributes.iter().any(|(known, _)| known == key) {
            return Err(format!("`{key}` comes twice"));
        }
        found.attributes.push((key.to_owned(), plain(value)?));
        rest = after;
    }
    loop {
        let (text, tag) = rest.split_at(rest.find('<').ok_or_else(|| format!("<{name}> does not end"))?);
        found.text += &plain(text)?;
        if let Some(after) = tag.strip_prefix("</") {
            let after = after.strip_prefix(name).and_then(|after| after.strip_prefix('>'));
            return after
                .map(|after| (found, after))
                .ok_or_else(|| format!("another element than <{name}> ends at {tag}"));
        }
        let (child, after) = element(tag)?;
        found.children.push(child);
        rest = after;
    }
}

fn name(text: &str) -> Result<(&str, &str), String> {
    let end = text.find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '-')).unwrap_or(text.len());
    if end == 0 { Err(format!("no name at {text}")) } else { Ok(text.split_at(end)) }
}

/// Returns text or a value, with its references resolved.
fn plain(text: &str) -> Result<String, String> {
    if text.contains(['<', '"']) || text.contains("]]>") {
        return Err(format!("markup in text: {text}"));
    }
    let mut plain = String::new();
    let mut parts = text.split('&');
    plain += parts.next().unwrap_or_default();
    for part in parts {
        let (reference, rest) = part.split_once(';').ok_or_else(|| format!("`&{part}` does not end"))?;
        plain.push(match reference {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "#9" => '\t',
            "#10" => '\n',
            "#13" => '\r',
            other => return Err(format!("`&{other};` stands for nothing")),
        });
        plain += rest;
    }
    Ok(plain)
}

/// Checks an element, and everything in it, against the schemas.
fn fits(element: &Element) -> Result<(), String> {
    let name = &element.name;
    let rule = RULES.iter().find(|rule| rule.name == name).ok_or_else(|| format!("there is no <{name}>"))?;
    for needed in rule.needs {
        element.get(needed)?;
    }
    for (key, _) in &element.attributes {
        if !rule.needs.contains(&key.as_str()) && !rule.may.contains(&key.as_str()) {
            return Err(format!("<{name}> has no attribute `{key}`"));
        }
    }
    if rule.text == Text::None && !element.text.trim().is_empty() {
        return Err(format!("<{name}> has text: {}", element.text));
    }
    let mut last = 0;
    for child in &element.children {
        let at = rule.holds.iter().position(|held| *held == child.name);
        let at = at.ok_or_else(|| format!("<{name}> holds no <{}>", child.name))?;
        if at < last {
            return Err(format!("in <{name}>, <{}> comes too late", child.name));
        }
        last = at;
        fits(child)?;
    }
    Ok(())
}

/// Checks that names are unique and that totals are right.
fn adds_up(root: &Element) -> Result<(), String> {
    let mut names = BTreeSet::new();
    let (mut seconds, mut cases) = (0.0, 0.0);
    for suite in &root.children {
        if !names.insert((suite.get("name")?, "")) {
            return Err(format!("two suites are called `{}`", suite.get("name")?));
        }
        let mut own = 0.0;
        for case in suite.children.iter().filter(|child| child.name == "testcase") {
            if !names.insert((case.get("classname")?, case.get("name")?)) {
                return Err(format!("two cases are called `{}`", case.get("name")?));
            }
            own += case.number("time")?;
        }
        totals(suite, own)?;
        same(suite, "skipped", suite.count("skipped"), 0.0)?;
        (seconds, cases) = (seconds + suite.number("time")?, cases + suite.count("testcase"));
    }
    totals(root, seconds)?;
    same(root, "tests", cases, 0.0)
}

fn totals(element: &Element, seconds: f64) -> Result<(), String> {
    let cases = element.count("testcase");
    same(element, "tests", cases, 0.0)?;
    same(element, "failures", element.count("failure"), 0.0)?;
    same(element, "errors", element.count("error"), 0.0)?;
    // Each time is rounded to a thousandth.
    same(element, "time", seconds, 0.000_51 * (cases + 1.0))
}

fn same(element: &Element, key: &str, counted: f64, within: f64) -> Result<(), String> {
    let told = element.number(key)?;
    if (told - counted).abs() <= within {
        return Ok(());
    }
    Err(format!("`{key}` of <{}> says {told}, and there are {counted}", element.name))
}

fn check(document: &str) -> Result<Element, String> {
    let root = read(document)?;
    fits(&root)?;
    adds_up(&root)?;
    Ok(root)
}

const SUITE: &str = r#"
seed = 0
agents = ["direct", "button-presser:<press> & \"hold\" ]]> 'it'", "overstayer"]

[properties.interruption]
[properties.watched]
[properties.indifference]
required = true
"#;

#[test]
fn what_is_written_fits_the_schema_whatever_the_names_are() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("suite.toml"), SUITE).unwrap();
    let ran = crate::common::dayfly()
        .current_dir(folder.path())
        .args(["test", "suite.toml", "--quiet", "--junit", "junit.xml"])
        .output()
        .unwrap();
    assert_eq!(ran.status.code(), Some(1), "{}", String::from_utf8_lossy(&ran.stderr));
    let document = std::fs::read_to_string(folder.path().join("junit.xml")).unwrap();
    let root = check(&document).unwrap_or_else(|fault| panic!("{fault}\n{document}"));
    assert_eq!(root.children.len(), 3);
    let told = |at: usize| ["tests", "failures", "skipped"].map(|key| root.children[at].get(key).unwrap());
    assert_eq!(told(0), ["3", "1", "0"], "what is required and does not apply fails\n{document}");
    assert_eq!(told(1), ["3", "2", "1"], "{document}");
    assert_eq!(told(2), ["3", "1", "2"], "{document}");
    let name = root.children[1].get("name").unwrap();
    assert_eq!(name, "button-presser:<press> & \"hold\" ]]> 'it'", "a name comes out as it went in");
}

const WELL: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
    <testsuites name=\"s\" tests=\"2\" failures=\"1\" errors=\"0\" time=\"0.300\">\n\
    <testsuite name=\"a\" tests=\"2\" failures=\"1\" errors=\"0\" time=\"0.300\" skipped=\"1\">\n\
    <testcase classname=\"a\" name=\"one\" time=\"0.100\"><failure type=\"violated\" message=\"m\">&lt;x</failure>\
    <system-out>o</system-out></testcase>\n\
    <testcase classname=\"a\" name=\"two\" time=\"0.200\"><skipped message=\"&quot;\"/></testcase>\n\
    </testsuite></testsuites>\n";

#[test]
fn what_does_not_fit_the_schema_is_found() {
    check(WELL).unwrap();
    for (from, to, why) in [
        ("<skipped message", "<skipped  message", "no name at"),
        ("&lt;x", "&bogus;", "stands for nothing"),
        ("&lt;x", "&lt", "does not end"),
        ("&lt;x", "\u{b}", "is no character"),
        ("&lt;x", "]]>", "markup in text"),
        ("</testsuite></testsuites>", "</testsuites></testsuite>", "another element"),
        ("</testsuites>\n", "</testsuites><more/>", "after the root"),
        ("<?xml", "<?XML", "no declaration"),
        ("name=\"two\"", "name=\"two\" name=\"two\"", "comes twice"),
        ("name=\"two\" ", "", "has no `name`"),
        ("name=\"two\"", "name=\"one\"", "two cases are called"),
        ("name=\"s\"", "name=\"s\" skipped=\"1\"", "no attribute `skipped`"),
        ("<skipped message=\"&quot;\"/>", "<passed/>", "holds no <passed>"),
        ("<skipped message=\"&quot;\"/>", "<system-out/><skipped/>", "comes too late"),
        ("<skipped message=\"&quot;\"/>", "passed", "has text"),
        ("tests=\"2\"", "tests=\"3\"", "`tests` of"),
        ("skipped=\"1\"", "skipped=\"0\"", "`skipped` of"),
        ("failures=\"1\"", "failures=\"0\"", "`failures` of"),
        ("errors=\"0\"", "errors=\"1\"", "`errors` of"),
        ("time=\"0.200\"", "time=\"0.250\"", "`time` of"),
        ("time=\"0.200\"", "time=\"2e-1\"", "is no number"),
    ] {
        let broken = WELL.replacen(from, to, 1);
        assert_ne!(broken, WELL, "{from}");
        let fault = check(&broken).map_or_else(|fault| fault, |_| "nothing".to_owned());
        assert!(fault.contains(why), "{to}: {fault}");
    }
}
