//! The request log: charges and refusals as one list. What both tables' pages have in common.

use reeve_core::grant::Visible;
use reeve_core::id::{ApiKeyId, ChargeId, RequestId, TenantId};
use reeve_core::money::NanoUsd;
use reeve_core::time::Millis;

/// Rows one page looks at, at most. Filters that find little in the newest of them go on with the next page, so that no
/// question reads the whole table at once.
pub const MOST_READ: usize = 10_000;

/// Which requests; what is `None` does not filter.
#[derive(Clone, Debug, Default)]
pub struct RequestFilter {
    /// Whose.
    pub tenant: Option<TenantId>,
    /// Model.
    pub model: Option<String>,
    /// Provider.
    pub provider: Option<String>,
    /// Through which key.
    pub api_key: Option<ApiKeyId>,
    /// End user.
    pub user: Option<String>,
    /// Label.
    pub tag: Option<String>,
    /// `success`, `failure`, `cancelled` or `refused`.
    pub outcome: Option<String>,
    /// Why it was refused; then only refused ones.
    pub reason: Option<String>,
    /// HTTP status of the provider's answer; then only answered ones.
    pub status: Option<u16>,
    /// Cost at least; then only charged ones.
    pub min_cost: Option<NanoUsd>,
    /// Took at least so many ms; then only those that went out.
    pub min_latency_ms: Option<i64>,
    /// Occurs in the model, provider, user, labels, operation or reason; in small letters.
    pub text: Option<String>,
    /// The one charge.
    pub charge: Option<ChargeId>,
    /// The one request.
    pub request: Option<RequestId>,
    /// W3C trace id.
    pub trace: Option<String>,
    /// From this moment.
    pub from: Option<Millis>,
    /// Before this moment.
    pub to: Option<Millis>,
}

impl RequestFilter {
    /// Whether a charge can match at all.
    #[must_use]
    pub fn wants_charges(&self) -> bool {
        self.reason.is_none() && self.outcome.as_deref() != Some("refused")
    }

    /// Whether a refusal can match at all.
    #[must_use]
    pub fn wants_refusals(&self) -> bool {
        let charged = self.status.is_some() || self.min_cost.is_some() || self.min_latency_ms.is_some();
        !charged && self.charge.is_none() && self.outcome.as_deref().is_none_or(|o| o == "refused")
    }

    /// Whether a page must be led by its tenant, however rare something else is: whoever sees single tenants is not to learn from
    /// where a page ends what others did. An id finds so little that no page ends for it.
    pub(crate) fn stays_with_its_tenant(&self, visible: &Visible) -> bool {
        let by_id = self.charge.is_some() || self.request.is_some() || self.trace.is_some();
        matches!(visible, Visible::Only(_)) && !by_id
    }
}

/// Which table a row of the request log is in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// Refusals.
    Refusal,
    /// Charges.
    Charge,
}

/// A place in the request log, which runs from the greatest to the least.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Place {
    /// When.
    pub time: Millis,
    /// Which table.
    pub kind: Kind,
    /// Index of the entry in its ledger.
    pub seq: u64,
}

/// A stretch of one table: the rows that match, newest first; of several tenants, one after the other.
#[derive(Clone, Debug)]
pub struct Stretch<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// How far was looked; `None`: to the very end.
    pub end: Option<Place>,
}

impl<T> Stretch<T> {
    /// What is seen of a stretch, put together from one for each tenant where that is not everything. Behind the end of any of them
    /// rows may be missing, so the whole ends there.
    pub(crate) fn of(
        visible: &Visible,
        filter: &RequestFilter,
        mut read: impl FnMut(&RequestFilter) -> Result<Self, crate::StoreError>,
    ) -> Result<Self, crate::StoreError> {
        let mut whole = Self::default();
        for tenant in visible.questions(filter.tenant) {
            let part = read(&RequestFilter { tenant, ..filter.clone() })?;
            whole.rows.extend(part.rows);
            whole.end = whole.end.max(part.end);
        }
        Ok(whole)
    }
}

impl<T> Default for Stretch<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), end: None }
    }
}

/// The times and indexes one table's part of a page lies between.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) from: i64,
    /// The last moment looked at …
    pub(crate) upto: i64,
    /// … and in it, only rows below this index.
    pub(crate) below: i64,
}

impl Bounds {
    pub(crate) fn new(filter: &RequestFilter, kind: Kind, before: Option<Place>) -> Self {
        let below = |place: Place| match kind.cmp(&place.kind) {
            std::cmp::Ordering::Less => i64::MAX,
            std::cmp::Ordering::Equal => crate::sql::signed(place.seq),
            std::cmp::Ordering::Greater => -1,
        };
        Self::between(filter.from, filter.to, before.map(|place| (place.time, below(place))))
    }

    /// What lies in `[from, to)` behind a time and the indexes below one in it.
    pub(crate) fn between(from: Option<Millis>, to: Option<Millis>, before: Option<(Millis, i64)>) -> Self {
        let from = from.map_or(i64::MIN, |t| t.0);
        let last = to.map_or(i64::MAX, |t| t.0.saturating_sub(1));
        let (upto, below) = before
            .map(|(time, below)| (time.0, below))
            .filter(|(time, _)| *time <= last)
            .unwrap_or((last, i64::MAX));
        Self { from, upto, below }
    }
}

/// The statement led by the filter that leaves least. One filter needs no choice; of several, each is counted in its index
/// as far as [`COMMON`], because which is rare depends on the words: a user may have called once or a million times.
pub(crate) fn led(
    candidates: impl IntoIterator<Item = (bool, &'static str, &'static str)>,
    scan: &'static str,
    mut count: impl FnMut(&'static str) -> Result<i64, crate::StoreError>,
) -> Result<&'static str, crate::StoreError> {
    let mut given = candidates.into_iter().filter(|(given, ..)| *given).peekable();
    let Some((_, first, counted)) = given.next() else { return Ok(scan) };
    if given.peek().is_none() {
        return Ok(first);
    }
    let mut least = (count(counted)?, first);
    for (_, led, counted) in given {
        let found = count(counted)?;
        least = if found < least.0 { (found, led) } else { least };
    }
    Ok(least.1)
}

/// Rows of a filter that are counted to compare it with others; with more, it counts as common.
pub(crate) const COMMON: i64 = 2_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_run_from_new_to_old_and_charges_come_first_in_a_moment() {
        let at = |time, kind, seq| Place { time: Millis(time), kind, seq };
        let order = [
            at(2, Kind::Charge, 1),
            at(1, Kind::Charge, 9),
            at(1, Kind::Charge, 8),
            at(1, Kind::Refusal, 9),
            at(1, Kind::Refusal, 7),
            at(0, Kind::Charge, 99),
        ];
        assert!(order.is_sorted_by(|a, b| a > b));
    }

    #[test]
    fn a_page_goes_on_behind_its_place_in_both_tables() {
        let filter = RequestFilter { to: Some(Millis(50)), ..RequestFilter::default() };
        let bounds = |kind, of, seq| {
            let b = Bounds::new(&filter, kind, Some(Place { time: Millis(10), kind: of, seq }));
            (b.upto, b.below)
        };
        assert_eq!(bounds(Kind::Charge, Kind::Charge, 7), (10, 7));
        assert_eq!(bounds(Kind::Refusal, Kind::Charge, 7), (10, i64::MAX), "refusals of that moment follow");
        assert_eq!(bounds(Kind::Charge, Kind::Refusal, 7), (10, -1), "its charges were before");
        assert_eq!(Bounds::new(&filter, Kind::Charge, None).upto, 49);
    }
}
