//! The provider's admin API: makes, lists and deletes keys, and goes wrong as told.
//!
//! What it takes is held strictly against the public references: method, path, query, the admin key and the fields of the body. What
//! does not fit is answered as the provider would, and kept as a complaint that fails the test. The data plane takes exactly the
//! keys that are alive here, besides those it was given at the start.

mod anthropic;
mod aws;
mod azure;
mod bills;
mod fault;
mod google;
mod keys;
mod openai;
mod openrouter;
mod serve;

pub use aws::{AWS_ADMIN, AWS_USER};
pub use azure::{AZURE, AZURE_SECRET};
pub use fault::{AdminFault, Step};
pub use google::{GOOGLE_ACCOUNT, GOOGLE_PROJECT, GOOGLE_TOKEN};
pub use keys::{AdminKey, Asked, Make};

use super::record::State;
use axum::Router;
use keys::Keys;
use parking_lot::Mutex;
use std::sync::Arc;

/// The admin key it takes at the start.
pub const ADMIN_KEY: &str = "sk-admin-scripted-7d20c9";
/// The project it has.
pub const PROJECT: &str = "proj_scripted";
/// Whose it is.
pub const ORGANIZATION: &str = "org-scripted";

pub(super) fn routes() -> Router<Arc<State>> {
    openai::routes()
        .merge(bills::routes())
        .merge(anthropic::routes())
        .merge(aws::routes())
        .merge(azure::routes())
        .merge(google::routes())
        .merge(openrouter::routes())
}

/// The admin side of a scripted provider.
#[derive(Debug)]
pub struct Admin {
    inner: Mutex<Keys>,
}

impl Admin {
    pub(super) fn new() -> Self {
        Self { inner: Mutex::new(Keys::new(ADMIN_KEY)) }
    }

    /// What the next call that changes something, and for which nothing was scripted yet, meets; in the order given.
    pub fn next(&self, fault: AdminFault) -> &Self {
        self.on(Step::Change, fault)
    }

    /// What the next call of this kind meets.
    pub fn on(&self, step: Step, fault: AdminFault) -> &Self {
        self.inner.lock().faults.push_back((step, fault));
        self
    }

    /// The next `calls` lists show what there was before the last change.
    pub fn stale_lists(&self, calls: usize) -> &Self {
        self.inner.lock().stale_lists = calls;
        self
    }

    /// The data plane refuses each key made from now on for its first `calls` calls.
    pub fn new_keys_fail(&self, calls: usize) -> &Self {
        self.inner.lock().new_keys_fail = calls;
        self
    }

    /// Keys made from now on see only these models.
    pub fn new_keys_see(&self, models: &[&str]) -> &Self {
        self.inner.lock().new_keys_see = Some(models.iter().map(ToString::to_string).collect());
        self
    }

    /// Keys made from now on belong to this organisation.
    pub fn new_keys_belong_to(&self, organization: &str) -> &Self {
        self.inner.lock().organization = organization.to_owned();
        self
    }

    /// No more than so many keys at once.
    pub fn room_for(&self, keys: usize) -> &Self {
        self.inner.lock().room = Some(keys);
        self
    }

    /// A page of a list has so many rows at most.
    pub fn page_size(&self, rows: usize) -> &Self {
        self.inner.lock().page = rows;
        self
    }

    /// The time that new keys are made at, and old ones are used at, in Unix seconds.
    pub fn set_time(&self, seconds: i64) -> &Self {
        self.inner.lock().now = seconds;
        self
    }

    /// What a report tells of a day: `path` such as `/v1/organization/costs`, `day` such as `2026-11-20`, and a list of results as the
    /// text of JSON.
    ///
    /// # Panics
    /// Where the text or the day is none.
    pub fn bill(&self, path: &str, day: &str, results: &str) -> &Self {
        let at: reeve_core::time::Millis = format!("{day}T00:00:00Z").parse().expect("a day");
        let results: Vec<serde_json::Value> = serde_json::from_str(results).expect("a list");
        self.inner.lock().reports.days.insert((path.to_owned(), at.0 / 1_000), results);
        self
    }

    /// A page of a report has so many days at most.
    pub fn days_in_a_page(&self, days: usize) -> &Self {
        self.inner.lock().reports.page = Some(days);
        self
    }

    /// A key that somebody else made: its id.
    pub fn foreign_key(&self, name: &str) -> String {
        self.inner.lock().foreign(name)
    }

    /// A key as Reeve is given it at the start: id and value.
    pub fn seeded_key(&self, name: &str) -> (String, String) {
        self.inner.lock().seeded(name)
    }

    /// A key that a person makes as this provider makes them: id and value.
    ///
    /// # Panics
    /// Never: an Azure account always has its two keys.
    pub fn made_by_hand(&self, make: Make, name: &str) -> (String, String) {
        self.inner.lock().by_hand(make, name, false)
    }

    /// The same, made by somebody who has nothing to do with Reeve: its id.
    ///
    /// # Panics
    /// As [`Admin::made_by_hand`].
    pub fn made_by_others(&self, make: Make, name: &str) -> String {
        self.inner.lock().by_hand(make, name, true).0
    }

    /// Whoever made a foreign key deletes it.
    pub fn withdrawn(&self, id: &str) -> &Self {
        let mut keys = self.inner.lock();
        keys.kill(id);
        keys.keys.iter_mut().filter(|key| key.id == id).for_each(|key| key.foreign = false);
        drop(keys);
        self
    }

    /// Another key of a service account that exists.
    ///
    /// # Panics
    /// Where there is no such account.
    pub fn second_key_of(&self, id: &str) -> String {
        self.inner.lock().second_of(id)
    }

    /// A service account's key file that this provider takes assertions of.
    ///
    /// # Panics
    /// Where no key can be made.
    pub fn google_key_file(&self) -> String {
        self.inner.lock().google_key_file()
    }

    /// Somebody deletes or switches off a key behind Reeve's back.
    pub fn kill(&self, id: &str) -> &Self {
        self.inner.lock().kill(id);
        self
    }

    /// The keys there are, dead ones included.
    #[must_use]
    pub fn keys(&self) -> Vec<AdminKey> {
        self.inner.lock().keys.clone()
    }

    /// The keys that work.
    #[must_use]
    pub fn live(&self) -> Vec<AdminKey> {
        self.inner.lock().keys.iter().filter(|key| key.is_alive()).cloned().collect()
    }

    /// Every call so far.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.inner.lock().asked.clone()
    }

    /// What did not fit the reference, or was scripted and met no call.
    pub(super) fn complaints(&self) -> Vec<String> {
        let keys = self.inner.lock();
        let left = (!keys.faults.is_empty()).then(|| format!("no admin call met {:?}", keys.faults));
        left.into_iter().chain(keys.complaints.iter().cloned()).collect()
    }

    /// Forgets what did not fit: the test meant it.
    pub fn forgive(&self) -> &Self {
        self.inner.lock().complaints.clear();
        self
    }

    /// Whether the data plane takes a key that `is`.
    pub(super) fn takes(&self, is: &dyn Fn(&str) -> bool) -> bool {
        self.inner.lock().takes(is)
    }

    /// The models a key sees, where they are fewer than all; and whose key it is.
    pub(super) fn seen_by(&self, headers: &axum::http::HeaderMap) -> (Option<Vec<String>>, String) {
        let said = headers.get("authorization").and_then(|v| v.to_str().ok()).unwrap_or_default();
        let keys = self.inner.lock();
        let key = keys.keys.iter().find(|key| said.strip_prefix("Bearer ") == Some(key.secret.as_str()));
        let organization = key.map_or(ORGANIZATION.to_owned(), |key| key.organization.clone());
        (key.and_then(|key| key.sees.clone()), organization)
    }
}

#[cfg(test)]
mod tests;
