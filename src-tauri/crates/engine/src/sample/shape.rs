//! The shape of the sample: weekday rhythm, office hours, growth, and one anomaly. The same every time it is loaded.

use chrono::{Datelike, NaiveDate, Weekday};
use reeve_core::period::{Zone, local_day, start_of};
use reeve_core::tenant::Tier;
use reeve_core::time::Millis;
use reeve_core::usage::{Unit, Usage};

/// Days of usage.
const DAYS: u64 = 90;
/// How many days ago the anomaly was.
const ANOMALY: u64 = 16;

/// Daily budget of the workspace, in USD.
pub(super) const WORKSPACE_DAY: i64 = 30;
/// Monthly budget of the workspace, in USD.
pub(super) const WORKSPACE_MONTH: i64 = 600;

/// A tenant of the sample.
pub(super) struct Plan {
    pub(super) name: &'static str,
    pub(super) tier: Tier,
    pub(super) provider: &'static str,
    pub(super) model: &'static str,
    pub(super) month_usd: i64,
    /// Calls on a working day at the end of the span.
    calls: u64,
    /// Prompt and answer, in tokens, around which calls vary.
    tokens: (u64, u64),
    /// Share of the prompt that a cache serves, in percent.
    cached: u64,
    /// Whether the anomaly is here.
    odd: bool,
}

pub(super) const TENANTS: &[Plan] = &[
    plan("Northwind", Tier::Professional, ("openai", "gpt-4o"), 60, (46, (18_000, 2_600), 20), true),
    plan(
        "Acme Corp",
        Tier::Enterprise,
        ("anthropic", "claude-sonnet-4-5"),
        450,
        (54, (60_000, 9_000), 40),
        false,
    ),
    plan("Globex", Tier::Professional, ("openai", "gpt-4.1"), 50, (44, (18_000, 2_400), 10), false),
    plan("Initech", Tier::Starter, ("openai", "gpt-4o-mini"), 5, (40, (4_500, 700), 0), false),
    plan("Umbrella", Tier::Starter, ("openai", "gpt-4o"), 20, (26, (4_000, 600), 30), false),
];

const fn plan(
    name: &'static str,
    tier: Tier,
    (provider, model): (&'static str, &'static str),
    month_usd: i64,
    (calls, tokens, cached): (u64, (u64, u64), u64),
    odd: bool,
) -> Plan {
    Plan { name, tier, provider, model, month_usd, calls, tokens, cached, odd }
}

/// One call of the sample.
pub(super) struct SampleCall {
    pub(super) time: Millis,
    pub(super) usage: Usage,
    pub(super) latency_ms: i64,
}

/// A small generator of numbers that are the same every time (xorshift64*, Vigna 2016).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % n.max(1)
    }

    /// `n` give or take `percent`.
    fn around(&mut self, n: u64, percent: u64) -> u64 {
        n * (100 - percent + self.below(2 * percent + 1)) / 100
    }
}

/// The calls of a tenant over the last [`DAYS`] days, until now.
pub(super) fn calls(plan: &Plan, zone: Zone, now: Millis) -> Vec<SampleCall> {
    let seed = plan.name.bytes().fold(0x9E37_79B9u64, |h, b| h.wrapping_mul(31).wrapping_add(u64::from(b)));
    let mut dice = Dice(seed);
    let today = local_day(zone, now);
    let mut calls = Vec::new();
    for ago in (0..DAYS).rev() {
        let day = today - chrono::Days::new(ago);
        for _ in 0..calls_on(plan, day, ago, &mut dice) {
            let call = call(plan, start_of(zone, day), &mut dice);
            if call.time < now {
                calls.push(call);
            }
        }
    }
    calls
}

fn calls_on(plan: &Plan, day: NaiveDate, ago: u64, dice: &mut Dice) -> u64 {
    // From six tenths to full over the span.
    let grown = plan.calls * (60 + 40 * (DAYS - ago) / DAYS) / 100;
    let weekly = match day.weekday() {
        Weekday::Sat => grown * 35 / 100,
        Weekday::Sun => grown * 28 / 100,
        Weekday::Mon | Weekday::Fri => grown * 92 / 100,
        _ => grown,
    };
    let usual = dice.around(weekly, 12);
    if plan.odd && ago == ANOMALY { usual * 29 / 10 } else { usual }
}

fn call(plan: &Plan, midnight: Millis, dice: &mut Dice) -> SampleCall {
    // Two rolls make office hours likelier than nights: a peak after noon.
    let minute = 360 + (dice.below(840) + dice.below(840)) / 2;
    let second = i64::try_from(minute * 60 + dice.below(60)).unwrap_or(0);
    let (input, output) = (dice.around(plan.tokens.0, 45), dice.around(plan.tokens.1, 60));
    let cached = input * plan.cached / 100;
    let usage = Usage::tokens(input - cached, output).with(Unit::CacheRead, cached);
    let latency = 900 + output / 8 + dice.below(700);
    SampleCall {
        time: midnight.plus(second * Millis::SECOND),
        usage,
        latency_ms: i64::try_from(latency).unwrap_or(0),
    }
}
