//! The Merkle tree of RFC 6962, one leaf after the other.
//!
//! ```text
//!          o               peaks after 7 leaves: [a, b, c]
//!        /   \
//!      o       o           a: the root of the first 4
//!     / \     / \          b: the root of the next 2
//!    a   a   b   c         c: the last leaf
//!   / \ / \ / \            root = H(a, H(b, c))
//! ```
//!
//! 1. There is one peak for each 1 in the binary size, the largest first.

use crate::value::{Digest, Hasher};

/// Merkle tree of which only the peaks are kept. Its root is available at any time, and its memory is logarithmic in
/// its size.
#[derive(Clone, Default)]
pub(super) struct Tree {
    size: u64,
    peaks: Vec<Digest>,
}

impl Tree {
    /// Appends a leaf, by its hash.
    pub(super) fn push(&mut self, leaf: Digest) {
        let merges = self.size.trailing_ones();
        let mut node = leaf;
        // INVARIANT 1: a peak is merged for each 1 that the carry of size + 1 clears.
        for _ in 0..merges {
            if let Some(left) = self.peaks.pop() {
                node = branch(&left, &node);
            }
        }
        self.peaks.push(node);
        self.size += 1;
    }

    /// Returns the number of leaves.
    pub(super) const fn size(&self) -> u64 {
        self.size
    }

    /// Returns the root; that of the empty tree is the digest of no bytes.
    pub(super) fn root(&self) -> Digest {
        let peaks = self.peaks.iter().rev().copied();
        peaks.reduce(|right, left| branch(&left, &right)).unwrap_or_else(|| Digest::of(b""))
    }
}

/// Returns the hash of a leaf: SHA-256(0x00 || bytes).
pub(super) fn leaf(bytes: &[u8]) -> Digest {
    let mut hasher = Hasher::default();
    hasher.update(&[0]);
    hasher.update(bytes);
    hasher.finish()
}

/// Returns the hash of two subtrees: SHA-256(0x01 || left || right).
pub(super) fn branch(left: &Digest, right: &Digest) -> Digest {
    let mut hasher = Hasher::default();
    hasher.update(&[1]);
    hasher.update(left.as_bytes());
    hasher.update(right.as_bytes());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the root of the tree as RFC 6962, section 2.1 defines it.
    fn defined(leaves: &[Digest]) -> Digest {
        match leaves {
            [] => Digest::of(b""),
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
                branch(&defined(left), &defined(right))
            }
        }
    }

    #[test]
    fn the_roots_are_those_of_certificate_transparency() {
        let inputs: [&[u8]; 8] = [
            b"",
            b"\x00",
            b"\x10",
            b"\x20\x21",
            b"\x30\x31",
            b"\x40\x41\x42\x43",
            b"\x50\x51\x52\x53\x54\x55\x56\x57",
            b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
        ];
        let roots = [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let mut tree = Tree::default();
        assert_eq!(tree.root().to_string(), roots[0]);
        for (input, root) in inputs.into_iter().zip(&roots[1..]) {
            tree.push(leaf(input));
            assert_eq!(tree.root().to_string(), *root, "{} leaves", tree.size());
        }
    }

    #[test]
    fn the_root_is_the_defined_one_at_every_size() {
        let leaves: Vec<Digest> = (0..200_u32).map(|index| leaf(&index.to_le_bytes())).collect();
        let mut tree = Tree::default();
        for (size, next) in leaves.iter().enumerate() {
            assert_eq!(tree.root(), defined(&leaves[..size]), "{size} leaves");
            assert_eq!(u32::try_from(tree.peaks.len()), Ok(size.count_ones()));
            tree.push(*next);
        }
    }
}
