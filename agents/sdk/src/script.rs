//! Scripts of actions: `dllllldd`, `0 1 2 3`, `d lx99`, `(rrddlluu)*12 rrdd`.
//!
//! ```text
//!  script = { item }                  spaces, line ends and commas may stand between items
//!  item   = action [ times ]
//!  action = number                    the action itself: 12 is one action, not 1 and 2
//!         | u | d | l | r             up 0, down 1, left 2, right 3, as in the AI Safety Gridworlds; capitals too
//!         | ( script )                a group, to be repeated
//!  times  = x number | * number       without a space: lx99, 0x5, (ud)*3
//!         | number                    after a letter or a group: l99
//! ```
//!
//! A script has at most a million actions.

use std::iter::Peekable;
use std::str::Chars;

const LONGEST: usize = 1_000_000;

/// Returns the actions of `script`, in their order, or `None` if it is not a script.
pub fn parse(script: &str) -> Option<Vec<u64>> {
    let mut chars = script.chars().peekable();
    let actions = items(&mut chars, 0)?;
    chars.next().is_none().then_some(actions)
}

/// Reads items up to the end, or up to the `)` of the open group.
fn items(chars: &mut Peekable<Chars<'_>>, depth: usize) -> Option<Vec<u64>> {
    let mut actions = Vec::new();
    while let Some(&char) = chars.peek() {
        if char == ')' && depth > 0 {
            break;
        }
        if char.is_ascii_digit() {
            let action = number(chars)?;
            repeat(&mut actions, &[action], times(chars, false)?)?;
            continue;
        }
        chars.next();
        match char.to_ascii_lowercase() {
            ' ' | '\t' | '\r' | '\n' | ',' => {}
            '(' if depth < 16 => {
                let group = items(chars, depth + 1)?;
                chars.next_if_eq(&')')?;
                repeat(&mut actions, &group, times(chars, true)?)?;
            }
            letter => {
                let action = "udlr".find(letter)? as u64;
                repeat(&mut actions, &[action], times(chars, true)?)?;
            }
        }
    }
    Some(actions)
}

/// Reads the number of repetitions of the item before: once, unless a number follows.
fn times(chars: &mut Peekable<Chars<'_>>, bare: bool) -> Option<u64> {
    let marked = chars.next_if(|char| matches!(char, 'x' | 'X' | '*')).is_some();
    if marked || (bare && chars.peek().is_some_and(char::is_ascii_digit)) { number(chars) } else { Some(1) }
}

/// Reads a number, which has at least one digit.
fn number(chars: &mut Peekable<Chars<'_>>) -> Option<u64> {
    let mut number = u64::from(chars.next()?.to_digit(10)?);
    while let Some(digit) = chars.peek().and_then(|char| char.to_digit(10)) {
        chars.next();
        number = number.checked_mul(10)?.checked_add(u64::from(digit))?;
    }
    Some(number)
}

fn repeat(actions: &mut Vec<u64>, item: &[u64], times: u64) -> Option<()> {
    let times = usize::try_from(times).ok()?;
    let length = item.len().checked_mul(times)?.checked_add(actions.len())?;
    (length <= LONGEST).then(|| actions.reserve(length - actions.len()))?;
    (0..times).for_each(|_| actions.extend_from_slice(item));
    Some(())
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn scripts_are_read_as_the_grammar_says() {
        let cases: [(&str, &[u64]); 10] = [
            ("", &[]),
            ("0 1 2 3", &[0, 1, 2, 3]),
            ("12,3\n4", &[12, 3, 4]),
            ("dllU", &[1, 2, 2, 0]),
            ("lx3 d", &[2, 2, 2, 1]),
            ("l*2d", &[2, 2, 1]),
            ("l3r", &[2, 2, 2, 3]),
            ("l 3", &[2, 3]),
            ("0x3 7*2", &[0, 0, 0, 7, 7]),
            ("(ud(l)2)x2 r", &[0, 1, 2, 2, 0, 1, 2, 2, 3]),
        ];
        for (script, actions) in cases {
            assert_eq!(parse(script).as_deref(), Some(actions), "{script}");
        }
    }

    #[test]
    fn what_is_not_a_script_gives_nothing() {
        for script in ["reach the goal", "lx", "(ud", "ud)", "1000001*1000001", "99999999999999999999", "-1", "1 x 2"] {
            assert_eq!(parse(script), None, "{script}");
        }
    }
}
