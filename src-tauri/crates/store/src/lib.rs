//! The store: one SQLite file for state, audit entries and usage entries, so that a change and its entry commit together.
//!
//! - One writer thread runs queued closures in one transaction and answers after the commit ([`Store::write`]).
//! - Readers come from a small pool ([`Store::read`]).
//! - A write handle exists only behind an entry: [`Tx::record`] and [`Tx::meter`] append a leaf to the ledger and lend the
//!   tables for writing, so an unaudited write does not compile.
//! - [`TextIndex`] finds words in entries; it is derived, in a file of its own, and outside of all that is proven.
//! - One file per table in [`table`]; columns are named in every statement and read by name.
//!
//! It knows SQL and the ledger's format. It must not know use cases, permissions, HTTP or keys.
//! Start reading at [`writer`], then [`tx`] and [`log`].

mod checkpoint;
pub mod error;
mod guard;
pub mod log;
mod migrations;
mod open;
pub mod reader;
pub mod requests;
mod sql;
pub mod table;
pub mod text_index;
pub mod tx;
pub mod verify;
pub mod writer;

pub use error::StoreError;
pub use guard::schema_digest;
pub use log::keys::LogKey;
pub use log::prune::{Prunable, Swept};
pub use log::{NewEntry, Private, Stream};
pub use open::{OpenStore, Store};
pub use reader::Read;
pub use text_index::{TextIndex, TextQuery};
pub use tx::{Recorded, Tx};
