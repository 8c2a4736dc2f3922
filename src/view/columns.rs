//! Rows as columns: a hundred thousand tensors cross to the page as a few arrays and texts, not as an object each.

use serde::Serialize;
use std::collections::HashMap;

/// A table.
#[derive(Debug)]
pub struct Columns {
    /// How many rows there are.
    pub count: usize,
    /// The columns by the names that the page has for them.
    pub fields: Vec<(&'static str, Column)>,
}

/// One field of all rows.
#[derive(Debug)]
pub enum Column {
    /// Numbers; NaN where there is none.
    Numbers(Vec<f64>),
    /// Texts that differ from row to row.
    Texts(Texts),
    /// Values that many rows share.
    Shared(Shared),
}

/// Texts one after the other.
#[derive(Debug, Default)]
pub struct Texts {
    /// All of them.
    pub text: String,
    /// Where each begins, in UTF-16 units; `u32::MAX` where there is none.
    pub starts: Vec<u32>,
    /// Where each ends.
    pub ends: Vec<u32>,
    units: u32,
}

impl Texts {
    /// Adds a row.
    pub fn push(&mut self, text: Option<&str>) {
        self.starts.push(text.map_or(u32::MAX, |_| self.units));
        let text = text.unwrap_or_default();
        self.text.push_str(text);
        let units = if text.is_ascii() { text.len() } else { text.encode_utf16().count() };
        // Memory ends before: of 2^32 units no engine makes a text.
        self.units = self.units.saturating_add(u32::try_from(units).unwrap_or(u32::MAX));
        self.ends.push(self.units);
    }
}

/// Values as JSON, each kept once; `null` where there is none.
#[derive(Debug, Default)]
pub struct Shared {
    /// The values, with commas between them.
    values: String,
    /// Which of them each row has.
    at: Vec<u32>,
    known: HashMap<String, u32>,
    /// The last row's value, as rows beside each other are often alike; and room for the next one's.
    last: Vec<u8>,
    next: Vec<u8>,
}

impl Shared {
    /// Adds a row.
    pub fn push(&mut self, value: &impl Serialize) {
        self.next.clear();
        // Plain data always has a form in JSON, which is text.
        let _ = serde_json::to_writer(&mut self.next, value);
        if let (Some(at), true) = (self.at.last(), self.next == self.last) {
            self.at.push(*at);
            return;
        }
        std::mem::swap(&mut self.next, &mut self.last);
        let value = String::from_utf8_lossy(&self.last);
        let at = self.known.get(&*value).copied().unwrap_or_else(|| {
            let at = u32::try_from(self.known.len()).unwrap_or(u32::MAX);
            if at > 0 {
                self.values.push(',');
            }
            self.values.push_str(&value);
            self.known.insert(value.into_owned(), at);
            at
        });
        self.at.push(at);
    }

    /// All values as a list in JSON.
    pub fn json(&self) -> String {
        format!("[{}]", self.values)
    }

    /// The place of each row's value in the list; one place for all if they are all alike.
    pub fn places(&self) -> &[u32] {
        if self.known.len() == 1 { &self.at[..1] } else { &self.at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_by_what_javascript_counts() {
        let mut texts = Texts::default();
        for text in [Some("a.w"), None, Some(""), Some("é😀"), Some("b")] {
            texts.push(text);
        }
        assert_eq!(texts.text, "a.wé😀b");
        assert_eq!((texts.starts, texts.ends), (vec![0, u32::MAX, 3, 3, 6], vec![3, 3, 3, 6, 7]));
    }

    #[test]
    fn a_value_is_kept_once() {
        let mut shapes = Shared::default();
        for shape in [Some(&[2_u64, 3][..]), Some(&[2, 3]), None, Some(&[]), Some(&[2, 3]), None] {
            shapes.push(&shape);
        }
        assert_eq!((shapes.json(), shapes.places()), ("[[2,3],null,[]]".to_owned(), &[0, 0, 1, 2, 0, 1][..]));
    }

    #[test]
    fn a_value_of_all_has_one_place() {
        let mut devices = Shared::default();
        for _ in 0..3 {
            devices.push(&"\"cpu\"");
        }
        assert_eq!((devices.json(), devices.places()), (r#"["\"cpu\""]"#.to_owned(), &[0][..]));
        assert_eq!((Shared::default().json(), Shared::default().places()), ("[]".to_owned(), &[][..]));
    }
}
