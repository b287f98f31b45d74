//! Rules: of which tenants' calls bodies are kept. None by default.

use super::redact::{Detector, Redactor, compile};
use super::{CaptureRule, CaptureSums, LiveRule};
use crate::Engine;
use crate::cx::Cx;
use crate::entry::Severity;
use crate::error::{Error, FieldError};
use reeve_core::id::{ApiKeyId, TenantId};
use reeve_core::permission::Permission;
use reeve_ledger::leaf::Ok as Outcome;
use std::collections::HashMap;
use std::sync::Arc;

/// The most that is kept of a body, in bytes.
const MAX_BYTES: u32 = 1024 * 1024;
/// The longest bodies are kept, in days.
const MAX_DAYS: u32 = 365;
/// The most own patterns.
const MAX_PATTERNS: usize = 20;

/// A rule as somebody sets it.
#[derive(Clone, Debug)]
pub struct SetCapture {
    /// Only of these keys; empty: of all.
    pub api_keys: Vec<ApiKeyId>,
    /// Of how many calls, in millionths.
    pub share_ppm: u32,
    /// How much of each body, in bytes.
    pub max_bytes: u32,
    /// For how many days.
    pub retention_days: u32,
    /// Which built-in detectors.
    pub detectors: Vec<Detector>,
    /// Regular expressions whose matches are left out too.
    pub patterns: Vec<String>,
}

/// What is kept of a tenant, and how.
#[derive(Clone, Debug)]
pub struct CaptureStatus {
    /// The rule; `None`: nothing is kept.
    pub rule: Option<CaptureRule>,
    /// What is kept now.
    pub sums: CaptureSums,
    /// Calls whose bodies could not be kept since Reeve started, over all tenants, because too many waited.
    pub dropped: u64,
}

fn live(rule: &CaptureRule) -> LiveRule {
    let detectors: Vec<_> = rule.detectors.iter().filter_map(|word| Detector::parse(word)).collect();
    // They were compiled when they were set.
    let own = rule.patterns.iter().filter_map(|pattern| compile(pattern).ok()).collect();
    LiveRule {
        tenant: rule.tenant_id,
        api_keys: rule.api_keys.clone(),
        share_ppm: rule.share_ppm,
        max_bytes: rule.max_bytes as usize,
        retention_days: i64::from(rule.retention_days),
        redactor: Redactor::new(&detectors, own),
    }
}

fn check(set: &SetCapture) -> Result<(), Error> {
    let mut wrong = Vec::new();
    let mut field = |name: &str, message: String| {
        wrong.push(FieldError { field: name.to_owned(), message });
    };
    if !(1..=1_000_000).contains(&set.share_ppm) {
        field("share", "must be more than 0 and at most 1".to_owned());
    }
    if !(256..=MAX_BYTES).contains(&set.max_bytes) {
        field("max_bytes", format!("must be from 256 to {MAX_BYTES}"));
    }
    if !(1..=MAX_DAYS).contains(&set.retention_days) {
        field("retention_days", format!("must be from 1 to {MAX_DAYS}"));
    }
    if set.patterns.len() > MAX_PATTERNS {
        field("patterns", format!("may be {MAX_PATTERNS} at most"));
    }
    for (n, pattern) in set.patterns.iter().take(MAX_PATTERNS).enumerate() {
        if let Err(why) = compile(pattern) {
            field("patterns", format!("number {} {why}", n + 1));
        }
    }
    Error::fields(wrong).map_or(Ok(()), Err)
}

impl Engine {
    pub(crate) async fn load_capture_rules(&self) -> Result<(), Error> {
        let rules = self.inner.store.read(|r| r.capture_rules().all()).await?;
        let live: HashMap<_, _> = rules.iter().map(|rule| (rule.tenant_id, Arc::new(live(rule)))).collect();
        self.inner.captures.rules.store(Arc::new(live));
        Ok(())
    }

    /// What is kept of a tenant, and how. Whoever may see the tenant may see that.
    ///
    /// # Errors
    /// If `cx` may not see the tenant, or there is none.
    pub async fn capture_status(&self, cx: &Cx, tenant: TenantId) -> Result<CaptureStatus, Error> {
        self.require_for(cx, Permission::TenantRead, tenant).await?;
        self.stored_tenant(tenant).await?;
        let read = self
            .inner
            .store
            .read(move |r| Ok::<_, Error>((r.capture_rules().get(tenant)?, r.captures().sums(tenant)?)));
        let (rule, sums) = read.await?;
        Ok(CaptureStatus { rule, sums, dropped: self.captures_dropped(tenant) })
    }

    /// Sets what is kept of a tenant's calls; `None` keeps nothing more. What is kept already stays until its time is over.
    ///
    /// # Errors
    /// If `cx` may not, there is no such tenant, or a value is wrong.
    pub async fn set_capture(
        &self,
        cx: &Cx,
        tenant: TenantId,
        set: Option<SetCapture>,
    ) -> Result<CaptureStatus, Error> {
        self.require_for(cx, Permission::CaptureWrite, tenant).await?;
        let name = self.stored_tenant(tenant).await?.name;
        set.as_ref().map_or(Ok(()), check)?;
        let now = self.now();
        let rule = set.map(|set| CaptureRule {
            tenant_id: tenant,
            api_keys: set.api_keys,
            share_ppm: set.share_ppm,
            max_bytes: set.max_bytes,
            retention_days: set.retention_days,
            detectors: set.detectors.iter().map(|d| d.as_str().to_owned()).collect(),
            patterns: set.patterns,
            updated_at: now,
        });
        let before = self.inner.store.read(move |r| r.capture_rules().get(tenant)).await?;
        let words =
            |rule: &Option<CaptureRule>| rule.as_ref().map_or_else(|| "nothing is kept".to_owned(), words);
        let draft = self
            .draft(cx, "capture.update", format_args!("tenant:{tenant}"))
            .tenant(tenant)
            .name(&name)
            .change("capture", words(&before), words(&rule))
            .outcome(Outcome::Success, Severity::Notice);
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                let recorded = draft.record(tx)?;
                match &rule {
                    Some(rule) => recorded.capture_rules().put(rule)?,
                    None => drop(recorded.capture_rules().delete(tenant)?),
                }
                Ok::<_, Error>(recorded.sequence())
            })
            .await?;
        self.load_capture_rules().await?;
        self.told_of(crate::EventKind::Tenant, sequence);
        self.capture_status(cx, tenant).await
    }
}

fn words(rule: &CaptureRule) -> String {
    let keys = match rule.api_keys.len() {
        0 => "all keys".to_owned(),
        n => format!("{n} of its keys"),
    };
    format!(
        "{}% of the calls of {keys}, {} bytes of each body for {} days; left out: {}, {} own patterns",
        f64::from(rule.share_ppm) / 10_000.0,
        rule.max_bytes,
        rule.retention_days,
        if rule.detectors.is_empty() { "nothing".to_owned() } else { rule.detectors.join(" ") },
        rule.patterns.len()
    )
}
