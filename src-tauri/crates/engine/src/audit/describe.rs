//! From a leaf to what people read: names for ids, one sentence, changes, outcome.

use crate::admission::Admission;
use reeve_core::id::UserId;
use reeve_core::time::Millis;
use reeve_ledger::leaf::{Leaf, Ok as Outcome};
use reeve_store::Stream;
use reeve_store::table::entries::Entry;
use serde_json::{Map, Value};
use std::collections::HashMap;

/// Known people: pseudonym to id and name.
pub(crate) type People = HashMap<String, (UserId, String)>;

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// `user`, `api_key`, `system` or `anonymous`.
    pub kind: &'static str,
    /// Id.
    pub id: String,
    /// Name; of a person who is gone, the pseudonym.
    pub name: String,
}

/// To what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Noun.
    pub kind: String,
    /// Id.
    pub id: String,
    /// Name, as it was then.
    pub name: Option<String>,
}

/// A field that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which.
    pub field: String,
    /// What it was.
    pub before: String,
    /// What it became.
    pub after: String,
}

/// An entry as a row of a list.
#[derive(Clone, Debug)]
pub struct Described {
    /// Stream.
    pub stream: Stream,
    /// Index.
    pub sequence: u64,
    /// When.
    pub time: Millis,
    /// Event type.
    pub event_type: String,
    /// `CREATE`, `UPDATE` …
    pub action: String,
    /// `info`, `notice`, `warning`, `critical`.
    pub severity: String,
    /// `success`, `failure`, `denied`, `pending`.
    pub outcome: &'static str,
    /// Who.
    pub actor: Actor,
    /// Channel.
    pub via: String,
    /// To what.
    pub resource: Option<Resource>,
    /// With what, where it is about two.
    pub related: Option<Resource>,
    /// In which project of an application.
    pub project: Option<String>,
    /// When it happened, by the clock of the application that wrote it.
    pub occurred_at: Option<String>,
    /// In which tenant: id and name.
    pub tenant: Option<(String, String)>,
    /// One sentence.
    pub summary: String,
    /// W3C trace id.
    pub trace_id: Option<String>,
    /// Id the caller was told.
    pub request_id: Option<String>,
    /// How long it took, in ms.
    pub duration_ms: Option<i64>,
}

/// An entry with everything that is known of it.
#[derive(Clone, Debug)]
pub struct Detail {
    /// The row.
    pub described: Described,
    /// What changed.
    pub changes: Vec<Change>,
    /// The other public details.
    pub metadata: Map<String, Value>,
    /// Session.
    pub session_id: Option<String>,
    /// Network address, if it is not erased.
    pub ip: Option<String>,
    /// What the caller's program called itself, if it is not erased.
    pub user_agent: Option<String>,
    /// The leaf, byte for byte.
    pub leaf: String,
    /// Its hash.
    pub leaf_hash: reeve_ledger::Hash,
}

/// The words of the outcome column on the wire.
pub(crate) const fn outcome(ok: Outcome) -> &'static str {
    match ok {
        Outcome::Success => "success",
        Outcome::Denied => "denied",
        Outcome::Error => "failure",
        Outcome::Unknown => "pending",
    }
}

fn text(leaf: &Leaf, key: &str) -> Option<String> {
    leaf.x.get(key).and_then(Value::as_str).map(str::to_owned)
}

/// Who goes by a pseudonym.
pub(super) fn actor(who: &str, people: &People, admission: &Admission) -> Actor {
    if let Some((id, name)) = people.get(who) {
        return Actor { kind: "user", id: id.to_string(), name: name.clone() };
    }
    let (kind, name) = match who {
        "system" => ("system", "Reeve".to_owned()),
        "anonymous" => ("anonymous", "Not signed in".to_owned()),
        key if key.starts_with("key_") => {
            let name = key.parse().ok().and_then(|id| admission.key_name(id));
            ("api_key", name.unwrap_or_else(|| shortened(key)))
        }
        other => ("user", other.to_owned()),
    };
    Actor { kind, id: who.to_owned(), name }
}

fn shortened(id: &str) -> String {
    format!("{}…{}", id.get(..8).unwrap_or(id), id.get(id.len().saturating_sub(4)..).unwrap_or_default())
}

fn resource(leaf: &Leaf) -> Option<Resource> {
    let (kind, id) = leaf.on.split_once(':')?;
    // A model's id is what people call it.
    let name = text(leaf, "name").or_else(|| (kind == "model").then(|| id.to_owned()));
    Some(Resource { kind: kind.to_owned(), id: id.to_owned(), name })
}

/// Whether an application wrote it.
fn is_app(leaf: &Leaf) -> bool {
    leaf.kind.starts_with("app.")
}

fn related(leaf: &Leaf) -> Option<Resource> {
    let related = leaf.x.get("related").filter(|_| is_app(leaf))?;
    let part = |key: &str| related.get(key).and_then(Value::as_str).map(str::to_owned);
    Some(Resource { kind: part("type")?, id: part("id")?, name: part("name") })
}

pub(crate) fn describe(entry: &Entry, people: &People, admission: &Admission) -> Described {
    let leaf = &entry.leaf;
    let tenant = text(leaf, "tenant").map(|id| {
        let name = id.parse().ok().and_then(|id| admission.tenant_name(id));
        (
            id,
            name.or_else(|| text(leaf, "name").filter(|_| leaf.on.starts_with("tenant:")))
                .unwrap_or_else(|| "Removed tenant".to_owned()),
        )
    });
    let mut resource = resource(leaf);
    if let (Some(r), Some((_, name))) = (&mut resource, &tenant)
        && r.kind == "tenant"
        && r.name.is_none()
    {
        r.name = Some(name.clone());
    }
    if let Some(r) = &mut resource
        && r.kind == "user"
    {
        r.name = people.values().find(|(id, _)| id.to_string() == r.id).map(|(_, name)| name.clone());
    }
    if let Some(r) = &mut resource {
        match r.kind.as_str() {
            "subject" => {
                r.name =
                    Some(people.get(&r.id).map_or_else(|| plain_subject(&r.id), |(_, name)| name.clone()))
            }
            "ledger" => r.name = Some(r.id.clone()),
            _ => {}
        }
    }
    let mut described = Described {
        stream: entry.stream,
        sequence: leaf.n,
        time: Millis(leaf.t),
        event_type: leaf.kind.clone(),
        action: text(leaf, "action").unwrap_or_else(|| "EXECUTE".to_owned()),
        severity: text(leaf, "severity").unwrap_or_else(|| "info".to_owned()),
        outcome: outcome(leaf.ok),
        actor: actor(&leaf.who, people, admission),
        via: leaf.via.clone(),
        resource,
        related: related(leaf),
        project: text(leaf, "project").filter(|_| is_app(leaf)),
        occurred_at: text(leaf, "occurred_at").filter(|_| is_app(leaf)),
        tenant,
        summary: String::new(),
        trace_id: text(leaf, "trace"),
        request_id: leaf.sid.clone(),
        duration_ms: leaf.x.get("duration_ms").and_then(Value::as_i64),
    };
    described.summary = summary(leaf, &described);
    described
}

/// A subject of the trail that is no person of Reeve's.
fn plain_subject(subject: &str) -> String {
    match subject {
        "anonymous" => "people who were not signed in".to_owned(),
        other => other.to_owned(),
    }
}

/// What happened, in one sentence.
fn summary(leaf: &Leaf, d: &Described) -> String {
    if let Some(message) = text(leaf, "message") {
        return message;
    }
    let what = d.resource.as_ref().map_or_else(String::new, |r| {
        r.name.clone().unwrap_or_else(|| format!("{} {}", r.kind, shortened(&r.id)))
    });
    if is_app(leaf) {
        return told_by_application(d, &what);
    }
    let verb = match leaf.kind.as_str() {
        "user.create" => "Added",
        "vault.initialized" => return "Made the vault".to_owned(),
        "vault.key_create" => return "Made a key of Reeve's own".to_owned(),
        "vault.slot_added" => return "Added a way to open the vault".to_owned(),
        "vault.slot_reenrolled" => return "Made a way to open the vault anew".to_owned(),
        "vault.slot_removed" => return "Removed a way to open the vault".to_owned(),
        "vault.slot_pending" => return "A way to open the vault was prepared".to_owned(),
        "vault.unlocked" => return "Opened the vault".to_owned(),
        "vault.locked" => return "The vault did not open".to_owned(),
        "vault.kek_rotated" => return "Rotated the master key".to_owned(),
        "vault.vrk_prepared" => return "Prepared a new root key".to_owned(),
        "vault.vrk_pending" => return "A new root key is being put in place".to_owned(),
        "vault.vrk_dropped" => return "A new root key was not put in place".to_owned(),
        "vault.vrk_rotated" => return "Replaced the root key".to_owned(),
        "vault.rewrap" => return "Sealed keys anew under the master key".to_owned(),
        "vault.rewrapped" => return "Everything is sealed under the new master key".to_owned(),
        "vault.rollback_detected" => {
            return "The vault is an older copy than the keyring remembers".to_owned();
        }
        "vault.backup_exported" => return "Made a backup of the provider keys".to_owned(),
        "vault.restored" => return "Restored a backup of the provider keys".to_owned(),
        "key.restored" => "Restored from a backup:",
        "control_credential.restored" => "Restored the admin key from a backup:",
        "vault.rollback_accepted" => return "Took the older copy of the vault to go on with".to_owned(),
        "vault.plaintext_keyring" => return "The keyring's file is not encrypted".to_owned(),
        "vault.env_mismatch" => {
            return "KEY_ENCRYPTION_SECRET is not this vault's; the keyring opened it".to_owned();
        }
        "vault.env_previous" => return "KEY_ENCRYPTION_SECRET_PREVIOUS opened the vault".to_owned(),
        "vault.moved_on" => return "The vault's generation was raised".to_owned(),
        "keyring.ambiguous" => {
            return "Several keyring items matched; one of them opened the vault".to_owned();
        }
        "session.start" => return session(leaf),
        "session.end" => return "Reeve was stopped".to_owned(),
        "log.heartbeat" => return "Nothing happened for an hour".to_owned(),
        "log.gap" => {
            let dropped = leaf.x.get("dropped").and_then(Value::as_u64).unwrap_or_default();
            return match dropped {
                1 => "An entry could not be written and is lost".to_owned(),
                n => format!("{n} entries could not be written and are lost"),
            };
        }
        "clock.jump" => return clock_jump(leaf),
        "key.rotate" => return "The ledger is signed with a new key from here on".to_owned(),
        "anchor.accept" => return "Took the ledger as it is, although an anchor contradicted it".to_owned(),
        "log.witnessed" => return witnessed(leaf),
        "witness.add" => "Added the witness",
        "witness.remove" => "Removed the witness",
        "witness.contradict" => "The ledger is not the one that a witness signed:",
        "witness.reconcile" => "A witness signed the ledger again that it had contradicted:",
        "key.probe_intent" => "About to test the provider key",
        "audit.verify" => return "Verified the ledger".to_owned(),
        "evidence.export" => return "Made an evidence pack".to_owned(),
        "data.export" => return "Exported the list of requests".to_owned(),
        "audit.export" => return "Exported entries of the ledger".to_owned(),
        "sample.load" => return "Loaded the sample data".to_owned(),
        "sample.remove" => return "Removed the sample data".to_owned(),
        "tenant.create" => "Created the tenant",
        "tenant.suspend" => "Suspended",
        "tenant.resume" => "Resumed",
        "tenant.archive" => "Archived",
        "api_key.create" => "Minted the API key",
        "api_key.revoke" => "Revoked the API key",
        "api_key.rotate" => "Replaced the secret of the API key",
        "api_key.end_previous" => "Ended the secret before of the API key",
        "api_key.use" => "Used the API key",
        "budget.create" => "Set a budget for",
        "budget.delete" => "Removed the budget",
        "budget_override.create" => "Set another limit for a while for",
        "budget_override.delete" => "Took back the temporary limit of",
        "pool.create" => "Made the pool",
        "pool.delete" => "Removed the pool",
        "budget.hold_open" => return held("Held", leaf, d),
        "budget.hold_release" => return held("Released", leaf, d),
        "budget.overrun" => "A call cost more than was reserved:",
        "key.import" => "Added the provider key",
        "key.revoke" => "Revoked the provider key",
        "key.probe" => "Tested the provider key",
        "key.used_first" => "A call went out for the first time with the provider key",
        "key.expiring" => "The provider ends the key soon:",
        "credential.rotation_update" => "Changed how keys are rotated of",
        "control_credential.create" => "Added the admin key",
        "control_credential.update" => "Changed the admin key",
        "control_credential.delete" => "Removed the admin key",
        "control_credential.renewal_begin" => "From now on the admin key replaces itself:",
        "control_credential.renewal_end" => "People replace the admin key again:",
        kind if kind.starts_with("rotation.") => rotation(kind),
        "credential.breaker_close" => "Calls go to the provider key again:",
        "breaker.update" => return "Changed when a provider key is left out".to_owned(),
        "route.create" => "Made the route",
        "route.delete" => "Removed the route",
        "model_rules.update" => "Changed the models of",
        "charge.settle" => "Charged a call to",
        "auth.login" if text(leaf, "second_factor").as_deref() == Some("recovery_code") => {
            return "Signed in with a recovery code".to_owned();
        }
        "auth.login" => return "Signed in".to_owned(),
        "auth.step_up" if leaf.x.contains_key("second_factor") => return "Gave a code once more".to_owned(),
        "auth.step_up" => return "Gave the password once more".to_owned(),
        "auth.mfa" => return "The password was right; a code was asked for".to_owned(),
        "auth.session_end" => "Ended sessions of",
        "connection.end" if text(leaf, "reason").as_deref() == Some("slow") => {
            return "Cut a connection for live events that was read too slowly".to_owned();
        }
        "connection.end" => return "Cut a connection for live events".to_owned(),
        "connection.begin" => return "Opened a connection for live events".to_owned(),
        "vault.key_replace" => return "Replaced the key that signs access tokens".to_owned(),
        "invitation.create" => {
            let role = text(leaf, "role_name").or_else(|| text(leaf, "role"));
            return format!("Invited somebody as {}", role.unwrap_or_default());
        }
        "invitation.revoke" => return "Took back an invitation".to_owned(),
        "grant.create" | "grant.delete" => return granted(leaf),
        "role.create" => "Made the role",
        "role.delete" => "Removed the role",
        "user.role_change" => "Changed the role of",
        "user.disable" => "Disabled the account of",
        "user.enable" => "Enabled the account of",
        "second_factor.begin" => return "Began to set up two-step sign-in".to_owned(),
        "second_factor.enable" => return "Turned on two-step sign-in".to_owned(),
        "second_factor.disable" => "Turned off two-step sign-in of",
        "second_factor.codes_create" => return "Made new recovery codes for signing in".to_owned(),
        "auth.new_device" => return new_device(leaf),
        "auth.logout" => return "Signed out".to_owned(),
        "auth.failed" => return "A sign-in or a key was refused".to_owned(),
        "saved_view.create" => "Saved the view",
        "saved_view.delete" => "Removed the view",
        "usage.import" => "Imported usage:",
        "bill.import" => "Imported the provider's bill with",
        "usage.rerate" => return "Rated a period again".to_owned(),
        "price.create" => "Set an own price for",
        "price.update" => "Changed the own price of",
        "price.delete" => "Withdrew the own price of",
        "price.approve" => "Approved the price list",
        "price.apply" => "First charged at this price of",
        "charge.adjust" => "Corrected a charge of",
        "quota.update" => "Changed the quota of",
        "limit.create" => "Set a rate limit for",
        "limit.update" => "Changed the rate limit of",
        "limit.delete" => "Removed the rate limit of",
        "listener.create" => "Added the listener",
        "listener.update" => "Changed the listener",
        "listener.delete" => "Removed the listener",
        "listener.disable" => "Stopped sending to the listener",
        "listener.test" => "Sent a test to the listener",
        "privacy.request" => "Noted a request for erasure of",
        "privacy.block" => "A legal hold keeps what a request asks to erase of",
        "privacy.refuse" => "Refused the request for erasure of",
        "privacy.done" => "Erased what was personal of",
        "privacy.restrict" => "Changed whether what is personal is shown of",
        "legal_hold.create" => "Placed the legal hold",
        "legal_hold.release" => "Released the legal hold",
        "retention.update" => "Changed how long is kept the stream",
        "retention.prune" => "Pruned the stream",
        "retention.forget" => return "Forgot what was personal in months that are over".to_owned(),
        "config.changed" => "Changed",
        kind if kind.ends_with(".update") => "Changed",
        kind => return format!("{} {what}", sentence(kind)).trim().to_owned(),
    };
    match text(leaf, "cost_usd") {
        Some(cost) => format!("{verb} {what}, ${cost}"),
        None => format!("{verb} {what}").trim().to_owned(),
    }
}

fn session(leaf: &Leaf) -> String {
    let version = text(leaf, "version").unwrap_or_default();
    match text(leaf, "before").as_deref() {
        Some("broke off") => {
            format!("Reeve {version} was started; the session before did not end, it broke off")
        }
        _ => format!("Reeve {version} was started"),
    }
}

fn held(did: &str, leaf: &Leaf, d: &Described) -> String {
    let amount = text(leaf, "amount_usd").map_or_else(|| "money".to_owned(), |usd| format!("${usd}"));
    let tenant = d.tenant.as_ref().map_or("a tenant", |(_, name)| name);
    format!("{did} {amount} of {tenant} for calls that a crash cut off")
}

/// Which role was given or taken, and for which tenant.
fn granted(leaf: &Leaf) -> String {
    let tenant = text(leaf, "tenant_name").unwrap_or_default();
    let role = text(leaf, "role_name").or_else(|| text(leaf, "role"));
    match role.filter(|_| leaf.kind == "grant.create") {
        Some(role) => format!("Gave somebody the role {role} for {tenant}"),
        None => format!("Took somebody's role for {tenant} away"),
    }
}

fn new_device(leaf: &Leaf) -> String {
    let is = |key: &str| leaf.x.get(key).and_then(Value::as_bool).unwrap_or(false);
    let what = match (is("program"), is("network")) {
        (true, true) => "with a program and from a network",
        (true, false) => "with a program",
        _ => "from a network",
    };
    format!("Signed in {what} not seen of this person before")
}

fn witnessed(leaf: &Leaf) -> String {
    let size = leaf.x.get("size").and_then(Value::as_u64).unwrap_or_default();
    let (name, stream) = (text(leaf, "witness").unwrap_or_default(), leaf.on.trim_start_matches("ledger:"));
    format!("{name} signed the first {size} entries of the {stream} ledger")
}

fn clock_jump(leaf: &Leaf) -> String {
    let jump = leaf.x.get("jump_ms").and_then(Value::as_i64).unwrap_or_default();
    let seconds = jump.unsigned_abs() / 1_000;
    match jump {
        i64::MIN..0 => format!("The clock was set back by {seconds} s"),
        _ => format!("The clock went forward by {seconds} s: it was set, or the machine slept"),
    }
}

/// What an application did, in words made here: it cannot put its own into the sentence.
fn told_by_application(d: &Described, what: &str) -> String {
    let kind =
        d.resource.as_ref().map_or_else(String::new, |r| r.kind.to_ascii_lowercase().replace('_', " "));
    let with =
        d.related.as_ref().map_or_else(String::new, |r| r.name.clone().unwrap_or_else(|| r.id.clone()));
    let named = |what: &str| format!("{kind} {what}");
    let id = d.resource.as_ref().map_or("", |r| r.id.as_str());
    let what = if d.resource.as_ref().is_some_and(|r| r.name.is_some()) { what } else { id };
    match d.action.as_str() {
        "CREATE" => format!("Created {}", named(what)),
        "UPDATE" => format!("Changed {}", named(what)),
        "DELETE" => format!("Deleted {}", named(what)),
        "LINK" => format!("Linked {} to {with}", named(what)),
        "UNLINK" => format!("Unlinked {} from {with}", named(what)),
        "VIEW" => format!("Looked at {}", named(what)),
        _ => format!("Ran {}", named(what)),
    }
}

/// `vault.slot_update` as "Vault slot update".
fn sentence(kind: &str) -> String {
    let words = kind.replace(['.', '_'], " ");
    let mut letters = words.chars();
    letters.next().map_or(words.clone(), |first| first.to_uppercase().chain(letters).collect())
}

/// What an entry says was before and after.
pub(crate) fn changes(leaf: &Leaf) -> Vec<Change> {
    let change = |c: &Value| {
        let part = |key: &str| c.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        Change { field: part("field"), before: part("before"), after: part("after") }
    };
    leaf.x.get("changes").and_then(Value::as_array).into_iter().flatten().map(change).collect()
}

pub(crate) fn detail(entry: &Entry, described: Described, private: Map<String, Value>) -> Detail {
    let leaf = &entry.leaf;
    let known =
        ["action", "severity", "tenant", "name", "changes", "trace", "session", "duration_ms", "message"];
    let of_app = ["related", "project", "occurred_at", "metadata", "key_name"];
    let is_known = |key: &str| known.contains(&key) || (is_app(leaf) && of_app.contains(&key));
    let mut metadata: Map<String, Value> =
        leaf.x.iter().filter(|(key, _)| !is_known(key)).map(|(k, v)| (k.clone(), v.clone())).collect();
    if let Some(Value::Object(told)) = leaf.x.get("metadata").filter(|_| is_app(leaf)) {
        metadata.extend(told.clone());
    }
    let mut taken = private;
    let mut take = |key: &str| taken.remove(key).and_then(|v| v.as_str().map(str::to_owned));
    let (ip, user_agent) = (take("ip"), take("user_agent"));
    metadata.extend(taken);
    Detail {
        changes: changes(leaf),
        metadata,
        session_id: text(leaf, "session"),
        ip,
        user_agent,
        leaf: String::from_utf8_lossy(&entry.bytes).into_owned(),
        leaf_hash: reeve_ledger::leaf_hash(&entry.bytes),
        described,
    }
}

/// What happened in a rotation, before the name of its credential.
fn rotation(kind: &str) -> &'static str {
    match kind {
        "rotation.planned" => "A new key is to replace the one of",
        "rotation.intent" => "About to ask the provider for a new key of",
        "rotation.minted" => "A new key is here, sealed, for",
        "rotation.probe_passed" => "The provider takes the new key of",
        "rotation.probe_failed" => "The new key is no good, the old one stays:",
        "rotation.promoted" => "Calls go out with the new key of",
        "rotation.fallback_used" => "Calls were served with the older key of",
        "rotation.demoted" => "The new key is refused, the old one is back in use:",
        "rotation.grace_extended" => "The older key is still used and kept longer:",
        "rotation.disabled" => "The older key is not used any more:",
        "rotation.revoked" => "The older key is gone for good:",
        "rotation.rolled_back" => "Took back the new key of",
        "rotation.orphan_found" => "The provider made a key that nobody knows, for",
        "rotation.orphan_deleted" => "Deleted the key that nobody knew, of",
        "rotation.foreign_key_seen" => "A key of unknown origin is at the provider of",
        "rotation.awaiting_operator" => "Somebody must make or delete a key at the provider of",
        "rotation.needs_attention" => "The rotation cannot go on by itself:",
        "rotation.resolved" => "Decided how the rotation goes on of",
        "rotation.delete_chosen" => "About to delete a chosen key at the provider of",
        _ => "The rotation goes on:",
    }
}
