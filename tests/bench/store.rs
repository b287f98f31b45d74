//! Audited writes under group commit.

use crate::Outcome;
use crate::table::{Table, Target};
use reeve_core::id::TenantId;
use reeve_core::period::Zone;
use reeve_core::tenant::{TenantStatus, Tier};
use reeve_core::time::Millis;
use reeve_engine::SystemClock;
use reeve_store::table::tenants::Tenant;
use reeve_store::{NewEntry, OpenStore, Store, StoreError};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;
use uuid::Uuid;

const WRITERS: u128 = 64;
const TIME: Duration = Duration::from_secs(5);

fn tenant(number: u128) -> Tenant {
    Tenant {
        id: TenantId(Uuid::from_u128(number)),
        name: format!("Tenant {number}"),
        slug: format!("tenant-{number}"),
        tier: Tier::Free,
        status: TenantStatus::Active,
        time_zone: Zone::UTC,
        owner: None,
        tags: Vec::new(),
        notes: None,
        sample: false,
        created_at: Millis(1),
        updated_at: Millis(1),
    }
}

/// An entry as a change of a tenant has one.
pub(crate) fn entry(kind: &str, who: &str, on: String, ok: reeve_ledger::leaf::Ok) -> NewEntry {
    let mut details = serde_json::Map::new();
    details.insert("request".to_owned(), "req_06A1B2C3D4E5F6G7H8J9K0M1N2".into());
    details.insert("summary".to_owned(), "Changed the plan from starter to professional".into());
    NewEntry {
        kind: kind.to_owned(),
        who: who.to_owned(),
        via: "api".to_owned(),
        on,
        ok,
        sid: None,
        details,
        private: Vec::new(),
    }
}

pub(crate) async fn measure(table: &mut Table) -> Outcome {
    let folder = tempfile::tempdir()?;
    let open = OpenStore { folder: folder.path().to_owned(), clock: Arc::new(SystemClock), readers: 2 };
    let store = tokio::task::spawn_blocking(move || Store::open(open)).await??;
    store
        .sign_with(
            reeve_ledger::genesis_signer(&[7; 32], "audit")?,
            reeve_ledger::genesis_signer(&[7; 32], "usage")?,
        )
        .await?;
    let (written, mut writers) = (Arc::new(AtomicU64::new(0)), JoinSet::new());
    let until = Instant::now() + TIME;
    for n in 0..WRITERS {
        let (store, written) = (store.clone(), Arc::clone(&written));
        writers.spawn(async move {
            while Instant::now() < until {
                let (row, on) = (tenant(n), format!("tenant:{n}"));
                store
                    .write(move |tx| {
                        let entry =
                            entry("tenant.update", "u:6f1d2c3b4a596877", on, reeve_ledger::leaf::Ok::Success);
                        tx.record(entry)?.tenants().put(&row)
                    })
                    .await?;
                written.fetch_add(1, Ordering::Relaxed);
            }
            Ok::<_, StoreError>(())
        });
    }
    while let Some(writer) = writers.join_next().await {
        writer??;
    }
    let rate = written.load(Ordering::Relaxed) as f64 / TIME.as_secs_f64();
    table.add("audited writes, each on disk, 64 writers", rate, "/s", Target::AtLeast(20_000.0));
    store.close().await;
    Ok(())
}
