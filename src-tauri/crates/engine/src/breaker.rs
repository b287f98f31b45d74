//! When calls are kept from a provider key that does not serve, for the whole workspace.

use crate::Engine;
use crate::cx::Cx;
use crate::error::{Error, FieldError};
pub use reeve_core::breaker::BreakerRules;
use reeve_core::permission::Permission;
use reeve_core::time::Millis;

/// Failures in a row at most: beyond that the breaker is none.
const MOST_FAILURES: u32 = 1_000;
/// Calls that a minute must hold at most before the share of failures counts.
const MOST_CALLS: u32 = 100_000;
/// The longest wait of any kind, in ms.
const MOST_MS: i64 = Millis::DAY;

impl Engine {
    /// When calls are kept from a provider key.
    ///
    /// # Errors
    /// If `cx` may not see routes.
    pub async fn breaker_rules(&self, cx: &Cx) -> Result<BreakerRules, Error> {
        self.require(cx, Permission::RouteRead).await?;
        Ok(self.inner.store.read(|r| r.breaker_rules().get()).await?)
    }

    /// Sets when calls are kept from a provider key. It holds from now on: a key that is kept from calls right now waits as
    /// long as it was to.
    ///
    /// # Errors
    /// If `cx` may not change routes, or a value is wrong.
    pub async fn set_breaker_rules(&self, cx: &Cx, rules: BreakerRules) -> Result<BreakerRules, Error> {
        self.require(cx, Permission::RouteWrite).await?;
        Error::fields(wrong(rules)).map_or(Ok(()), Err)?;
        let before = self.inner.store.read(|r| r.breaker_rules().get()).await?;
        if before == rules {
            return Ok(rules);
        }
        let draft = self
            .draft(cx, "breaker.update", "breaker:workspace")
            .change("consecutive", before.consecutive, rules.consecutive)
            .change("error_percent", before.error_percent, rules.error_percent)
            .change("min_calls", before.min_calls, rules.min_calls)
            .change("cool_down_ms", before.cool_down_ms, rules.cool_down_ms)
            .change("max_cool_down_ms", before.max_cool_down_ms, rules.max_cool_down_ms)
            .change("refused_cool_down_ms", before.refused_cool_down_ms, rules.refused_cool_down_ms);
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                let recorded = draft.record(tx)?;
                recorded.breaker_rules().put(&rules, recorded.now())?;
                Ok::<_, Error>(recorded.sequence())
            })
            .await?;
        self.load_routing().await?;
        self.told_of(crate::EventKind::Route, sequence);
        Ok(rules)
    }
}

fn wrong(rules: BreakerRules) -> Vec<FieldError> {
    let mut wrong = Vec::new();
    let mut note = |field: &str, message: String| wrong.push(FieldError { field: field.to_owned(), message });
    let counts = [
        ("consecutive", rules.consecutive, MOST_FAILURES),
        ("error_percent", rules.error_percent, 100),
        ("min_calls", rules.min_calls, MOST_CALLS),
    ];
    for (field, value, most) in counts {
        if !(1..=most).contains(&value) {
            note(field, format!("must be from 1 to {most}"));
        }
    }
    let waits = [
        ("cool_down_ms", rules.cool_down_ms),
        ("max_cool_down_ms", rules.max_cool_down_ms),
        ("refused_cool_down_ms", rules.refused_cool_down_ms),
    ];
    for (field, ms) in waits {
        if !(Millis::SECOND..=MOST_MS).contains(&ms) {
            note(field, "must be from a second to a day".to_owned());
        }
    }
    if rules.max_cool_down_ms < rules.cool_down_ms {
        note("max_cool_down_ms", "may not be shorter than the first wait".to_owned());
    }
    wrong
}
