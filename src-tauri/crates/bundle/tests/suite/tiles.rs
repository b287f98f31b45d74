//! A tile tree says the same as the log: its bundles hold every entry, and its tiles are the hashes of them.

use reeve_bundle::TileTreeWriter;
use reeve_bundle::archive::ArchiveReader;
use reeve_ledger::{Hash, leaf_hash, tile_root};
use std::collections::BTreeMap;

fn files(archive: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut reader = ArchiveReader::new(archive);
    let mut files = BTreeMap::new();
    while let Some(file) = reader.next_file().unwrap() {
        assert!(files.insert(file.name, file.data).is_none(), "a name twice");
    }
    files
}

fn entry(n: u64) -> Vec<u8> {
    format!("{{\"n\":{n}}}").into_bytes()
}

fn tree(size: u64) -> BTreeMap<String, Vec<u8>> {
    let mut writer = TileTreeWriter::begin("the checkpoint\n").unwrap();
    (0..size).for_each(|n| writer.push(&entry(n)).unwrap());
    writer.finish().unwrap();
    files(&writer.take())
}

/// The files below a folder in the order of their numbers.
fn rows(files: &BTreeMap<String, Vec<u8>>, folder: &str) -> Vec<Vec<u8>> {
    let number = |name: &str| {
        let digits: String = name.split(".p/").next().unwrap().chars().filter(char::is_ascii_digit).collect();
        digits.parse::<u64>().unwrap()
    };
    let mut rows: Vec<_> = files
        .iter()
        .filter_map(|(name, data)| Some((number(name.strip_prefix(folder)?), name, data.clone())))
        .collect();
    rows.sort();
    for (place, (at, name, data)) in rows.iter().enumerate() {
        assert_eq!(*at, place as u64, "{name}");
        assert_eq!(name.contains(".p/"), place + 1 == rows.len() && !is_full(folder, data), "{name}");
    }
    rows.into_iter().map(|(_, _, data)| data).collect()
}

fn is_full(folder: &str, data: &[u8]) -> bool {
    let count = if folder.ends_with("entries/") { entries(data).len() } else { data.len() / 32 };
    count == 256
}

fn entries(mut bundle: &[u8]) -> Vec<Vec<u8>> {
    let mut entries = Vec::new();
    while let [a, b, rest @ ..] = bundle {
        let (entry, behind) = rest.split_at(usize::from(u16::from_be_bytes([*a, *b])));
        entries.push(entry.to_vec());
        bundle = behind;
    }
    assert!(bundle.is_empty());
    entries
}

fn hashes(tile: &[u8]) -> Vec<Hash> {
    tile.as_chunks::<32>().0.to_vec()
}

#[test]
fn every_entry_and_every_tile_of_its_tree_is_there() {
    for size in [0, 1, 2, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 66_000] {
        let files = tree(size);
        assert_eq!(files["checkpoint"], b"the checkpoint\n");
        let all: Vec<_> = rows(&files, "tile/entries/").iter().flat_map(|b| entries(b)).collect();
        assert_eq!(all, (0..size).map(entry).collect::<Vec<_>>());
        let mut row: Vec<Hash> = all.iter().map(|entry| leaf_hash(entry)).collect();
        for level in 0.. {
            let tiles = rows(&files, &format!("tile/{level}/"));
            let stored: Vec<Hash> = tiles.iter().flat_map(|tile| hashes(tile)).collect();
            assert_eq!(stored, row, "level {level} of {size}");
            if row.is_empty() {
                let deeper = format!("tile/{}/", level + 1);
                assert!(!files.keys().any(|name| name.starts_with(&deeper)));
                break;
            }
            row = row.as_chunks::<256>().0.iter().map(|tile| tile_root(tile)).collect();
        }
    }
}

#[test]
fn an_entry_that_its_length_cannot_say_is_refused() {
    let mut writer = TileTreeWriter::begin("").unwrap();
    writer.push(&vec![b'x'; 65_535]).unwrap();
    writer.push(&vec![b'x'; 65_536]).unwrap_err();
}
