//! The children of all containers, in one run of ids.

use super::arena::Arena;
use super::nodes::{Id, Node};

/// Lists that grow at their end, by their places. One costs 12 bytes and 4 for each child, twice that at most for its growth.
#[derive(Debug, Default)]
pub struct Lists {
    spans: Arena<Span>,
    ids: Vec<Id>,
}

/// Where the children of one list lie.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: u32,
    len: u32,
    /// How many fit before the next list begins.
    room: u32,
}

impl Lists {
    /// The place of a list of these.
    pub fn add(&mut self, children: &[Id]) -> u32 {
        let (start, len) = (narrow(self.ids.len()), narrow(children.len()));
        self.ids.extend_from_slice(children);
        self.spans.push(Span { start, len, room: len })
    }

    /// Puts more behind the last child of a list.
    pub fn extend(&mut self, place: u32, more: &[Id]) {
        let mut span = self.spans[place];
        let len = span.len as usize + more.len();
        let (start, room) = (span.start as usize, span.room as usize);
        if start + room == self.ids.len() {
            self.ids.truncate(start + span.len as usize);
            self.ids.extend_from_slice(more);
            span.room = narrow(len);
        } else if len <= room {
            self.ids[start + span.len as usize..start + len].copy_from_slice(more);
        } else {
            // Moved behind all others with room to grow, so that growing in small steps costs little.
            span.start = narrow(self.ids.len());
            self.ids.extend_from_within(start..start + span.len as usize);
            self.ids.extend_from_slice(more);
            self.ids.resize(span.start as usize + len * 2, 0);
            span.room = narrow(len * 2);
        }
        span.len = narrow(len);
        self.spans[place] = span;
    }

    /// The children of a list; none for [`Node::EMPTY`].
    pub fn get(&self, place: u32) -> &[Id] {
        if place == Node::EMPTY {
            return &[];
        }
        let span = self.spans[place];
        &self.ids[span.start as usize..][..span.len as usize]
    }

    /// How many lists there are.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// How many ids are kept, those that were moved and the room to grow among them.
    pub fn kept(&self) -> usize {
        self.ids.len()
    }
}

/// Places fit: the machine stops long before there are 2^32 children.
fn narrow(place: usize) -> u32 {
    u32::try_from(place).expect("below the machine's cap")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_that_grow_in_turn_keep_their_children_in_order() {
        let mut lists = Lists::default();
        let places = [lists.add(&[0]), lists.add(&[1]), lists.add(&[])];
        for step in 1..100 {
            for (index, place) in (0..).zip(places) {
                lists.extend(place, &[step * 10 + index]);
            }
        }
        for (index, place) in (0..).zip(places) {
            let all: Vec<Id> = (0..100).map(|step| step * 10 + index).collect();
            assert_eq!(lists.get(place), if index == 2 { &all[1..] } else { &all[..] });
        }
        assert!(lists.kept() < 300 * 6, "{}", lists.kept());
        assert_eq!(lists.get(Node::EMPTY), &[] as &[Id]);
    }
}
