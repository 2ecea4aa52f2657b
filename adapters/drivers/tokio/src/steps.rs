//! A scenario made ready to be played: its steps, script by script.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

pub const FOREVER: i64 = i64::MAX;

pub struct Step {
    pub number: usize,
    pub verb: String,
    words: Vec<String>,
}

impl Step {
    pub fn word(&self, place: usize) -> &str {
        self.words.get(place).map_or("", String::as_str)
    }

    /// Nanoseconds of `10ms`.
    pub fn duration(&self, place: usize) -> i64 {
        let word = self.word(place);
        if word == "forever" {
            return FOREVER;
        }
        let unit = word.find(|letter: char| letter.is_ascii_alphabetic()).unwrap_or(word.len());
        let scale = match &word[unit..] {
            "s" => 1_000_000_000,
            "ms" => 1_000_000,
            "us" => 1_000,
            _ => 1,
        };
        word[..unit].parse::<i64>().map_or(0, |amount| amount.saturating_mul(scale))
    }

    pub fn number(&self, place: usize) -> i64 {
        self.word(place).parse().unwrap_or(0)
    }

    /// A number, or a name as plain data; null for none.
    pub fn value(&self, place: usize) -> Value {
        match (self.word(place), self.word(place).parse::<i64>()) {
            ("", _) => Value::Null,
            (_, Ok(number)) => number.into(),
            (name, _) => name.into(),
        }
    }
}

pub type Script = Arc<Vec<Step>>;

pub fn read(scenario: &str) -> HashMap<String, Script> {
    let mut scripts: HashMap<String, Vec<Step>> = HashMap::new();
    let lines = scenario.lines().filter_map(|line| line.split('#').next()?.split_once(':'));
    for (number, (who, rest)) in lines.enumerate() {
        let mut words = rest.split_whitespace().map(str::to_string);
        let verb = words.next().unwrap_or_default();
        scripts.entry(who.trim().to_string()).or_default().push(Step { number, verb, words: words.collect() });
    }
    scripts.into_iter().map(|(name, steps)| (name, Arc::new(steps))).collect()
}
