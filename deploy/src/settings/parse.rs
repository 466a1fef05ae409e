//! From pairs of texts to settings.

use super::check;
use super::error::{SettingError, SettingsErrors};
use super::keys::{KEYS, Key};
use super::{Settings, keys};

/// How many edits a misspelt key may be away from the one it is taken for.
const MISSPELT_EDITS_MAX: usize = 4;

impl Settings {
    /// Reads settings; what is not given has its default. A key given twice is an error.
    ///
    /// # Errors
    /// All wrong keys and values at once, each with what to write instead.
    pub fn from_pairs<K, V>(pairs: impl IntoIterator<Item = (K, V)>) -> Result<Self, SettingsErrors>
    where
        K: Into<String>,
        V: Into<String>,
    {
        let mut settings = Self::defaults();
        let mut errors = Vec::new();
        let mut given: Vec<(&'static Key, String)> = Vec::new();
        for (name, value) in pairs {
            let (name, value) = (name.into(), value.into());
            let Some(key) = KEYS.iter().find(|key| key.name == name) else {
                errors.push(unknown(&name));
                continue;
            };
            if given.iter().any(|(other, _)| other.name == key.name) {
                errors.push(SettingError {
                    key: name,
                    problem: format!("given twice, the second time as '{value}'"),
                    fix: "give it once".to_owned(),
                });
                continue;
            }
            given.push((key, value));
        }
        // In the table's order, so that `engine` comes before the parts' own engines however they were given.
        given.sort_by_key(|(key, _)| KEYS.iter().position(|other| other.name == key.name));
        for (key, value) in &given {
            if let Err(problem) = (key.set)(&mut settings, value.trim()) {
                errors.push(SettingError {
                    key: key.name.to_owned(),
                    problem: format!("'{value}' {}", problem.what),
                    fix: format!("write {}={}", key.name, problem.example),
                });
            }
        }
        if errors.is_empty() {
            check::together(&settings, &given, &mut errors);
        }
        if errors.is_empty() {
            Ok(settings)
        } else {
            Err(SettingsErrors { errors })
        }
    }

    /// Names of all keys with what they mean, in the order of the documentation.
    pub fn keys() -> impl Iterator<Item = (&'static str, &'static str)> {
        KEYS.iter().map(|key| (key.name, key.about))
    }
}

fn unknown(name: &str) -> SettingError {
    let fix = match nearest(name) {
        Some(key) => format!("did you mean {key}?"),
        None => format!(
            "known keys: {}",
            keys::KEYS.iter().map(|key| key.name).collect::<Vec<_>>().join(", ")
        ),
    };
    SettingError {
        key: name.to_owned(),
        problem: "there is no such setting".to_owned(),
        fix,
    }
}

/// The key that was probably meant: the same but for case and separators, the last part of one, or a few edits away.
fn nearest(name: &str) -> Option<&'static str> {
    let plain = |text: &str| {
        let letters = text.chars().filter(char::is_ascii_alphanumeric);
        letters.map(|letter| letter.to_ascii_lowercase()).collect::<String>()
    };
    let wanted = plain(name);
    if wanted.is_empty() {
        return None;
    }
    let same = KEYS.iter().find(|key| plain(key.name) == wanted);
    let last_part = || {
        let mut ending = KEYS
            .iter()
            .filter(|key| key.name.rsplit('.').next().is_some_and(|last| plain(last) == wanted));
        ending.next()
    };
    let close = || {
        let distances = KEYS.iter().map(|key| (edits(&plain(key.name), &wanted), key));
        distances
            .filter(|(distance, _)| *distance <= MISSPELT_EDITS_MAX.min(wanted.len() / 2))
            .min_by_key(|(distance, _)| *distance)
            .map(|(_, key)| key)
    };
    same.or_else(last_part).or_else(close).map(|key| key.name)
}

/// How many letters must be put in, taken out or changed to get from one text to the other.
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, letter) in from.chars().enumerate() {
        let mut corner = row[0];
        row[0] = line + 1;
        for (column, other) in to.iter().enumerate() {
            let change = corner + usize::from(letter != *other);
            corner = row[column + 1];
            row[column + 1] = change.min(corner + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}
