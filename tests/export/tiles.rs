//! The whole log as a C2SP tile tree: any reader of such trees finds every entry, and the root that is signed.

use super::{console, export, key};
use reeve_bundle::archive::ArchiveReader;
use reeve_ledger::{Checkpoint, Frontier, leaf_hash};
use reeve_tests::console::Door;
use serde_json::Value;
use std::collections::BTreeMap;

fn files(archive: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut reader = ArchiveReader::new(archive);
    std::iter::from_fn(|| reader.next_file().unwrap()).map(|file| (file.name, file.data)).collect()
}

fn entries(mut bundle: &[u8]) -> Vec<Vec<u8>> {
    let mut entries = Vec::new();
    while let [a, b, rest @ ..] = bundle {
        let (entry, behind) = rest.split_at(usize::from(u16::from_be_bytes([*a, *b])));
        entries.push(entry.to_vec());
        bundle = behind;
    }
    entries
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tree_has_the_root_that_is_signed() {
    let console = console().await;
    let key = key(&console).await;
    for door in [Door::Server, Door::Window] {
        let raw = export(&console, door, "format=tiles").await;
        assert_eq!(raw.header("content-type"), "application/zip");
        assert!(raw.header("content-disposition").contains("-tiles.zip"));
        let files = files(&raw.body);
        let note = String::from_utf8(files["checkpoint"].clone()).unwrap();
        let head = Checkpoint::open(&note, &key).unwrap();
        let (_, bundle) = files.iter().find(|(name, _)| name.starts_with("tile/entries/000")).unwrap();
        let (_, tile) = files.iter().find(|(name, _)| name.starts_with("tile/0/000")).unwrap();
        let (entries, mut tree) = (entries(bundle), Frontier::new());
        for (entry, stored) in entries.iter().zip(tile.as_chunks::<32>().0) {
            assert_eq!(leaf_hash(entry), *stored);
            tree.push(*stored);
        }
        assert_eq!((entries.len() as u64, tree.root()), (head.size, head.root));
        let last: Value = serde_json::from_slice(entries.last().unwrap()).unwrap();
        assert_eq!((&last["k"], &last["x"]["format"]), (&"audit.export".into(), &"tiles".into()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_a_log_is_no_tree() {
    let console = console().await;
    for query in ["first=2", "event_type=tenant.create", "from=2020-01-01T00:00:00Z", "private=true"] {
        let path = format!("/audit/export?format=tiles&{query}");
        let answer = console.ask(Door::Server, "GET", &path, None).await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (400, &"invalid".into()),
            "{query}: {}",
            answer.body
        );
    }
}
