//! What no request brings about: a second person, who may do next to nothing, and what crashes and calls leave behind.

use reeve_core::id::{ChargeId, HoldId, TenantId, UserId};
use reeve_core::money::NanoUsd;
use reeve_core::permission::Role;
use reeve_core::time::Millis;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_store::table::captures::{CaptureKey, SealedCapture};
use reeve_store::table::holds::Hold;
use reeve_store::{NewEntry, Store, StoreError};
use reeve_tests::console::Console;
use uuid::Uuid;

/// Mail address of the second person, whose password is the first one's.
pub(crate) const SECOND: &str = "second@example.com";
/// Pseudonym of the second person.
pub(crate) const SUBJECT: &str = "u_second";

/// Ids of what was sown.
#[derive(Clone, Copy)]
pub(crate) struct Sown {
    pub(crate) user: UserId,
    pub(crate) hold: HoldId,
    pub(crate) charge: ChargeId,
}

/// Sows it.
pub(crate) async fn sow(store: Store, tenant: TenantId) -> Sown {
    let sown = Sown {
        user: UserId(Uuid::from_u128(0x1_0001)),
        hold: HoldId(Uuid::from_u128(0x1_0002)),
        charge: ChargeId(Uuid::from_u128(0x1_0003)),
    };
    // What is remembered of the ledger is another one's, as after a backup was put back.
    let other = Console::start().await;
    let remembered = other.engine.data_dir().join("reeve.anchor");
    std::fs::copy(remembered, store.path().with_file_name("reeve.anchor")).unwrap();
    store.write(move |tx| write(tx, tenant, sown)).await.unwrap();
    sown
}

fn seed_entry() -> NewEntry {
    NewEntry {
        kind: "test.seed".to_owned(),
        who: "system".to_owned(),
        via: "system".to_owned(),
        on: "test:seed".to_owned(),
        ok: Outcome::Success,
        sid: None,
        details: serde_json::Map::new(),
        private: Vec::new(),
    }
}

fn write(tx: &mut reeve_store::Tx<'_>, tenant: TenantId, sown: Sown) -> Result<(), StoreError> {
    // A bundle of the usage stream that can be pruned.
    for _ in 0..300 {
        tx.meter(seed_entry())?;
    }
    let admin = tx.read().users().all()?.into_iter().next().unwrap();
    let now = tx.now();
    let recorded = tx.record(seed_entry())?;
    let mut second = admin;
    second.id = sown.user;
    second.subject = SUBJECT.to_owned();
    second.name = "Second Person".to_owned();
    second.email = SECOND.to_owned();
    second.role = Role::User.into();
    recorded.users().insert(&second)?;
    let amount = NanoUsd::from_usd(1);
    let reason = "the process ended with calls on their way".to_owned();
    recorded.holds().insert(&Hold {
        id: sown.hold,
        tenant_id: tenant,
        amount,
        opened_at: now,
        at: now,
        reason,
    })?;
    let day = now.0 / Millis::DAY + 5;
    let key = CaptureKey { id: "k1".to_owned(), tenant_id: tenant, day, wrapped: vec![1; 48] };
    recorded.captures().insert_key(&key)?;
    recorded.captures().insert(&SealedCapture {
        charge_id: sown.charge,
        tenant_id: tenant,
        key_id: key.id,
        time: now,
        expires_at: now.plus(5 * Millis::DAY),
        sealed: vec![2; 64],
    })
}
