use proptest::prelude::*;
use reeve_ledger::{Hlc, HlcError};

#[test]
fn the_clock_leads_while_it_moves() {
    let first = Hlc::default().next(1_767_225_601_000);
    assert_eq!(first.to_string(), "019b76daabe80000");
    assert_eq!((first.millis(), first.counter()), (1_767_225_601_000, 0));
    assert_eq!(first.next(1_767_225_601_001).counter(), 0);
}

#[test]
fn the_counter_leads_while_the_clock_does_not() {
    let first = Hlc::default().next(1000);
    let same = first.next(1000);
    let back = same.next(400);
    assert_eq!((same.millis(), same.counter()), (1000, 1));
    assert_eq!((back.millis(), back.counter()), (1000, 2));
    assert_eq!(Hlc(0x0000_0000_03e8_ffff).next(1000), Hlc(0x0000_0000_03e9_0000));
}

#[test]
fn times_out_of_range_are_taken_to_its_ends() {
    assert_eq!(Hlc::default().next(-5), Hlc(1));
    assert_eq!(Hlc::default().next(i64::MAX), Hlc(0xffff_ffff_ffff_0000));
    assert_eq!(Hlc(u64::MAX).next(0), Hlc(u64::MAX));
}

#[test]
fn only_sixteen_lowercase_digits_are_a_stamp() {
    for wrong in ["", "019b76daabe8000", "019b76daabe800000", "019B76daabe80000", "+19b76daabe80000"] {
        assert_eq!(wrong.parse::<Hlc>(), Err(HlcError), "{wrong:?}");
    }
}

proptest! {
    #[test]
    fn stamps_strictly_increase(start in 0..u64::MAX, now: i64) {
        prop_assert!(Hlc(start).next(now) > Hlc(start));
    }

    #[test]
    fn text_round_trips_and_sorts_like_the_stamp(a: u64, b: u64) {
        prop_assert_eq!(Hlc(a).to_string().parse(), Ok(Hlc(a)));
        prop_assert_eq!(Hlc(a).to_string().cmp(&Hlc(b).to_string()), a.cmp(&b));
    }
}
