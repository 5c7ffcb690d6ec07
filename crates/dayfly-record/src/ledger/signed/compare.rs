//! The comparison of a head, which was signed or kept, with the leaves of a folder.

use std::path::Path;

use super::super::read::{Leaves, length};
use super::super::tree::Tree;
use super::super::verify::most_leaves;
use super::super::{Error, Reason, TRANSCRIPTS};
use crate::value::Digest;

/// Standing of a head among the leaves of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is that of the run, closed for this reason.
    Close(Reason),
    /// It is that of the first leaves, before any close.
    Prefix,
    /// It is of more leaves than there are.
    Beyond {
        /// Number of leaves that there are.
        here: u64,
    },
    /// The leaves have another root at that size.
    Other,
}

/// Returns the standing of a head with this size and root.
pub(super) fn standing(folder: &Path, size: u64, root: Digest) -> Result<Standing, Error> {
    let (mut leaves, mut tree) = (opened(folder)?, Tree::default());
    let here = leaves.list.count().min(leaves.most);
    let Some(last) = size.checked_sub(1).filter(|last| *last <= here) else {
        return Ok(if size == 0 { Standing::Other } else { Standing::Beyond { here } });
    };
    while tree.size() < last {
        let Some(leaf) = leaves.list.get(tree.size())? else { break };
        tree.push(leaf);
    }
    if let Some(reason) = Reason::ALL.into_iter().find(|reason| reason.close(&tree) == root) {
        return Ok(Standing::Close(reason));
    }
    let Some(leaf) = leaves.list.get(last)? else { return Ok(Standing::Other) };
    tree.push(leaf);
    Ok(if tree.root() == root { Standing::Prefix } else { Standing::Other })
}

/// Returns the number of first leaves that have this root, if any have.
pub(super) fn prefix(folder: &Path, root: Digest) -> Result<Option<u64>, Error> {
    let (mut leaves, mut tree) = (opened(folder)?, Tree::default());
    while tree.size() < leaves.most {
        let Some(leaf) = leaves.list.get(tree.size())? else { break };
        tree.push(leaf);
        if tree.root() == root {
            return Ok(Some(tree.size()));
        }
    }
    Ok(None)
}

struct Opened {
    list: Leaves,
    /// Maximum number of leaves that are hashed.
    most: u64,
}

fn opened(folder: &Path) -> Result<Opened, Error> {
    Ok(Opened { list: Leaves::open(folder)?, most: most_leaves(length(&folder.join(TRANSCRIPTS))?) })
}
