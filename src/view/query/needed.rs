//! What a text must have for a regular expression to be worth trying: finding that is many times as fast.

/// The longest run of characters, in lower case, that stands in everything in which a valid pattern is found, in upper or lower
/// case; empty if there is none that is easily told.
pub(super) fn needed(pattern: &str) -> String {
    let mut runs = Runs::default();
    let mut depth = 0_usize;
    let mut rest = pattern.chars();
    while let Some(character) = rest.next() {
        match character {
            // What stands on either side need not be there; `(?` may change what all of it means.
            '|' if depth == 0 => return String::new(),
            '(' if rest.as_str().starts_with('?') => return String::new(),
            '(' => depth += 1,
            ')' => depth -= 1.min(depth),
            '[' => {
                // A class in a class takes more to get over.
                let Some(after) = after_class(rest.as_str()) else { return String::new() };
                rest = after.chars();
            }
            '\\' => match rest.next() {
                Some(escaped) if escaped.is_ascii_punctuation() && depth == 0 => {
                    runs.add(escaped);
                    continue;
                }
                Some(class) if class.is_ascii_punctuation() || "dDsSwWbBAz".contains(class) => {}
                // `\x41` and its like.
                _ => return String::new(),
            },
            '*' | '?' => runs.drop_last(),
            '{' => {
                runs.drop_last();
                rest.by_ref().find(|character| *character == '}');
            }
            '+' | '.' | '^' | '$' => {}
            // Letters beyond ASCII may be of another length or form in lower case.
            character if character.is_ascii() && depth == 0 => {
                runs.add(character);
                continue;
            }
            _ => {}
        }
        runs.end();
    }
    runs.end();
    runs.longest
}

/// What follows a class whose content a text begins with.
fn after_class(text: &str) -> Option<&str> {
    let content = text.strip_prefix('^').unwrap_or(text);
    let mut escaped = false;
    for (at, character) in content.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => return None,
            // One that comes first is part of the class.
            ']' if at > 0 => return Some(&content[at + 1..]),
            _ => {}
        }
    }
    None
}

#[derive(Default)]
struct Runs {
    current: String,
    longest: String,
}

impl Runs {
    fn add(&mut self, character: char) {
        self.current.push(character.to_ascii_lowercase());
    }

    /// What was said last may be missing.
    fn drop_last(&mut self) {
        self.current.pop();
    }

    fn end(&mut self) {
        if self.current.len() > self.longest.len() {
            self.longest.clone_from(&self.current);
        }
        self.current.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_every_match_has() {
        for (pattern, text) in [
            (r"\.77\.P", ".77.p"),
            (r"^layers\.\d+\.mlp$", "layers."),
            (r"(q|k)_proj", "_proj"),
            (r"ab?c", "a"),
            (r"ab+c", "ab"),
            (r"x{0,3}y", "y"),
            (r"[^]a-z]+\.b", ".b"),
            (r"a|bcd", ""),
            (r"(?x) a b", ""),
            (r"\x41b", ""),
            (r"[[:alpha:]]b", ""),
            (r"(bias)*", ""),
            ("É", ""),
            ("", ""),
        ] {
            assert_eq!(needed(pattern), text, "{pattern}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_fits_lacks_it(pattern in r"([abK.ſ]|\\[.dwsbx4]|[*+?^$|]|\(|\)|\[[\]ab^-]{1,3}\]|\{[012],?\}){1,8}", text in "[abkKſK4. ]{0,12}") {
            if let Ok(regex) = regex_lite::RegexBuilder::new(&pattern).case_insensitive(true).build() {
                prop_assert!(!regex.is_match(&text) || text.to_lowercase().contains(&needed(&pattern)));
            }
        }
    }
}
