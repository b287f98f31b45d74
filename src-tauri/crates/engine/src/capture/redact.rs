//! Leaving out what should not be kept: built-in detectors and the tenant's own patterns, in time linear in the text.

use regex::{Regex, RegexBuilder};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The longest own pattern, in bytes.
pub(super) const MAX_PATTERN: usize = 500;
/// What a compiled own pattern may take, in bytes.
const PATTERN_SIZE: usize = 256 * 1024;
/// A text without a blank that is longer is data, not something people read.
const DATA: usize = 512;

/// What the built-in detectors find.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Detector {
    /// Bearer tokens.
    Bearer,
    /// Secrets in the shapes that providers give theirs.
    ApiKey,
    /// E-mail addresses.
    Email,
    /// Bank accounts whose check digits are right.
    Iban,
    /// Payment cards whose check digit is right.
    Card,
    /// Telephone numbers.
    Phone,
}

impl Detector {
    /// Every one, in the order they are applied.
    pub const ALL: [Self; 6] = [Self::Bearer, Self::ApiKey, Self::Email, Self::Iban, Self::Card, Self::Phone];

    /// The word in the store and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bearer => "bearer",
            Self::ApiKey => "api_key",
            Self::Email => "email",
            Self::Iban => "iban",
            Self::Card => "card",
            Self::Phone => "phone",
        }
    }

    /// The detector of a word, if it is one.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|d| d.as_str() == word)
    }

    fn regex(self) -> &'static Regex {
        &BUILT_IN[Self::ALL.iter().position(|d| *d == self).unwrap_or(0)]
    }

    /// How much of a candidate is one; `None` where it only looks like it.
    fn confirmed(self, candidate: &str) -> Option<usize> {
        match self {
            Self::Bearer | Self::ApiKey | Self::Email => Some(candidate.len()),
            Self::Card => is_card(candidate).then_some(candidate.len()),
            Self::Iban => iban(candidate),
            Self::Phone => {
                let digits = candidate.bytes().filter(u8::is_ascii_digit).count();
                (8..=15).contains(&digits).then_some(candidate.len())
            }
        }
    }
}

static BUILT_IN: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let sources = [
        r"(?i)\bbearer\s+[a-z0-9._~+/=-]{8,}",
        r"\b(?:sk-[A-Za-z0-9_-]{16,}|rvk_[A-Za-z0-9_.-]{12,}|(?:AKIA|ASIA)[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|xox[abprs]-[A-Za-z0-9-]{10,}|AIza[0-9A-Za-z_-]{30,}|glpat-[A-Za-z0-9_-]{16,}|(?:pk|rk|sk)_(?:live|test)_[A-Za-z0-9]{16,}|eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]+)",
        r"(?i)[a-z0-9._%+'-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}",
        r"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]){11,30}",
        r"\b[0-9](?:[ -]?[0-9]){12,18}\b",
        r"(?:\+|\b00)[0-9]{1,3}[ ./-]?(?:\(?[0-9]{1,4}\)?[ ./-]?){1,5}[0-9]{2,4}\b|\(?\b[0-9]{3}\)?[ .-][0-9]{3}[ .-][0-9]{4}\b",
    ];
    sources.iter().filter_map(|source| Regex::new(source).ok()).collect()
});

fn is_card(candidate: &str) -> bool {
    let digits: Vec<u32> = candidate.chars().filter_map(|c| c.to_digit(10)).collect();
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, d)| if i.is_multiple_of(2) { *d } else { d * 2 - 9 * u32::from(*d > 4) })
        .sum();
    (13..=19).contains(&digits.len()) && sum.is_multiple_of(10) && digits.iter().any(|d| *d != 0)
}

/// How long a country's account numbers are (ISO 13616 registry).
const IBAN: &str = "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 FO18 FR27 \
    GB22 GE22 GI23 GL18 GR27 HR21 HU28 IE22 IL23 IS26 IT27 JO30 KW30 KZ20 LB28 LI21 LT20 LU20 LV21 MC27 MD24 ME22 MK19 MT31 MU30 \
    NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SE24 SI19 SK24 SM27 TN24 TR26 UA29 VA22 VG24 XK20";

/// The length of the account at the beginning of `candidate`: what follows it may look like more of it.
fn iban(candidate: &str) -> Option<usize> {
    let country = candidate.get(..2)?;
    let length: usize = IBAN.split(' ').find_map(|known| known.strip_prefix(country))?.parse().ok()?;
    let end = candidate.char_indices().filter(|(_, c)| *c != ' ').nth(length - 1).map(|(i, _)| i + 1)?;
    let plain: Vec<u8> = candidate[..end].bytes().filter(|b| *b != b' ').collect();
    let (head, tail) = plain.split_at(4);
    let rest = tail.iter().chain(head).fold(0_u32, |rest, b| match b {
        b'0'..=b'9' => (rest * 10 + u32::from(b - b'0')) % 97,
        _ => (rest * 100 + u32::from(b - b'A') + 10) % 97,
    });
    (rest == 1).then_some(end)
}

/// Compiles an own pattern.
pub(super) fn compile(pattern: &str) -> Result<Regex, String> {
    if pattern.is_empty() || pattern.len() > MAX_PATTERN {
        return Err(format!("must have 1 to {MAX_PATTERN} characters"));
    }
    let compiled = RegexBuilder::new(pattern)
        .size_limit(PATTERN_SIZE)
        .dfa_size_limit(4 * PATTERN_SIZE)
        .nest_limit(50)
        .build()
        .map_err(|e| match e {
            regex::Error::CompiledTooBig(_) => "is too large when compiled".to_owned(),
            other => {
                format!("cannot be read: {}", other.to_string().lines().last().unwrap_or_default().trim())
            }
        })?;
    if compiled.is_match("") {
        return Err("matches the empty text, so it would leave out nothing and everything".to_owned());
    }
    Ok(compiled)
}

/// What is left out, and how often it was.
#[derive(Debug)]
pub struct Redactor {
    detectors: Vec<Detector>,
    own: Vec<Regex>,
}

/// How often each detector found something; own patterns count as `own`.
pub type Found = BTreeMap<String, u64>;

impl Redactor {
    /// One with these detectors and patterns.
    pub(super) fn new(detectors: &[Detector], own: Vec<Regex>) -> Self {
        let mut detectors = detectors.to_vec();
        detectors.sort_unstable();
        detectors.dedup();
        Self { detectors, own }
    }

    /// A text without what is left out.
    pub(super) fn text<'t>(&self, text: &'t str, found: &mut Found) -> Cow<'t, str> {
        if text.len() > DATA && text.is_ascii() && !text.contains(char::is_whitespace) {
            *found.entry("data".to_owned()).or_default() += 1;
            return Cow::Owned(format!("[left out: {} bytes of data]", text.len()));
        }
        let mut text = Cow::Borrowed(text);
        for detector in &self.detectors {
            let word = detector.as_str();
            let regex = detector.regex();
            if regex.is_match(&text) {
                let redacted = replaced(&text, regex, word, |c| detector.confirmed(c), found);
                text = Cow::Owned(redacted);
            }
        }
        for regex in &self.own {
            if regex.is_match(&text) {
                text = Cow::Owned(replaced(&text, regex, "own", |c| Some(c.len()), found));
            }
        }
        text
    }

    /// As [`Redactor::text`] for JSON, also for the beginning of one: every text in it by itself, with its escapes
    /// undone, so that none hides anything.
    pub(super) fn json(&self, json: &str, found: &mut Found) -> String {
        let mut out = String::with_capacity(json.len());
        let mut rest = json;
        while let Some(start) = rest.find('"') {
            self.bare(&rest[..start], &mut out, found);
            let Some(end) = end_of_string(&rest[start..]) else {
                // Torn: what is left of it may be half of a secret.
                out.push_str("\"[cut]");
                return out;
            };
            let literal = &rest[start..start + end];
            match serde_json::from_str::<String>(literal) {
                Ok(plain) => match self.text(&plain, found) {
                    Cow::Borrowed(_) => out.push_str(literal),
                    Cow::Owned(redacted) => {
                        out.push_str(&serde_json::to_string(&redacted).unwrap_or_default());
                    }
                },
                Err(_) => out.push_str(&self.text(literal, found)),
            }
            rest = &rest[start + end..];
        }
        self.bare(rest, &mut out, found);
        out
    }

    /// What stands between the texts: a whole number may be a card.
    fn bare(&self, text: &str, out: &mut String, found: &mut Found) {
        if !self.detectors.contains(&Detector::Card) {
            return out.push_str(text);
        }
        let part_of_number = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e' | 'E');
        let mut rest = text;
        while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
            let end = rest[start..].find(|c| !part_of_number(c)).map_or(rest.len(), |n| start + n);
            let number = &rest[start..end];
            let begins = !rest[..start].ends_with(part_of_number);
            out.push_str(&rest[..start]);
            if begins && number.bytes().all(|b| b.is_ascii_digit()) && is_card(number) {
                out.push_str("\"[redacted: card]\"");
                *found.entry("card".to_owned()).or_default() += 1;
            } else {
                out.push_str(number);
            }
            rest = &rest[end..];
        }
        out.push_str(rest);
    }
}

fn replaced(
    text: &str,
    regex: &Regex,
    word: &str,
    confirmed: impl Fn(&str) -> Option<usize>,
    found: &mut Found,
) -> String {
    let (mut out, mut done) = (String::with_capacity(text.len()), 0);
    for candidate in regex.find_iter(text) {
        if candidate.is_empty() {
            continue;
        }
        if let Some(length) = confirmed(candidate.as_str()) {
            out.push_str(&text[done..candidate.start()]);
            out.push_str("[redacted: ");
            out.push_str(word);
            out.push(']');
            done = candidate.start() + length;
            *found.entry(word.to_owned()).or_default() += 1;
        }
    }
    out.push_str(&text[done..]);
    out
}

/// The length of the string literal that `text` begins with.
fn end_of_string(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (i, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(i + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests;
