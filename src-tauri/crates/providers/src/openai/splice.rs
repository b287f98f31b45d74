//! Cutting new text into a body without touching the rest.

use bytes::{Bytes, BytesMut};
use std::ops::Range;

/// A replacement of part of a text.
#[derive(Debug)]
pub(crate) struct Cut {
    /// What goes; empty where text is only added.
    pub(crate) place: Range<usize>,
    /// What comes.
    pub(crate) text: String,
}

/// The body with every cut made; the very same bytes where there is none.
pub(crate) fn splice(body: &Bytes, mut cuts: Vec<Cut>) -> Bytes {
    if cuts.is_empty() {
        return body.clone();
    }
    cuts.sort_by_key(|c| c.place.start);
    let added: usize = cuts.iter().map(|c| c.text.len()).sum();
    let mut out = BytesMut::with_capacity(body.len() + added);
    let mut from = 0;
    for cut in &cuts {
        out.extend_from_slice(&body[from..cut.place.start]);
        out.extend_from_slice(cut.text.as_bytes());
        from = cut.place.end;
    }
    out.extend_from_slice(&body[from..]);
    out.freeze()
}
