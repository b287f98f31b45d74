//! When a day stands out, and the sentence that says why. The rule is simple on purpose: everybody can check it by hand.

use chrono::NaiveDate;

/// Days before it that a day is compared with.
pub(super) const WINDOW: usize = 28;
/// Whole days of those that there must be.
const LEAST_DAYS: usize = 7;
/// What happened fewer times is never unusual.
const LEAST: u64 = 5;
/// Standard deviations above the mean.
const DEVIATIONS: f64 = 3.0;

/// What a day is compared with.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Usual {
    days: usize,
    mean: f64,
    most: f64,
}

/// Of the days before, oldest first; `None` if they are too few to say.
fn usual(before: &[u64]) -> Option<Usual> {
    if before.len() < LEAST_DAYS {
        return None;
    }
    let days = u32::try_from(before.len()).map_or(f64::INFINITY, f64::from);
    let numbers = || before.iter().map(|count| u32::try_from(*count).map_or(f64::from(u32::MAX), f64::from));
    let mean = numbers().sum::<f64>() / days;
    let variance = numbers().map(|n| (n - mean).powi(2)).sum::<f64>() / (days - 1.0);
    Some(Usual { days: before.len(), mean, most: DEVIATIONS.mul_add(variance.sqrt(), mean) })
}

/// Why day `at` of `counts` is unusual, if it is. Days before `whole` are not whole in the trail, and are not compared with.
pub(super) fn sentence(day: NaiveDate, counts: &[u64], at: usize, whole: usize) -> Option<String> {
    let count = *counts.get(at)?;
    let usual = usual(counts.get(at.saturating_sub(WINDOW).max(whole)..at)?)?;
    let above = u32::try_from(count).is_ok_and(|n| f64::from(n) > usual.most) || count > u64::from(u32::MAX);
    (count >= LEAST && above).then(|| {
        format!(
            "{count} on {}. In the {} days before there were {:.1} a day on average, and up to {:.1} would be usual.",
            day.format("%-d %b"),
            usual.days,
            usual.mean,
            usual.most
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(counts: &[u64], whole: usize) -> Option<String> {
        sentence(NaiveDate::from_ymd_opt(2026, 11, 9).unwrap(), counts, counts.len() - 1, whole)
    }

    #[test]
    fn a_day_far_above_the_days_before_is_unusual_and_says_why() {
        // Mean 2, standard deviation of 1, 3, 1, 3 … is 1.02: up to 5.1 is usual.
        let mut counts: Vec<u64> = (0..28).map(|n| 1 + 2 * (n % 2)).collect();
        counts.push(5);
        assert_eq!(said(&counts, 0), None);
        counts[28] = 6;
        assert_eq!(
            said(&counts, 0).unwrap(),
            "6 on 9 Nov. In the 28 days before there were 2.0 a day on average, and up to 5.1 would be usual."
        );
    }

    #[test]
    fn few_are_never_unusual_and_without_a_week_before_nothing_is() {
        let quiet = |days: usize, last: u64| [vec![0; days], vec![last]].concat();
        assert_eq!(said(&quiet(28, 4), 0), None);
        assert!(said(&quiet(28, 5), 0).is_some());
        assert_eq!(said(&quiet(6, 500), 0), None);
        assert!(said(&quiet(7, 500), 0).is_some());
        assert_eq!(said(&quiet(28, 500), 22), None, "only six of the days are whole");
        assert!(said(&quiet(28, 500), 21).unwrap().contains("In the 7 days before"));
        assert_eq!(said(&quiet(28, 500), 29), None);
    }

    #[test]
    fn only_the_28_days_before_count() {
        let mut counts = vec![1_000; 10];
        counts.extend([2; 28]);
        counts.push(9);
        assert!(said(&counts, 0).is_some());
        counts[10] = 1_000;
        assert_eq!(said(&counts, 0), None);
    }
}
