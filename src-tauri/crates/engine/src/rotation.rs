//! The rotation of provider keys.

mod demote;
mod fallbacks;
