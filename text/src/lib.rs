//! What all modules of the viewer have to know about text from a file.

/// Whether a character has no shape of its own but changes how its neighbours are read: marks of no width and of direction,
/// and the separators of lines and paragraphs. None is a control character by Unicode's table.
pub fn is_hidden(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
