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
    /// A cheaper model of the same provider, for every fourth call.
    pub(super) small: &'static str,
    /// What its calls are labelled with, the most frequent first.
    tags: &'static [&'static str],
    /// How many end users it has.
    users: u64,
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
    Plan {
        name: "Northwind",
        tier: Tier::Professional,
        provider: "openai",
        model: "gpt-4o",
        small: "gpt-4o-mini",
        tags: &["support", "search", "reports"],
        users: 14,
        month_usd: 60,
        calls: 46,
        tokens: (18_000, 2_600),
        cached: 20,
        odd: true,
    },
    Plan {
        name: "Acme Corp",
        tier: Tier::Enterprise,
        provider: "anthropic",
        model: "claude-sonnet-4-5",
        small: "claude-haiku-4-5",
        tags: &["contracts", "coding", "support"],
        users: 40,
        month_usd: 450,
        calls: 54,
        tokens: (60_000, 9_000),
        cached: 40,
        odd: false,
    },
    Plan {
        name: "Globex",
        tier: Tier::Professional,
        provider: "openai",
        model: "gpt-4.1",
        small: "gpt-4.1-mini",
        tags: &["coding", "reviews"],
        users: 9,
        month_usd: 50,
        calls: 44,
        tokens: (18_000, 2_400),
        cached: 10,
        odd: false,
    },
    Plan {
        name: "Initech",
        tier: Tier::Starter,
        provider: "openai",
        model: "gpt-4o-mini",
        small: "gpt-4.1-nano",
        tags: &["reports"],
        users: 3,
        month_usd: 5,
        calls: 40,
        tokens: (4_500, 700),
        cached: 0,
        odd: false,
    },
    Plan {
        name: "Umbrella",
        tier: Tier::Starter,
        provider: "openai",
        model: "gpt-4o",
        small: "gpt-4o-mini",
        tags: &["research", "search"],
        users: 5,
        month_usd: 20,
        calls: 26,
        tokens: (4_000, 600),
        cached: 30,
        odd: false,
    },
];

/// One call of the sample.
pub(super) struct SampleCall {
    pub(super) time: Millis,
    /// Whether it goes to the cheaper model.
    pub(super) small: bool,
    pub(super) user: String,
    pub(super) tag: &'static str,
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
    // Two rolls, of which the lower counts: a few users make most calls, and the first label is the usual one.
    let lower = |dice: &mut Dice, n: u64| dice.below(n).min(dice.below(n));
    let tag = usize::try_from(lower(dice, plan.tags.len() as u64)).unwrap_or(0);
    SampleCall {
        time: midnight.plus(second * Millis::SECOND),
        small: dice.below(4) == 0,
        user: format!("user-{:02}", 1 + lower(dice, plan.users)),
        tag: plan.tags.get(tag).copied().unwrap_or_default(),
        usage,
        latency_ms: i64::try_from(latency).unwrap_or(0),
    }
}
