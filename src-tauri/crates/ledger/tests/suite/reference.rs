//! What the crate is compared with: RFC 6962 section 2.1 written as the recursion it is defined by, and the
//! log of the design's appendix.

use std::cell::RefCell;
use std::collections::HashMap;
use std::convert::Infallible;

use data_encoding::{BASE64, HEXLOWER};
use reeve_ledger::{HashSource, Hlc, Leaf, commitment, leaf_hash, node_hash};
use serde_json::{Map, json};

pub(crate) type Hash = [u8; 32];

pub(crate) fn hex(text: &str) -> Hash {
    HEXLOWER.decode(text.as_bytes()).unwrap().try_into().unwrap()
}

pub(crate) fn base64(text: &str) -> Hash {
    BASE64.decode(text.as_bytes()).unwrap().try_into().unwrap()
}

/// A tree as a list of leaf hashes. Subtrees are remembered, or the tests over all sizes take minutes.
pub(crate) struct Tree {
    leaves: Vec<Hash>,
    known: RefCell<HashMap<(usize, usize), Hash>>,
}

/// The largest power of two smaller than `n`.
fn split(n: usize) -> usize {
    n.next_power_of_two() / 2
}

impl Tree {
    pub(crate) fn new(leaves: Vec<Hash>) -> Self {
        Self { leaves, known: RefCell::default() }
    }

    /// A tree of `n` distinct leaves.
    pub(crate) fn numbered(n: u64) -> Self {
        Self::new((0..n).map(|i| leaf_hash(&i.to_be_bytes())).collect())
    }

    pub(crate) fn leaf(&self, index: usize) -> Hash {
        self.leaves[index]
    }

    pub(crate) fn leaves(&self) -> &[Hash] {
        &self.leaves
    }

    /// MTH(D[n]).
    pub(crate) fn root(&self, n: usize) -> Hash {
        self.range(0, n)
    }

    fn range(&self, start: usize, end: usize) -> Hash {
        if end - start == 1 {
            return self.leaves[start];
        }
        if let Some(known) = self.known.borrow().get(&(start, end)) {
            return *known;
        }
        let middle = start + split(end - start);
        let hash = node_hash(&self.range(start, middle), &self.range(middle, end));
        self.known.borrow_mut().insert((start, end), hash);
        hash
    }

    /// PATH(m, D[n]).
    pub(crate) fn path(&self, m: usize, n: usize) -> Vec<Hash> {
        self.path_in(m, 0, n)
    }

    fn path_in(&self, m: usize, start: usize, end: usize) -> Vec<Hash> {
        if end - start == 1 {
            return Vec::new();
        }
        let middle = start + split(end - start);
        let (mut path, beside) = if m < middle {
            (self.path_in(m, start, middle), self.range(middle, end))
        } else {
            (self.path_in(m, middle, end), self.range(start, middle))
        };
        path.push(beside);
        path
    }

    /// PROOF(m, D[n]).
    pub(crate) fn proof(&self, m: usize, n: usize) -> Vec<Hash> {
        self.subproof(m, 0, n, true)
    }

    fn subproof(&self, m: usize, start: usize, end: usize, complete: bool) -> Vec<Hash> {
        if m == end - start {
            return if complete { Vec::new() } else { vec![self.range(start, end)] };
        }
        let k = split(end - start);
        let (mut proof, beside) = if m <= k {
            (self.subproof(m, start, start + k, complete), self.range(start + k, end))
        } else {
            (self.subproof(m - k, start + k, end, false), self.range(start, start + k))
        };
        proof.push(beside);
        proof
    }
}

impl HashSource for Tree {
    type Error = Infallible;

    fn subtree(&self, level: u32, index: u64) -> Result<Hash, Infallible> {
        let (start, width) = ((index << level) as usize, 1 << level);
        Ok(self.range(start, start + width))
    }
}

pub(crate) const PRIVATE: &[u8] = br#"{"email":"ada@example.com","ip":"203.0.113.7"}"#;

pub(crate) fn private_commitment() -> Hash {
    commitment(&std::array::from_fn(|i| i as u8), PRIVATE)
}

/// Entry `n` of the appendix's log.
pub(crate) fn appendix_leaf(n: u64) -> Leaf {
    let time = 1_767_225_600_000 + n as i64 * 1000;
    let kind = if n.is_multiple_of(3) { "session.start" } else { "budget.update" };
    Leaf {
        n,
        t: time,
        hlc: Hlc::default().next(time),
        kind: kind.to_owned(),
        who: "u:7f3k".to_owned(),
        via: "ui".to_owned(),
        on: "budget:01".to_owned(),
        ok: reeve_ledger::leaf::Ok::Success,
        sid: None,
        x: Map::from_iter([("limit_uusd".to_owned(), json!(250_000_000))]),
        p: if n == 1 { vec![("k1".to_owned(), private_commitment())] } else { Vec::new() },
    }
}

/// The first `n` entries of the appendix's log.
pub(crate) fn appendix_tree(n: u64) -> Tree {
    Tree::new((0..n).map(|i| leaf_hash(&appendix_leaf(i).encode().unwrap())).collect())
}
