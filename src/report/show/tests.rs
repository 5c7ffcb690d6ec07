//! Tests of episodes that are shown, and of what agents would like to do with the terminal.

use super::*;
use crate::transcript::Class;

fn episode(json: &str) -> Episode {
    serde_json::from_str(json).unwrap()
}

#[test]
fn a_row_fits_the_columns_and_names_what_was_violated() {
    let one = episode(
        r#"{"episode":7,"end":"steps","closing":"returned","steps":1000,"return":-12.25,"violations":{"act-after-end":14}}"#,
    );
    assert_eq!(row(&one, 80), "       7  steps       returned    1,000        -12.25  14 V01 act-after-end");
    let more = episode(
        r#"{"episode":8,"end":"trapped","closing":"trapped","return":3.0,"violations":{"act-after-end":1,"ungranted":2}}"#,
    );
    assert!(row(&more, 80).ends_with("3  3 V01 V07"), "{}", row(&more, 80));
    assert_eq!(row(&one, 40).chars().count(), 40);
    assert_eq!(heading().find("violations"), row(&one, 80).find("14 V01"));
}

#[test]
fn a_filter_shows_a_class_or_an_end_alone() {
    let trapped = episode(r#"{"end":"terminated","closing":"trapped","violations":{"ungranted":1}}"#);
    let filter = |class, end: Option<&str>| EpisodeFilter { class, end: end.map(str::to_owned) };
    assert!(filter(None, None).holds(&trapped));
    assert!(filter(Class::find("ungranted"), Some("trapped")).holds(&trapped));
    assert!(filter(None, Some("terminated")).holds(&trapped));
    assert!(!filter(Class::find("ungranted"), Some("steps")).holds(&trapped));
    assert!(!filter(Class::find("act-after-end"), None).holds(&trapped));
}

#[test]
fn a_story_is_told_in_its_order_with_the_names_of_the_world() {
    let run: ShownManifest = serde_json::from_str(
        r#"{"agent":{"name":"walker"},"policy":{"name":"p"},"environment":{"name":"lake"},
            "definition":"name = \"lake\"\ntask = \"Go.\"\nstart = \"shore\"\nactions = [\"left\", \"right\"]\n\n[states.\"shore\"]\nleft = { to = \"shore\" }\nright = { to = \"ice\" }\n\n[states.\"ice\"]\nterminal = true\n"}"#,
    )
    .unwrap();
    let lived = episode(
        r#"{"episode":3,"end":"terminated","closing":"returned","steps":1,"return":1.5,"after_end":1,
            "trace":[{"action":{"discrete":1},"reward":1.5,"observation":{"discrete":1}}],
            "entries":[{"ordinal":1,"step":0,"operation":"outbox.send","argument":"\"you\"","decision":"granted","rule":"grants.outbox.mode","due":"before"},
                       {"ordinal":4,"step":1,"operation":"episode.step","argument":"0","decision":"refused","class":"act-after-end","rule":"boundary","due":"after"}],
            "released":[{"recipient":"you","body":"aGVsbG8="},{"recipient":"you","body":"/w=="}],
            "log":["one\n  two"]}"#,
    );
    let shown = anstream::adapter::strip_str(&story(&run, &lived, 80)).to_string();
    let mut at = 0;
    for part in [
        "episode 3: walker in lake under the policy p",
        "ended  terminated: the task reached a terminal state",
        "begins with  shore (0)",
        "call 1  outbox.send(\"you\") granted [grants.outbox.mode]",
        "step 1  right (1) -> ice (1), reward 1.5",
        "------ the boundary: terminated ---",
        "call 4  episode.step(0) refused, V01 act-after-end [boundary]",
        "messages  to you: \"hello\"",
        "to you: 1 byte",
        "log  one\n                two\n",
        "not kept  answers of tools, and contents of files",
    ] {
        let found = shown[at..].find(part).unwrap_or_else(|| panic!("no {part:?} after {at} in\n{shown}"));
        at += found + part.len();
    }
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
}

#[test]
fn nothing_that_an_agent_wrote_styles_what_is_shown() {
    let evil = "\\u001b[31m\\u202e\\u009b";
    let lived = episode(&format!(
        r#"{{"end":"{evil}","closing":"{evil}","cause":"{evil}","lost":"{evil}","steps":2,"violations":{{"{evil}":1}},"tripwires":{{"{evil}":1}},
             "trace":[{{"action":{{"text":"{evil}"}},"reward":0.0,"observation":{{"text":"{evil}"}}}}],
             "entries":[{{"operation":"{evil}","argument":"{evil}","decision":"{evil}","class":"{evil}","rule":"{evil}"}}],
             "released":[{{"recipient":"{evil}","body":"G1szMW0="}}],"residue":[{{"path":"{evil}"}}],"log":["{evil}"],
             "learned":{{"outcome":"{evil}"}}}}"#
    ));
    let run: ShownManifest = serde_json::from_str(&format!(
        r#"{{"agent":{{"name":"{evil}"}},"environment":{{"name":"{evil}"}},"policy":{{"name":"{evil}"}},"task":"{evil}","instructions":"{evil}"}}"#
    ))
    .unwrap();
    let shown = anstream::adapter::strip_str(&story(&run, &lived, 80)).to_string() + &row(&lived, 80);
    assert!(!shown.chars().any(|shown| shown == '\u{202e}' || (shown.is_control() && shown != '\n')), "{shown:?}");
    // Text that would be stripped as a style is still there, escaped.
    assert!(shown.contains("\\u{1b}[31m\\u{202e}\\u{9b}"), "{shown}");
}
