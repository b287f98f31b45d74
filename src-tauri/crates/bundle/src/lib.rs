//! Exports of the ledger: `reeve-export v1`, a file with which a third party verifies entries without Reeve, a whole log
//! as a C2SP tile tree, and the feeds (CSV, JSON lines) that other systems read.
//!
//! A bundle is a zip archive in one fixed layout ([`archive`]): stored, without times, nothing between its parts. So every byte
//! of it is either checked or has one possible value, the same entries always give the same file, nothing unpacks to more
//! than it is, and two programs cannot read two different things in it. What is in it: [`manifest`] says which part of which
//! log, the signed checkpoint, [`frontier`] what stands for the entries before and after a range, then the entries, each
//! line the very bytes that the tree hashes.
//!
//! Everything here is a pure function of its input. It knows the ledger's formats; it must not know the store, the engine,
//! clocks or networks. An auditor can compile it with `reeve-ledger` and nothing else of Reeve.
//!
//! Start reading at [`mod@write`] (how one is made), then [`mod@verify`] (how one is judged). The specification that travels in each
//! bundle is `format/SPEC.md`, the second verifier, in Python, `format/verify.py`.

pub mod archive;
pub mod feed;
pub mod frontier;
pub mod handover;
pub mod manifest;
pub mod tiles;
pub mod verify;
pub mod witnessed;
pub mod write;

pub use feed::{Feed, FeedError, FeedFormat};
pub use frontier::{Span, after, before};
pub use handover::HandOver;
pub use manifest::{Kind, Manifest, PrivateMode};
pub use tiles::{TileTreeError, TileTreeWriter};
pub use verify::{Fault, FaultCode, Known, Report, Verdict, verify};
pub use witnessed::{Witnessed, WitnessedHead};
pub use write::{BundleWriter, Evidence, Noted, OpenedSection, WriteError};

/// Name and version of the format, as the manifest says it.
pub const FORMAT: &str = "reeve-export v1";

/// The specification that travels in each bundle.
pub const SPEC: &str = include_str!("../format/SPEC.md");

/// The verifier in Python that travels in each bundle.
pub const VERIFY_PY: &str = include_str!("../format/verify.py");

/// Bytes of entries after which a part ends, and the most a part may have unless it is one line.
pub const PART: usize = 1 << 20;

/// The most bytes any file in a bundle may have.
pub const MAX_FILE: usize = 8 << 20;

/// The names of the files that every bundle begins with, in their order.
pub const FIXED: [&str; 5] = ["manifest.json", "checkpoint", "frontier.txt", "SPEC.md", "verify.py"];

/// The file that tells how one key followed another; only where there is more than one. It stands behind the checkpoint.
pub const KEYS: &str = "keys.jsonl";

/// The files about outside witnesses, only where the manifest names any. They stand behind the checkpoint and the keys: which of them
/// must have signed, as a C2SP tlog-policy, and what they signed.
pub const WITNESSES: [&str; 2] = ["policy", "witnessed.jsonl"];

/// The name of part `number` (from 1) in a folder: `entries/000001.jsonl`.
#[must_use]
pub fn part_name(folder: Folder, number: u32) -> String {
    format!("{}/{number:06}.{}", folder.as_str(), if folder.holds_json() { "jsonl" } else { "txt" })
}

/// The folders of a bundle. A part of entries has the same number in each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folder {
    /// The entries, a line each.
    Entries,
    /// The hash of each entry: tells which line does not fit.
    Hashes,
    /// In a selection, the inclusion proof of each entry.
    Proofs,
    /// Opened private sections.
    Private,
}

impl Folder {
    /// The folder's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Entries => "entries",
            Self::Hashes => "hashes",
            Self::Proofs => "proofs",
            Self::Private => "private",
        }
    }

    const fn holds_json(self) -> bool {
        matches!(self, Self::Entries | Self::Private)
    }
}
