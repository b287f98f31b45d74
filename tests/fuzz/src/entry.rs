//! Entries: whatever is read is written again byte for byte, so that two texts never mean one entry.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reeve_ledger::{Leaf, Outline, canonical};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(value) = canonical::parse(bytes) {
        assert_eq!(canonical::encode(&value).as_deref(), Ok(bytes), "one value, two texts");
    }
    assert_eq!(Outline::parse(bytes, "tenant").map(drop), Leaf::parse(bytes).map(drop), "an outline is as strict");
    if let Ok(leaf) = Leaf::parse(bytes) {
        assert_eq!(leaf.encode().as_deref(), Ok(bytes), "one entry, two texts");
        assert!(!bytes.contains(&b'\n'), "an entry is one line");
    }
});
