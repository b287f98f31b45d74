//! The map of what every call looks up.

use std::collections::HashMap;

/// A map that is hashed in a few nanoseconds. Each has a seed of its own, so that nobody outside can make names that collide.
pub(crate) type HotMap<K, V> = HashMap<K, V, foldhash::quality::RandomState>;
