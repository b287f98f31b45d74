//! Slugs: the short name of a tenant in addresses, `[a-z0-9]` and single dashes, at most 63 characters.

/// A slug made from a name; empty where the name holds no letter or digit of ASCII.
#[must_use]
pub fn from_name(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() >= 63 {
            break;
        }
    }
    slug.trim_end_matches('-').to_owned()
}

/// Whether `text` is a slug.
#[must_use]
pub fn is_valid(text: &str) -> bool {
    !text.is_empty() && text.len() <= 63 && from_name(text) == text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_slugs() {
        assert_eq!(from_name("Acme Corp."), "acme-corp");
        assert_eq!(from_name("  --Ünïcode & Sons 2 "), "n-code-sons-2");
        assert!(is_valid("acme-corp"));
        for bad in ["", "-a", "a--b", "A", "a_b", "ä"] {
            assert!(!is_valid(bad), "{bad}");
        }
    }
}
