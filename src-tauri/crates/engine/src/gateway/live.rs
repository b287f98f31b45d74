//! Calls on their way now: in memory only, in shards, so that calls at the same time seldom meet at one lock.

use super::Call;
use crate::Engine;
use crate::admission::Caller;
use crate::cx::Cx;
use crate::error::Error;
use crate::hot_map::HotMap;
use parking_lot::Mutex;
use reeve_core::grant::Visible;
use reeve_core::id::{RequestId, TenantId};
use reeve_core::money::NanoUsd;
use reeve_core::permission::Permission;
use reeve_core::time::Millis;
use std::sync::Arc;

const SHARDS: usize = 16;

/// A call on its way.
#[derive(Clone, Debug)]
pub struct LiveCall {
    /// The call.
    pub call: Arc<Call>,
    /// Who calls.
    pub caller: Caller,
    /// Provider it went to.
    pub provider: String,
    /// Since when.
    pub since: Millis,
    /// The most it may cost.
    pub reserved: NanoUsd,
}

/// The calls on their way.
#[derive(Default)]
pub(crate) struct LiveCalls {
    shards: [Mutex<HotMap<RequestId, LiveCall>>; SHARDS],
}

impl LiveCalls {
    fn shard(&self, id: RequestId) -> &Mutex<HotMap<RequestId, LiveCall>> {
        // The last bits of an id are random.
        &self.shards[usize::from(id.0.as_bytes()[15]) % SHARDS]
    }

    pub(super) fn enter(&self, call: LiveCall) {
        self.shard(call.call.request_id).lock().insert(call.call.request_id, call);
    }

    pub(super) fn leave(&self, id: RequestId) {
        self.shard(id).lock().remove(&id);
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len()).sum()
    }

    /// The oldest calls of those that are seen, of one tenant or of all, at most `most`; and how many there are.
    fn list(&self, visible: &Visible, tenant: Option<TenantId>, most: usize) -> (Vec<LiveCall>, usize) {
        let mut all = Vec::new();
        for shard in &self.shards {
            let calls = shard.lock();
            let wanted = |c: &&LiveCall| {
                tenant.is_none_or(|t| t == c.caller.tenant) && visible.shows(Some(c.caller.tenant))
            };
            all.extend(calls.values().filter(wanted).cloned());
        }
        all.sort_by_key(|c| (c.since, c.call.request_id));
        let count = all.len();
        all.truncate(most);
        (all, count)
    }
}

impl Engine {
    /// The calls on their way now that `cx` sees, oldest first, at most `most`; and how many there are.
    ///
    /// # Errors
    /// If `cx` may not see them.
    pub async fn live_requests(
        &self,
        cx: &Cx,
        tenant: Option<TenantId>,
        most: usize,
    ) -> Result<(Vec<LiveCall>, usize), Error> {
        let visible = self.require_visible(cx, Permission::UsageRead).await?;
        Ok(self.inner.live.list(&visible, tenant, most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reeve_core::id::ApiKeyId;
    use uuid::Uuid;

    fn call(n: u128, tenant: u128) -> LiveCall {
        let call = Call {
            request_id: RequestId(Uuid::from_u128(n)),
            ip: None,
            trace_id: None,
            operation: "chat",
            model: "m".to_owned(),
            provider: None,
            user: None,
            tags: Vec::new(),
            stream: false,
            input_tokens: 1,
            max_output_tokens: None,
            choices: 1,
            service_tier: None,
            others: reeve_core::usage::Usage::new(),
            billing: crate::gateway::Billing::Tokens,
            kinds: reeve_core::usage::Units::ALL,
        };
        let caller = Caller { key: ApiKeyId(Uuid::nil()), tenant: TenantId(Uuid::from_u128(tenant)) };
        let since = Millis(1_000 - i64::try_from(n).unwrap());
        LiveCall { call: Arc::new(call), caller, provider: "p".to_owned(), since, reserved: NanoUsd(7) }
    }

    #[test]
    fn calls_are_here_from_their_admission_to_their_end() {
        let live = LiveCalls::default();
        (1..=40).for_each(|n| live.enter(call(n, n % 2)));
        let (all, count) = live.list(&Visible::All, None, 3);
        assert_eq!((all.len(), count), (3, 40));
        assert!(all.is_sorted_by_key(|c| c.since), "oldest first");
        let odd = TenantId(Uuid::from_u128(1));
        assert_eq!(live.list(&Visible::All, Some(odd), 100).0.len(), 20, "of one tenant");
        (1..=40).for_each(|n| live.leave(RequestId(Uuid::from_u128(n))));
        assert_eq!(live.list(&Visible::All, None, 100).1, 0);
    }
}
