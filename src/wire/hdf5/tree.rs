//! All objects of a file, by their paths.

use super::attribute::Attribute;
use super::dataset::Dataset;
use super::file::File;
use super::header::{Header, kind};
use super::links::{Link, Way};
use super::types::Type;
use crate::error::{Error, Result, quoted};
use crate::limits;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

/// The objects of a file, depth first: each group before what is in it.
#[derive(Debug)]
pub struct Tree {
    /// The first is the root group.
    pub objects: Vec<Object>,
    /// What is odd about names, and what of a file that is cut off could not be read.
    pub odd: Vec<Error>,
    by_path: HashMap<Rc<str>, usize>,
}

/// An object, or a link to one.
#[derive(Clone, Debug)]
pub struct Object {
    /// The names that lead to it from the root on, joined by `/`; empty for the root.
    pub path: Rc<str>,
    /// What it is.
    pub kind: Kind,
    /// The address of its header; `None` for a link, and for what another path led to before.
    pub at: Option<u64>,
    header: Rc<Header>,
}

/// What an object is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A group of so many links.
    Group(usize),
    /// A dataset; where another path led to it before, that one.
    Dataset(Option<Rc<str>>),
    /// A named type.
    Type,
    /// A link that is not followed.
    Link(Target),
}

/// Where a link leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// To a group that another path led to before.
    Same(Rc<str>),
    /// To a path of this file, `/` first unless it counts from the link's group.
    Soft(String),
    /// To a path of another file.
    External {
        /// Its name.
        file: String,
        /// The path.
        path: String,
    },
}

impl Tree {
    /// Reads the headers of all objects.
    ///
    /// # Errors
    ///
    /// `Malformed` for damaged groups and headers, `Unsupported` for such of later versions.
    pub fn read(file: &File) -> Result<Self> {
        Walk::new(file)?.run()
    }

    /// The object of a path; `/` may stand before and behind it.
    pub fn find(&self, path: &str) -> Option<&Object> {
        self.by_path.get(path.trim_matches('/')).map(|index| &self.objects[*index])
    }

    /// The objects right inside of a group, in its order.
    pub fn children(&self, group: &str) -> impl Iterator<Item = &Object> {
        let group = group.trim_matches('/');
        let start = self.by_path.get(group).map_or(self.objects.len(), |index| index + 1);
        let inside = move |object: &&Object| below(&object.path, group).is_some();
        self.objects[start..]
            .iter()
            .take_while(inside)
            .filter(move |object| below(&object.path, group).is_some_and(|rest| !rest.contains('/')))
    }

    /// The path of the object that a path leads to by soft links, and by links to what was there before; `None` if it leads
    /// nowhere, or the file's links lead along the same paths again and again.
    pub fn followed(&self, file: &File, path: &str) -> Option<&Object> {
        let mut path = plain(path);
        for _ in 0..=limits::HDF5_LINKS {
            file.charge(path.len() as u64).ok()?;
            let (object, rest) = self.longest(&path)?;
            path = match &object.kind {
                Kind::Link(Target::Same(first)) => plain(&format!("{first}{rest}")),
                Kind::Link(Target::Soft(target)) if target.starts_with('/') => plain(&format!("{target}{rest}")),
                Kind::Link(Target::Soft(target)) => {
                    let group = object.path.rsplit_once('/').map_or("", |(group, _)| group);
                    plain(&format!("{group}/{target}{rest}"))
                }
                Kind::Link(Target::External { .. }) => return None,
                _ => return Some(object).filter(|_| rest.is_empty()),
            };
        }
        None
    }

    /// The object of the longest part of a path that is there, and the rest of the path.
    fn longest<'a>(&self, path: &'a str) -> Option<(&Object, &'a str)> {
        let ends: Vec<usize> = path.match_indices('/').map(|(at, _)| at).chain([path.len()]).collect();
        // Where a path is there, all that it begins with is, too.
        let there = ends.partition_point(|end| self.find(&path[..*end]).is_some());
        let end = ends[there.checked_sub(1)?];
        Some((self.find(&path[..end])?, &path[end..]))
    }
}

/// A path without what leads nowhere else: empty names and single dots.
fn plain(path: &str) -> String {
    let names: Vec<&str> = path.split('/').filter(|name| !name.is_empty() && *name != ".").collect();
    names.join("/")
}

/// What of a path is below a group; `None` for one that is not in it.
pub fn below<'a>(path: &'a str, group: &str) -> Option<&'a str> {
    if group.is_empty() {
        return Some(path).filter(|path| !path.is_empty());
    }
    path.strip_prefix(group)?.strip_prefix('/')
}

impl Object {
    /// The last of the names that lead to it.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// Its attributes, in the order of the file, and what is wrong with those that cannot be read.
    pub fn attributes(&self, file: &File) -> (Vec<Attribute>, Vec<Error>) {
        match self.kind {
            Kind::Link(_) => (Vec::new(), Vec::new()),
            _ => file.attributes(&self.header),
        }
    }

    /// What its header says, of a dataset.
    ///
    /// # Errors
    ///
    /// `Malformed` if it contradicts itself.
    pub fn dataset(&self, file: &File) -> Result<Dataset> {
        file.dataset(&self.header, &self.path)
    }

    /// What it says, of a named type.
    ///
    /// # Errors
    ///
    /// `Malformed` or `Unsupported` if it cannot be read.
    pub fn named_type(&self, file: &File) -> Result<Type> {
        let message = self.header.find(kind::TYPE).ok_or_else(|| Error::query("The object is no type."))?;
        let message = file.resolved(message)?;
        Type::read(&mut file.cursor("datatype message", message.at, &message.bytes))
    }
}

/// What was read of an object: its header and, of a group, its links.
type Found = (Rc<Header>, Option<Vec<Link>>);

/// Everything that hard links lead to from the root on, by address. It is read in the order of the file, over and over from
/// front to back, which takes far fewer reads than the order of the names.
fn gathered(file: &File) -> HashMap<u64, Result<Found>> {
    let mut found = HashMap::new();
    let mut waiting = BTreeMap::from([(file.superblock.root, ROOT.to_owned())]);
    let mut last = 0;
    while let Some(at) = waiting.range(last..).next().or_else(|| waiting.iter().next()).map(|(at, _)| *at) {
        last = at;
        let what = waiting.remove(&at).expect("it was found there");
        let object = object(file, &what, at);
        for link in object.iter().flat_map(|(_, links)| links).flatten() {
            if let Way::Hard(to) = link.way
                && to != at
                && !found.contains_key(&to)
            {
                waiting.entry(to).or_insert_with(|| format!("object header of {:?}", quoted(&link.name)));
            }
        }
        found.insert(at, object);
    }
    found
}

const ROOT: &str = "object header of the root group";

fn object(file: &File, what: &str, at: u64) -> Result<Found> {
    let header = file.header(what, at)?;
    let links = if is_dataset(&header) { None } else { file.links(&header)? };
    Ok((Rc::new(header), links))
}

fn is_dataset(header: &Header) -> bool {
    header.find(kind::SPACE).is_some() || header.find(kind::LAYOUT).is_some()
}

/// A walk through the groups of a file, by their names.
struct Walk<'a> {
    file: &'a File,
    found: HashMap<u64, Result<Found>>,
    tree: Tree,
    /// The first object at each address.
    seen: HashMap<u64, usize>,
    /// The groups on the way, each with the links that are still to be followed, the next one last.
    open: Vec<(Rc<str>, Vec<Link>)>,
}

impl<'a> Walk<'a> {
    fn new(file: &'a File) -> Result<Self> {
        let tree = Tree { objects: Vec::new(), odd: Vec::new(), by_path: HashMap::new() };
        let mut walk = Walk { file, found: gathered(file), tree, seen: HashMap::new(), open: Vec::new() };
        let root = file.superblock.root;
        let (header, links) = walk.take(root)?;
        if is_dataset(&header) {
            return Err(file.wrong(root, "The root group is a dataset."));
        }
        walk.group("".into(), header, links.unwrap_or_default(), root);
        Ok(walk)
    }

    fn take(&mut self, at: u64) -> Result<Found> {
        self.found.remove(&at).unwrap_or_else(|| object(self.file, "object header", at))
    }

    fn run(mut self) -> Result<Tree> {
        while let Some((group, links)) = self.open.last_mut() {
            let Some(link) = links.pop() else {
                self.open.pop();
                continue;
            };
            let path: Rc<str> =
                if group.is_empty() { link.name.as_str().into() } else { format!("{group}/{}", link.name).into() };
            self.file.charge(path.len() as u64 + limits::HDF5_OBJECT)?;
            if !link.utf8 {
                self.tree.odd.push(Error::malformed(format!(
                    "The name of the link {:?} is not UTF-8; what is wrong is shown as marks.",
                    quoted(&path)
                )));
            }
            match self.follow(&path, link.way) {
                Err(error) if self.file.cut().is_some() => self.tree.odd.push(error),
                followed => followed?,
            }
        }
        Ok(self.tree)
    }

    fn follow(&mut self, path: &Rc<str>, way: Way) -> Result<()> {
        let at = match way {
            Way::Hard(at) => at,
            Way::Soft(target) => {
                self.link(path, Target::Soft(target));
                return Ok(());
            }
            Way::External { file, path: target } => {
                self.link(path, Target::External { file, path: target });
                return Ok(());
            }
        };
        if let Some(&before) = self.seen.get(&at) {
            let before = self.tree.objects[before].clone();
            match before.kind {
                Kind::Dataset(_) => self.add(path.clone(), Kind::Dataset(Some(before.path)), before.header, None),
                _ => self.link(path, Target::Same(before.path)),
            }
            return Ok(());
        }
        let (header, links) = self.take(at)?;
        let is_type = header.find(kind::TYPE).is_some();
        match links {
            _ if is_dataset(&header) => self.add(path.clone(), Kind::Dataset(None), header, Some(at)),
            None if is_type => self.add(path.clone(), Kind::Type, header, Some(at)),
            links => self.group(path.clone(), header, links.unwrap_or_default(), at),
        }
        Ok(())
    }

    fn group(&mut self, path: Rc<str>, header: Rc<Header>, mut links: Vec<Link>, at: u64) {
        self.add(path.clone(), Kind::Group(links.len()), header, Some(at));
        links.reverse();
        self.open.push((path, links));
    }

    fn link(&mut self, path: &Rc<str>, target: Target) {
        let root = self.tree.objects[0].header.clone();
        self.add(path.clone(), Kind::Link(target), root, None);
    }

    fn add(&mut self, path: Rc<str>, kind: Kind, header: Rc<Header>, at: Option<u64>) {
        let index = self.tree.objects.len();
        if let Some(at) = at {
            self.seen.insert(at, index);
        }
        self.tree.by_path.entry(path.clone()).or_insert(index);
        self.tree.objects.push(Object { path, kind, at, header });
    }
}
