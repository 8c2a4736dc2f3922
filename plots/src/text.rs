//! How much room text takes, without a screen to measure it on, and which of its characters are drawn.

use paramscope_text::is_hidden;

/// The width of a text in a sans-serif font of this size, by classes of characters; within a few percent of DejaVu Sans,
/// which is wider than most.
pub(super) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(|character| em(character) * size).sum()
}

/// The advance of one character in parts of the font's size.
fn em(character: char) -> f64 {
    match character {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '|' | '!' | '\'' | ' ' => 0.33,
        'f' | 'r' | 't' | '-' | '/' | '(' | ')' | '[' | ']' => 0.42,
        'm' | 'w' | 'M' | 'W' | '%' | '@' | '…' => 0.97,
        '_' => 0.5,
        '¹' | '²' | '³' | '⁰'..='⁹' | '⁻' => 0.45,
        'A'..='Z' => 0.72,
        '−' | '+' | '=' | '<' | '>' => 0.84,
        // Chinese, Japanese, Korean, and what else is square.
        '\u{1100}'.. => 1.0,
        _ => 0.63,
    }
}

/// The text, or where it has no room its start and its end with an ellipsis between: names differ at both.
pub(super) fn shortened(text: &str, size: f64, room: f64) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let half = (room - em('…') * size) / 2.0;
    let fitting = |characters: &mut dyn Iterator<Item = char>| {
        let mut used = 0.0;
        let fits = |character: &char| {
            used += em(*character) * size;
            used <= half
        };
        characters.take_while(fits).collect::<Vec<char>>()
    };
    let (start, mut end) = (fitting(&mut text.chars()), fitting(&mut text.chars().rev()));
    end.reverse();
    start.into_iter().chain(['…']).chain(end).collect()
}

/// Without the characters that XML has no room for and those that turn text around.
pub(super) fn printable(text: &str) -> String {
    let odd = |character: char| {
        character.is_control() || is_hidden(character) || matches!(character, '\u{fffe}'..='\u{ffff}')
    };
    text.chars().map(|character| if odd(character) { '\u{fffd}' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn long_names_keep_their_start_and_their_end() {
        assert_eq!(shortened("fc1.weight", 12.5, 200.0), "fc1.weight");
        let short = shortened("model.layers.12.self_attn.q_proj.weight", 12.5, 150.0);
        assert!(short.starts_with("model.") && short.contains('…') && short.ends_with(".weight"), "{short}");
    }

    proptest! {
        #[test]
        fn a_shortened_text_has_room(text in ".*", room in 20.0..500.0f64) {
            prop_assert!(width(&shortened(&text, 12.0, room), 12.0) <= room);
        }
    }
}
