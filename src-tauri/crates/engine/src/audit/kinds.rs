//! Event types to filter by: several at once, each meant or, with a minus before it, left out.

use super::EntryFilter;
use crate::error::Error;

/// Event types of a filter at most.
const MOST: usize = 50;
/// Characters of one at most.
const LONGEST: usize = 100;

/// Which event types are meant and which are left out.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Kinds {
    /// One of these; any if there are none.
    pub any_of: Vec<String>,
    /// None of these.
    pub none_of: Vec<String>,
}

impl Kinds {
    /// Reads event types, those with a minus as left out; `field` is named by what is wrong.
    ///
    /// # Errors
    /// If one is empty or too long, or there are more than 50.
    pub fn read<'t>(field: &str, texts: impl IntoIterator<Item = &'t str>) -> Result<Self, Error> {
        let mut kinds = Self::default();
        for text in texts {
            let text = text.trim();
            let (left_out, kind) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
            if kind.is_empty()
                || kind.chars().count() > LONGEST
                || kind.chars().any(|c| c.is_control() || c == ',')
            {
                return Err(Error::field(field, "must be event types of 1 to 100 characters each"));
            }
            let of = if left_out { &mut kinds.none_of } else { &mut kinds.any_of };
            if !of.iter().any(|known| known == kind) {
                of.push(kind.to_owned());
            }
            if kinds.any_of.len() + kinds.none_of.len() > MOST {
                return Err(Error::field(field, format!("must be {MOST} event types at most")));
            }
        }
        Ok(kinds)
    }

    /// As they were read.
    pub fn texts(&self) -> impl Iterator<Item = String> {
        self.any_of.iter().cloned().chain(self.none_of.iter().map(|kind| format!("-{kind}")))
    }

    /// The filter for them alone.
    #[must_use]
    pub fn filter(self) -> EntryFilter {
        EntryFilter { kinds: self.any_of, not_kinds: self.none_of, ..EntryFilter::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minus_leaves_out() {
        let kinds = Kinds::read("f", ["auth.failed", " -key.probe", "auth.failed"]).unwrap();
        assert_eq!((kinds.any_of.len(), kinds.none_of.as_slice()), (1, &["key.probe".to_owned()][..]));
        assert_eq!(kinds.texts().collect::<Vec<_>>(), ["auth.failed", "-key.probe"]);
        let many: Vec<_> = (0..=MOST).map(|n| format!("a.{n}")).collect();
        assert!(Kinds::read("f", many.iter().skip(1).map(String::as_str)).is_ok());
        assert!(Kinds::read("f", many.iter().map(String::as_str)).is_err());
        for bad in ["", " ", "-", "a\nb", &"x".repeat(101)] {
            assert!(Kinds::read("f", [bad]).is_err(), "{bad}");
        }
    }
}
