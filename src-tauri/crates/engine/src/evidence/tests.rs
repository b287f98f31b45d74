//! A pack of a real trail: what is in it, and that its entries verify.

use super::{AskEvidence, Framework};
use crate::vault::VaultKeys;
use crate::{Code, Cx, Engine, OpenEngine, SystemClock};
use reeve_bundle::archive::ArchiveReader;
use reeve_bundle::{Known, Verdict, verify};
use reeve_core::tenant::Tier;
use reeve_core::time::Millis;
use reeve_vault::{Keyring, MemoryKeyring};
use std::collections::HashMap;
use std::sync::Arc;

async fn engine(folder: &tempfile::TempDir) -> Engine {
    let keyring: Arc<dyn Keyring> = Arc::new(MemoryKeyring::new());
    let keys = VaultKeys { keyring: Some(Arc::new(move |_| Arc::clone(&keyring))), ..VaultKeys::default() };
    Engine::open(OpenEngine { data_dir: folder.path().to_owned(), keys, clock: Arc::new(SystemClock) })
        .await
        .unwrap()
}

fn files(zip: &[u8]) -> HashMap<String, Vec<u8>> {
    let mut archive = ArchiveReader::new(zip);
    let mut files = HashMap::new();
    while let Some(file) = archive.next_file().unwrap() {
        files.insert(file.name, file.data);
    }
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pack_tells_what_happened_and_its_entries_verify() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(&folder).await;
    let cx = Cx::cli();
    let tenant = crate::tenants::CreateTenant {
        name: "<script>alert(1)</script>".to_owned(),
        slug: Some("script".to_owned()),
        tier: Tier::Free,
        time_zone: None,
        owner: None,
        tags: Vec::new(),
        notes: None,
    };
    engine.create_tenant(&cx, tenant).await.unwrap();
    let now = engine.now();
    let ask = AskEvidence {
        framework: Framework::Soc2,
        from: now.plus(-3 * Millis::DAY),
        to: now.plus(Millis::DAY),
    };
    let pack = engine.evidence_pack(&cx, ask).await.unwrap();
    let files = files(&pack.bytes);
    let page = String::from_utf8(files["report.html"].clone()).unwrap();
    assert!(!page.contains("<script"), "{page}");
    for part in [
        "&lt;script&gt;alert(1)",
        "CC8.1",
        "tenant.create",
        "vault.initialized",
        "intact",
        "Nothing was written on",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let report = verify(&files["entries.zip"][..], Known::default());
    assert_eq!((report.verdict, report.entries), (Verdict::Intact, pack.entries));
    assert!(String::from_utf8_lossy(&files["README.txt"]).contains("reeve-verify"));

    let ask = AskEvidence { framework: Framework::Hipaa, ..ask };
    let pack = engine.evidence_pack(&cx, ask).await.unwrap();
    let page = String::from_utf8(self::files(&pack.bytes)["report.html"].clone()).unwrap();
    assert!(
        page.contains("164.316(b)(2)") && page.contains("evidence.export"),
        "the first pack is in the second"
    );
    let none = AskEvidence { from: Millis(0), to: Millis(1), ..ask };
    assert_eq!(engine.evidence_pack(&cx, none).await.unwrap_err().code, Code::Invalid);
}
