//! Codes of authenticator apps: TOTP (RFC 6238) over HOTP (RFC 4226) with what every app knows: SHA-1, six digits, half a minute.

use hmac::{Hmac, KeyInit, Mac};
use reeve_core::time::Millis;
use sha1::Sha1;
use subtle::ConstantTimeEq;

/// Bytes of a seed: as long as the hash (RFC 4226, 4, R6).
pub(super) const SEED_BYTES: usize = 20;
const DIGITS: usize = 6;
const STEP: i64 = 30 * Millis::SECOND;
/// How many steps a phone's clock may be off, either way.
const DRIFT: u64 = 1;

/// The step that `now` is in.
fn step_at(now: Millis) -> u64 {
    u64::try_from(now.0.div_euclid(STEP)).unwrap_or_default()
}

/// The code of a step (RFC 4226, 5.3).
fn code_of(seed: &[u8], step: u64) -> [u8; DIGITS] {
    // HMAC takes keys of any length.
    let Ok(mac) = Hmac::<Sha1>::new_from_slice(seed) else { return [0; DIGITS] };
    let hash = mac.chain_update(step.to_be_bytes()).finalize().into_bytes();
    let at = usize::from(hash[19] & 0xf);
    let mut number = u32::from_be_bytes([hash[at] & 0x7f, hash[at + 1], hash[at + 2], hash[at + 3]]);
    let mut code = [0; DIGITS];
    for digit in code.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
    code
}

/// What was typed, if it is six digits; spaces do not matter.
pub(super) fn digits(typed: &str) -> Option<[u8; DIGITS]> {
    let plain: Vec<u8> = typed.bytes().filter(|b| !b.is_ascii_whitespace()).take(DIGITS + 1).collect();
    plain.try_into().ok().filter(|code: &[u8; DIGITS]| code.iter().all(u8::is_ascii_digit))
}

/// The step around `now` whose code it is, if it comes after `last`: one that was taken before, or is older than one that
/// was, is not looked at, so that nobody who saw a code uses it again (RFC 6238, 5.2).
pub(super) fn matching(seed: &[u8], code: &[u8; DIGITS], now: Millis, last: u64) -> Option<u64> {
    let here = step_at(now);
    (here.saturating_sub(DRIFT)..=here + DRIFT)
        .filter(|step| *step > last)
        .find(|step| code_of(seed, *step).ct_eq(code).into())
}

/// The code that an app shows at `now`.
#[cfg(test)]
pub(super) fn shown(seed: &[u8], now: Millis) -> String {
    String::from_utf8(code_of(seed, step_at(now)).to_vec()).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SEED: &[u8] = b"12345678901234567890";

    fn at(seconds: i64) -> Millis {
        Millis(seconds * Millis::SECOND)
    }

    #[test]
    fn the_vectors_of_rfc_6238() {
        // Appendix B, SHA-1; of its eight digits the last six.
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(shown(SEED, at(seconds)), code, "{seconds}");
        }
    }

    #[test]
    fn the_vectors_of_rfc_4226() {
        let codes = [
            "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871",
            "520489",
        ];
        for (step, code) in codes.iter().enumerate() {
            assert_eq!(code_of(SEED, step as u64), code.as_bytes(), "{step}");
        }
    }

    #[test]
    fn a_clock_may_be_off_by_one_step_and_no_code_counts_twice() {
        let now = at(1_700_000_010);
        let here = step_at(now);
        for off in -2..=2_i64 {
            let step = here.checked_add_signed(off).unwrap();
            let found = matching(SEED, &code_of(SEED, step), now, 0);
            assert_eq!(found, (off.abs() <= 1).then_some(step), "{off}");
        }
        let code = code_of(SEED, here);
        assert_eq!(matching(SEED, &code, now, here - 1), Some(here));
        assert_eq!(matching(SEED, &code, now, here), None, "taken");
        assert_eq!(
            matching(SEED, &code_of(SEED, here - 1), now, here),
            None,
            "older than one that was taken"
        );
        assert_eq!(matching(SEED, &code_of(SEED, here + 1), now, here), Some(here + 1));
        assert_eq!(matching(b"another seed of bytes", &code, now, 0), None);
    }

    #[test]
    fn before_1970_and_at_the_end_of_time_nothing_breaks() {
        for now in [Millis(i64::MIN), Millis(-1), Millis(0), Millis(i64::MAX)] {
            let _ = matching(SEED, b"000000", now, 0);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in ".{0,40}") {
            if let Some(code) = digits(&text) {
                prop_assert!(code.iter().all(u8::is_ascii_digit));
            }
        }

        #[test]
        fn spaces_do_not_matter(code in "[0-9]{6}") {
            let spaced = format!(" {} {} ", &code[..3], &code[3..]);
            prop_assert_eq!(digits(&spaced).unwrap(), code.as_bytes());
            let longer = format!("{code}1");
            prop_assert_eq!(digits(&longer), None);
            prop_assert_eq!(digits(&code[1..]), None);
        }
    }
}
