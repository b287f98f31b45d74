//! A set of places in a part of the ledger: 8,192 entries, of which each is in it or not.

use std::ops::Range;

/// Entries of a part; whole bundles and whole tiles.
pub(crate) const PART: u64 = 8_192;

const WORDS: usize = 128;
const BITS_BYTES: usize = WORDS * 8;

/// A set of places.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Places(Box<[u64; WORDS]>);

impl Places {
    pub(crate) fn none() -> Self {
        Self(Box::new([0; WORDS]))
    }

    /// Every place of `range`.
    pub(crate) fn within(range: Range<u64>) -> Self {
        let mut all = Self(Box::new([u64::MAX; WORDS]));
        all.keep(range);
        all
    }

    pub(crate) fn insert(&mut self, place: u64) {
        if let Some(word) = usize::try_from(place / 64).ok().and_then(|i| self.0.get_mut(i)) {
            *word |= 1 << (place % 64);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// What both have.
    pub(crate) fn intersect(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0.iter()).for_each(|(word, other)| *word &= other);
    }

    /// What one of both has.
    pub(crate) fn unite(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0.iter()).for_each(|(word, other)| *word |= other);
    }

    /// What the other does not have.
    pub(crate) fn subtract(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0.iter()).for_each(|(word, other)| *word &= !other);
    }

    /// Forgets what is outside of `range`.
    pub(crate) fn keep(&mut self, range: Range<u64>) {
        for (word, first) in self.0.iter_mut().zip((0u64..).step_by(64)) {
            let from = range.start.clamp(first, first + 64) - first;
            let to = range.end.clamp(first, first + 64) - first;
            let ones = |n: u64| if n == 64 { u64::MAX } else { (1 << n) - 1 };
            *word &= ones(to) & !ones(from);
        }
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// How many in each 256 places.
    pub(crate) fn count_by_bundle(&self) -> impl Iterator<Item = u64> {
        self.0.chunks_exact(4).map(|words| words.iter().map(|word| u64::from(word.count_ones())).sum())
    }

    pub(crate) fn contains(&self, place: u64) -> bool {
        usize::try_from(place / 64)
            .ok()
            .and_then(|i| self.0.get(i))
            .is_some_and(|word| word >> (place % 64) & 1 == 1)
    }

    /// The lowest place.
    pub(crate) fn first(&self) -> Option<u64> {
        (0u64..)
            .step_by(64)
            .zip(self.0.iter())
            .find(|(_, word)| **word != 0)
            .map(|(base, word)| base + u64::from(word.trailing_zeros()))
    }

    /// The places, highest first.
    pub(crate) fn descending(&self) -> impl Iterator<Item = u64> {
        self.0.iter().rev().zip((1..=PART / 64).rev()).flat_map(|(word, n)| {
            let base = (n - 1) * 64;
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = 63_u64.checked_sub(u64::from(left.leading_zeros()))?;
                left &= !(1 << bit);
                Some(base + bit)
            })
        })
    }

    /// The bytes of ascending places: one form for each set, so that two are equal if their bytes are.
    pub(crate) fn encode(ascending: impl ExactSizeIterator<Item = u16>) -> Vec<u8> {
        if ascending.len() * 2 < BITS_BYTES {
            return ascending.flat_map(u16::to_be_bytes).collect();
        }
        let mut set = Self::none();
        ascending.for_each(|place| set.insert(u64::from(place)));
        set.0.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    /// `None` if these bytes are no set.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut set = Self::none();
        if bytes.len() == BITS_BYTES {
            let (words, _) = bytes.as_chunks::<8>();
            set.0.iter_mut().zip(words).for_each(|(word, bytes)| *word = u64::from_be_bytes(*bytes));
            return Some(set);
        }
        let (places, []) = bytes.as_chunks::<2>() else { return None };
        if bytes.len() > BITS_BYTES {
            return None;
        }
        for place in places.iter().map(|place| u64::from(u16::from_be_bytes(*place))) {
            if place >= PART {
                return None;
            }
            set.insert(place);
        }
        Some(set)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn set(places: &BTreeSet<u16>) -> Places {
        Places::decode(&Places::encode(places.iter().copied())).unwrap()
    }

    fn places() -> impl Strategy<Value = BTreeSet<u16>> {
        prop_oneof![
            proptest::collection::btree_set(0u16..8_192, 0..40),
            proptest::collection::btree_set(0u16..8_192, 500..1_500),
        ]
    }

    proptest! {
        #[test]
        fn sets_do_what_sets_do(a in places(), b in places(), from in 0u64..8_300, to in 0u64..8_300) {
            let listed = |s: &Places| s.descending().map(|p| p as u16).collect::<BTreeSet<_>>();
            prop_assert_eq!(&listed(&set(&a)), &a);
            let with = |f: fn(&mut Places, &Places)| { let mut s = set(&a); f(&mut s, &set(&b)); listed(&s) };
            prop_assert_eq!(with(Places::intersect), &a & &b);
            prop_assert_eq!(with(Places::unite), &a | &b);
            prop_assert_eq!(with(Places::subtract), &a - &b);
            let mut kept = set(&a);
            kept.keep(from..to);
            let expected: BTreeSet<u16> = a.iter().copied().filter(|p| (from..to).contains(&u64::from(*p))).collect();
            prop_assert_eq!(kept.count(), expected.len() as u64);
            prop_assert_eq!(listed(&kept), expected);
            prop_assert_eq!(set(&a).count_by_bundle().sum::<u64>(), a.len() as u64);
        }

        #[test]
        fn bytes_that_are_no_set_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..1_100)) {
            if let Some(set) = Places::decode(&bytes) {
                prop_assert!(set.count() <= PART);
                prop_assert!(bytes.len() <= BITS_BYTES && bytes.len().is_multiple_of(2));
            }
        }
    }

    #[test]
    fn descending_is_newest_first() {
        let mut set = Places::none();
        [3, 8_191, 64].into_iter().for_each(|place| set.insert(place));
        assert_eq!(set.descending().collect::<Vec<_>>(), [8_191, 64, 3]);
        assert_eq!((set.first(), Places::none().first()), (Some(3), None));
        assert!(set.contains(64) && !set.contains(65) && !set.contains(9_000));
        assert!(Places::within(5..5).is_empty());
    }
}
