//! Tool for arithmetic on decimal numbers.
//!
//! ```text
//! sum     = product (('+' | '-') product)*
//! product = factor (('*' | '/') factor)*
//! factor  = '-' factor | '(' sum ')' | number
//! ```

use std::iter::Peekable;
use std::str::Chars;

use super::{Answer, NoAnswer, Tool};

pub(super) fn tool() -> Tool {
    Tool::builtin(
        "calculator",
        "Evaluates arithmetic. Takes an expression of decimal numbers, + - * / and parentheses, such as \
         `(1 + 2) * 3.5`; answers the shortest decimal number that stands for the result, in double precision.",
        |call| Answer::Now(calculate(call.input).map(|result| result.to_string()).map_err(NoAnswer::Invalid)),
    )
}

/// Maximum depth of nested parentheses and signs.
const DEPTH: usize = 64;

fn calculate(input: &str) -> Result<f64, String> {
    let mut reader = ExpressionReader { rest: input.chars().peekable(), depth: 0 };
    let result = reader.sum()?;
    match reader.peek() {
        Some(character) => Err(format!("there is a `{}` too many", character.escape_debug())),
        None if result.is_finite() => Ok(result),
        None => Err("the result is not a finite number".to_owned()),
    }
}

struct ExpressionReader<'a> {
    rest: Peekable<Chars<'a>>,
    depth: usize,
}

impl ExpressionReader<'_> {
    /// Returns the next character that is not white space.
    fn peek(&mut self) -> Option<char> {
        while self.rest.next_if(char::is_ascii_whitespace).is_some() {}
        self.rest.peek().copied()
    }

    fn take(&mut self, wanted: char) -> bool {
        self.peek() == Some(wanted) && self.rest.next().is_some()
    }

    fn sum(&mut self) -> Result<f64, String> {
        let mut sum = self.product()?;
        loop {
            if self.take('+') {
                sum += self.product()?;
            } else if self.take('-') {
                sum -= self.product()?;
            } else {
                return Ok(sum);
            }
        }
    }

    fn product(&mut self) -> Result<f64, String> {
        let mut product = self.factor()?;
        loop {
            if self.take('*') {
                product *= self.factor()?;
            } else if self.take('/') {
                product /= self.factor()?;
            } else {
                return Ok(product);
            }
        }
    }

    fn factor(&mut self) -> Result<f64, String> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(format!("more than {DEPTH} parentheses and signs within each other"));
        }
        let factor = if self.take('-') {
            -self.factor()?
        } else if self.take('(') {
            let sum = self.sum()?;
            if !self.take(')') {
                return Err("a `)` is missing".to_owned());
            }
            sum
        } else {
            self.number()?
        };
        self.depth -= 1;
        Ok(factor)
    }

    fn number(&mut self) -> Result<f64, String> {
        let found = self.peek();
        let mut digits = String::new();
        while let Some(digit) = self.rest.next_if(|character| character.is_ascii_digit() || *character == '.') {
            digits.push(digit);
        }
        match (digits.parse(), found) {
            (Ok(number), _) => Ok(number),
            (Err(_), Some(character)) if digits.is_empty() => {
                Err(format!("a number was expected, not `{}`", character.escape_debug()))
            }
            (Err(_), None) => Err("a number was expected, not the end".to_owned()),
            (Err(_), Some(_)) => Err("a number has one decimal point at most".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_is_that_of_school() {
        for (input, result) in
            [("1 + 2 * 3", 7.0), ("(1+2)*3.5", 10.5), ("-(2 - 5) / 2", 1.5), ("2 - 3 - 4", -5.0), (" 8/4/2 ", 1.0)]
        {
            assert_eq!(calculate(input), Ok(result), "{input}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_said() {
        let deep = "(".repeat(10_000);
        for input in ["", "1 +", "(1", "1 2", "1..2", "x", "1/0", deep.as_str()] {
            assert!(calculate(input).is_err(), "{input}");
        }
    }
}
