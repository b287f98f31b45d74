//! Amounts from their text, exactly: no float on the way.

use reeve_core::money::NanoUsd;

/// The text is no amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an amount of money")]
pub struct AmountError;

/// Digits of a number at most; more say nothing about money.
const DIGITS: usize = 30;

/// An amount written in dollars, such as `0.06` or `1.2e-7`; half a nano-dollar is rounded up, once.
///
/// # Errors
/// [`AmountError`].
pub fn dollars(text: &str) -> Result<NanoUsd, AmountError> {
    scaled(text, 9)
}

/// An amount written in cents, such as `123.45` for $1.2345; half a nano-dollar is rounded up, once.
///
/// # Errors
/// [`AmountError`].
pub fn cents(text: &str) -> Result<NanoUsd, AmountError> {
    scaled(text, 7)
}

/// `text` times ten to the power of `power`, in nano-dollars.
fn scaled(text: &str, power: i32) -> Result<NanoUsd, AmountError> {
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, exponent.parse::<i32>().map_err(|_| AmountError)?),
        None => (text, 0),
    };
    let (negative, digits) = number.strip_prefix('-').map_or((false, number), |rest| (true, rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !is_number(whole)
        || !is_number(fraction)
        || whole.len() + fraction.len() > DIGITS
        || exponent.abs() > 40
    {
        return Err(AmountError);
    }
    let mantissa: i128 = format!("{whole}{fraction}").parse().map_err(|_| AmountError)?;
    let shift = power + exponent - i32::try_from(fraction.len()).map_err(|_| AmountError)?;
    let nano = match u32::try_from(shift) {
        Ok(up) if mantissa == 0 || up <= 30 => {
            10_i128.checked_pow(up.min(30)).and_then(|f| mantissa.checked_mul(f))
        }
        Ok(_) => None,
        Err(_) => {
            let down = shift.unsigned_abs();
            // So small that it rounds to nothing.
            let divisor = 10_i128.checked_pow(down.min(38));
            divisor.map(|by| mantissa / by + i128::from(mantissa % by >= by - by / 2))
        }
    };
    let nano = i64::try_from(nano.ok_or(AmountError)?).map_err(|_| AmountError)?;
    Ok(NanoUsd(if negative { -nano } else { nano }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_and_cents_are_not_confused() {
        assert_eq!(dollars("0.06").unwrap(), NanoUsd(60_000_000));
        assert_eq!(cents("0.06").unwrap(), NanoUsd(600_000));
        assert_eq!(cents("123.45").unwrap(), "1.2345".parse().unwrap());
        assert_eq!(dollars("123.45").unwrap(), "123.45".parse().unwrap());
        assert_eq!(dollars("-12").unwrap(), NanoUsd::from_usd(-12));
    }

    #[test]
    fn every_digit_counts_and_the_last_is_rounded_once() {
        for (text, nano) in [
            ("0.1", 100_000_000),
            ("0.12000000000000001", 120_000_000),
            ("0.0000000005", 1),
            ("0.00000000049999", 0),
            ("1e-7", 100),
            ("2.5E-10", 0),
            ("5.0e-10", 1),
            ("1.5e3", 1_500_000_000_000),
            ("0", 0),
            ("0.000", 0),
            ("1e-40", 0),
        ] {
            assert_eq!(dollars(text).unwrap(), NanoUsd(nano), "{text}");
        }
        // A tenth a thousand times is a hundred, which sums of floats are not.
        let sum: NanoUsd = (0..1_000).map(|_| dollars("0.1").unwrap()).sum();
        assert_eq!(sum, NanoUsd::from_usd(100));
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in [
            "",
            "-",
            ".5",
            "5.",
            "1,000.00",
            "NaN",
            "inf",
            "1e",
            "0x10",
            " 1",
            "1 ",
            "--1",
            "1e99",
            "9999999999999",
            "12345678901234567890123456789012",
        ] {
            assert_eq!(dollars(text), Err(AmountError), "{text}");
        }
    }
}
