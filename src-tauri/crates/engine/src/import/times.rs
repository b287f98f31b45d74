//! Times as files write them.

use chrono::NaiveDateTime;
use reeve_core::time::Millis;

/// RFC 3339, `2023-11-16 18:15:46.68` (taken as UTC), or Unix seconds or milliseconds.
pub(super) fn read(text: &str) -> Option<Millis> {
    if let Ok(time) = text.parse::<Millis>() {
        return Some(time);
    }
    if let Ok(number) = text.parse::<i64>() {
        // Seconds until the year 5138; beyond that they are milliseconds.
        let ms = if number.abs() < 100_000_000_000 { number.checked_mul(1_000)? } else { number };
        return (ms > 0).then_some(Millis(ms));
    }
    let shapes = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f"];
    let read = shapes.iter().find_map(|shape| NaiveDateTime::parse_from_str(text, shape).ok());
    read.map(|t| Millis(t.and_utc().timestamp_millis()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_usual_shapes() {
        let expected = Some("2023-11-16T18:15:46.680Z".parse().unwrap());
        for text in [
            "2023-11-16 18:15:46.6805900",
            "2023-11-16T18:15:46.68",
            "2023-11-16T19:15:46.680+01:00",
            "1700158546680",
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
        for text in ["", "yesterday", "2023-13-01 00:00:00", "-5"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
