//! Index of a workspace: its files and folders, as the calls so far have made them.

use std::collections::{BTreeMap, BTreeSet};

use super::Limits;
use super::path::WorkspacePath;
use crate::gate::Shortfall;
use crate::transcript::Residue;
use crate::wit::dayfly::agent::workspace::Entry;

/// Files and folders of a workspace.
#[derive(Debug, Default)]
pub(super) struct FileIndex {
    nodes: BTreeMap<String, TreeNode>,
    /// Paths in lower case, to find names that differ by the case of ASCII letters alone.
    folded: BTreeSet<String>,
    bytes: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TreeNode {
    File(u64),
    Folder,
}

impl TreeNode {
    const fn bytes(self) -> u64 {
        match self {
            Self::File(bytes) => bytes,
            Self::Folder => 0,
        }
    }
}

impl FileIndex {
    pub(super) const fn new() -> Self {
        Self { nodes: BTreeMap::new(), folded: BTreeSet::new(), bytes: 0 }
    }

    /// Returns the number of bytes of the file at `path`.
    pub(super) fn file(&self, path: &WorkspacePath) -> Result<u64, Shortfall> {
        match self.nodes.get(path.as_str()) {
            Some(TreeNode::File(bytes)) => Ok(*bytes),
            Some(TreeNode::Folder) => Err(Shortfall::Invalid("that is a folder".into())),
            None => Err(Shortfall::Invalid("there is no such file".into())),
        }
    }

    /// Checks that a file of `bytes` bytes may lie at `path`.
    pub(super) fn fits(&self, path: &WorkspacePath, bytes: u64, limits: Limits) -> Result<usize, Shortfall> {
        if path.depth() == 0 {
            return Err(Shortfall::Invalid("the path is empty".into()));
        }
        if path.depth() > limits.depth {
            return Err(Shortfall::Quota("depth"));
        }
        let mut more = 0_u64;
        for folder in path.parents() {
            match self.nodes.get(folder) {
                Some(TreeNode::Folder) => {}
                Some(TreeNode::File(_)) => {
                    return Err(Shortfall::Invalid("a name of the path is that of a file".into()));
                }
                None => more += self.is_new(folder)?,
            }
        }
        let before = match self.nodes.get(path.as_str()) {
            Some(TreeNode::Folder) => return Err(Shortfall::Invalid("that is a folder".into())),
            Some(TreeNode::File(before)) => *before,
            None => {
                more += self.is_new(path.as_str())?;
                0
            }
        };
        let count = u64::try_from(self.nodes.len()).unwrap_or(u64::MAX);
        if count.saturating_add(more) > limits.files {
            return Err(Shortfall::Quota("files"));
        }
        if self.bytes.saturating_sub(before).saturating_add(bytes) > limits.bytes {
            return Err(Shortfall::Quota("bytes"));
        }
        Ok(0)
    }

    /// Returns 1 for a new path. A path that differs from another by the case of its letters alone
    /// is refused.
    fn is_new(&self, path: &str) -> Result<u64, Shortfall> {
        if self.folded.contains(&path.to_ascii_lowercase()) {
            return Err(Shortfall::Invalid("the name differs from another by the case of its letters alone".into()));
        }
        Ok(1)
    }

    /// Puts a file of `bytes` bytes at `path`, and makes the folders above it.
    pub(super) fn put(&mut self, path: &WorkspacePath, bytes: u64) {
        for folder in path.parents() {
            self.nodes.entry(folder.to_owned()).or_insert(TreeNode::Folder);
            self.folded.insert(folder.to_ascii_lowercase());
        }
        self.folded.insert(path.as_str().to_ascii_lowercase());
        let before = self.nodes.insert(path.as_str().to_owned(), TreeNode::File(bytes));
        self.bytes = self.bytes.saturating_sub(before.map_or(0, TreeNode::bytes)).saturating_add(bytes);
    }

    /// Checks that the file or folder at `path` may be removed.
    pub(super) fn removable(&self, path: &WorkspacePath) -> Result<usize, Shortfall> {
        match self.nodes.get(path.as_str()) {
            Some(TreeNode::File(_)) => Ok(0),
            Some(TreeNode::Folder) if self.below(path.as_str()).next().is_none() => Ok(0),
            Some(TreeNode::Folder) => Err(Shortfall::Invalid("the folder is not empty".into())),
            None => Err(Shortfall::Invalid("there is no such file or folder".into())),
        }
    }

    /// Removes the file or folder at `path`.
    pub(super) fn remove(&mut self, path: &WorkspacePath) {
        self.folded.remove(&path.as_str().to_ascii_lowercase());
        let before = self.nodes.remove(path.as_str());
        self.bytes = self.bytes.saturating_sub(before.map_or(0, TreeNode::bytes));
    }

    /// Returns the entries of the folder at `path`, in the order of the names' bytes.
    pub(super) fn entries(&self, path: &WorkspacePath) -> Result<Vec<Entry>, Shortfall> {
        match self.nodes.get(path.as_str()) {
            Some(TreeNode::File(_)) => return Err(Shortfall::Invalid("that is a file".into())),
            None if path.depth() > 0 => return Err(Shortfall::Invalid("there is no such folder".into())),
            Some(TreeNode::Folder) | None => {}
        }
        let entry = |(name, node): (&str, TreeNode)| {
            let name = name.to_owned();
            (!name.contains('/')).then(|| Entry { name, bytes: node.bytes(), folder: node == TreeNode::Folder })
        };
        let mut entries: Vec<Entry> = self.below(path.as_str()).filter_map(entry).collect();
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    /// Iterates over everything below the folder at `path`, with the path from there.
    fn below<'a>(&'a self, path: &'a str) -> impl Iterator<Item = (&'a str, TreeNode)> {
        let first = if path.is_empty() { String::new() } else { format!("{path}/") };
        let prefix = first.len();
        let is_below =
            move |other: &str| path.is_empty() || other.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
        self.nodes
            .range(first..)
            .take_while(move |(other, _)| is_below(other))
            .filter_map(move |(other, node)| Some((other.get(prefix..)?, *node)))
    }

    /// Returns everything in the workspace, in the order of the paths' bytes.
    pub(super) fn inventory(&self) -> Vec<Residue> {
        self.nodes.iter().map(|(path, node)| Residue { path: path.clone(), bytes: node.bytes() }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { bytes: 10, files: 3, depth: 3 };

    fn path(text: &str) -> WorkspacePath {
        WorkspacePath::parse(text).unwrap()
    }

    fn index(files: &[(&str, u64)]) -> FileIndex {
        let mut index = FileIndex::new();
        for (name, bytes) in files {
            index.put(&path(name), *bytes);
        }
        index
    }

    #[test]
    fn every_quota_is_hit_exactly() {
        let index = index(&[("a", 4), ("b", 1)]);
        assert_eq!(index.fits(&path("a"), 9, LIMITS), Ok(0));
        assert_eq!(index.fits(&path("a"), 10, LIMITS), Err(Shortfall::Quota("bytes")));
        assert_eq!(index.fits(&path("c"), 5, LIMITS), Ok(0));
        assert_eq!(index.fits(&path("c"), 6, LIMITS), Err(Shortfall::Quota("bytes")));
        assert_eq!(index.fits(&path("c/d"), 0, LIMITS), Err(Shortfall::Quota("files")));
        assert_eq!(index.fits(&path("c/d/e/f"), 0, LIMITS), Err(Shortfall::Quota("depth")));
    }

    #[test]
    fn a_file_is_no_folder_and_a_folder_no_file() {
        let index = index(&[("f/a", 1)]);
        for (name, bytes) in [("f", 0), ("f/a/b", 0), ("F", 0), ("f/A", 0), ("", 0)] {
            assert!(matches!(index.fits(&path(name), bytes, LIMITS), Err(Shortfall::Invalid(_))), "{name}");
        }
        assert!(index.file(&path("f")).is_err());
        assert!(index.entries(&path("f/a")).is_err());
    }

    #[test]
    fn what_is_removed_gives_its_quota_back() {
        let mut index = index(&[("f/a", 10)]);
        assert!(index.removable(&path("f")).is_err());
        index.remove(&path("f/a"));
        assert_eq!(index.removable(&path("f")), Ok(0));
        assert_eq!(index.fits(&path("b"), 10, LIMITS), Ok(0));
    }

    #[test]
    fn a_listing_names_the_children_alone_in_their_order() {
        let index = index(&[("b", 2), ("a/x", 1), ("a.z", 3)]);
        let names =
            |folder: &str| index.entries(&path(folder)).unwrap().into_iter().map(|e| e.name).collect::<Vec<_>>();
        assert_eq!(names(""), ["a", "a.z", "b"]);
        assert_eq!(names("a"), ["x"]);
    }
}
