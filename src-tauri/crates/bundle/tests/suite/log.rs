//! A small log with everything an entry can have, and bundles of it.

use reeve_bundle::archive::{ArchiveReader, ArchiveWriter, StoredFile};
use reeve_bundle::{
    BundleWriter, Evidence, HandOver, Kind, Manifest, Noted, OpenedSection, PrivateMode, WitnessedHead,
    after, before,
};
use reeve_ledger::leaf::Ok as Outcome;
use reeve_ledger::{
    Checkpoint, Cosigner, Frontier, Hash, HashSource, Hlc, Leaf, Signer, commitment, consistency_proof,
    genesis_signer, inclusion_proof, leaf_hash, note, tile_root,
};
use serde_json::json;
use std::convert::Infallible;
use std::ops::Range;

pub(crate) struct Log {
    pub(crate) signer: Signer,
    /// The keys after the first, each with the size from which it signs.
    pub(crate) later: Vec<(u64, Signer)>,
    pub(crate) leaves: Vec<Leaf>,
    pub(crate) hashes: Vec<Hash>,
    sections: Vec<Vec<OpenedSection>>,
    /// Outside witnesses, each with the size it signed; none if that is 0.
    pub(crate) witnesses: Vec<(Cosigner, u64)>,
}

impl HashSource for Log {
    type Error = Infallible;
    fn subtree(&self, level: u32, index: u64) -> Result<Hash, Infallible> {
        let (start, width) = ((index << level) as usize, 1 << level);
        Ok(tile_root(&self.hashes[start..start + width]))
    }
}

/// The same key, another history.
pub(crate) fn log_of_another_past(size: u64) -> Log {
    let mut log = log(size);
    let mut first = log.leaves[0].clone();
    first.who = "u:other".to_owned();
    log.hashes[0] = leaf_hash(&first.encode().unwrap());
    log.leaves[0] = first;
    log
}

/// Every fifth entry has a private section, every seventh two; texts have what needs care in JSON.
pub(crate) fn log(size: u64) -> Log {
    let signer = genesis_signer(&[7; 32], "audit").unwrap();
    let (mut leaves, mut hashes, mut all_sections) = (Vec::new(), Vec::new(), Vec::new());
    let mut hlc = Hlc(0);
    for n in 0..size {
        let t = 1_767_225_600_000 + i64::try_from(n / 3).unwrap() * 1_000;
        hlc = hlc.next(t);
        let count = usize::from(n % 5 == 0) + usize::from(n % 7 == 0);
        let sections: Vec<_> = (0..count)
            .map(|i| {
                let json =
                    reeve_ledger::canonical::encode(&json!({"ip": format!("203.0.113.{n}"), "place": i}))
                        .unwrap();
                OpenedSection { i, salt: [u8::try_from(n).unwrap_or(9); 32], json }
            })
            .collect();
        let leaf = Leaf {
            n,
            t,
            hlc,
            kind: "tenant.update".to_owned(),
            who: "u:7f3k".to_owned(),
            via: "ui".to_owned(),
            on: format!("tenant:ten_{n}"),
            ok: if n % 4 == 0 { Outcome::Denied } else { Outcome::Success },
            sid: (n % 2 == 0).then(|| format!("req_{n}")),
            x: json!({"name": "Ä \"quoted\"\\ \u{1f}\u{7f}\u{2028}\n😀", "count": -3, "deep": [[{"a": true}]]}).as_object().unwrap().clone(),
            p: sections.iter().map(|s| ("k1".to_owned(), commitment(&s.salt, &s.json))).collect(),
        };
        hashes.push(leaf_hash(&leaf.encode().unwrap()));
        leaves.push(leaf);
        all_sections.push(sections);
    }
    Log { signer, later: Vec::new(), leaves, hashes, sections: all_sections, witnesses: Vec::new() }
}

/// A log whose key changed at these sizes.
pub(crate) fn rotated(size: u64, at: &[u64]) -> Log {
    let mut log = log(size);
    for (place, from) in at.iter().enumerate() {
        let seed = [20 + u8::try_from(place).unwrap(); 32];
        let next = Signer::from_seed(log.signer.name(), &seed).unwrap();
        let n = usize::try_from(from - 1).unwrap();
        let leaf = &mut log.leaves[n];
        leaf.kind = "key.rotate".to_owned();
        leaf.on = "ledger:audit".to_owned();
        leaf.who = "system".to_owned();
        leaf.via = "system".to_owned();
        leaf.x = json!({"vkey": next.verifier_key().to_string()}).as_object().unwrap().clone();
        log.hashes[n] = leaf_hash(&leaf.encode().unwrap());
        log.later.push((*from, next));
    }
    log
}

/// A witness's key pair.
pub(crate) fn cosigner(seed: u8) -> Cosigner {
    Cosigner::from_seed(format!("witness.example/w{seed}"), &[seed; 32]).unwrap()
}

/// A log that three witnesses know, of whom the second has not signed.
pub(crate) fn witnessed(size: u64, at: u64) -> Log {
    let witnesses = vec![(cosigner(1), at), (cosigner(2), 0), (cosigner(3), size)];
    Log { witnesses, ..rotated(size, &[3]) }
}

impl Log {
    fn size(&self) -> u64 {
        self.leaves.len() as u64
    }

    pub(crate) fn manifest(
        &self,
        kind: Kind,
        range: &Range<u64>,
        count: u64,
        private: PrivateMode,
    ) -> Manifest {
        Manifest {
            kind,
            origin: self.signer.name().to_owned(),
            stream: "audit".to_owned(),
            vkey: self.signer.verifier_key().to_string(),
            successors: self
                .later
                .iter()
                .map(|(from, key)| (*from, key.verifier_key().to_string()))
                .collect(),
            witnesses: self.witnesses.iter().map(|(w, _)| w.witness_key().to_string()).collect(),
            size: self.size(),
            first: range.start,
            end: range.end,
            count,
            private,
            asked: "audit, everything".to_owned(),
        }
    }

    fn note(&self) -> String {
        self.note_at(self.size())
    }

    /// The signed head of the first entries.
    pub(crate) fn note_at(&self, size: u64) -> String {
        let mut tree = Frontier::new();
        self.hashes.iter().take(usize::try_from(size).unwrap()).for_each(|h| tree.push(*h));
        let origin = self.signer.name().to_owned();
        let head = Checkpoint { origin, size, root: tree.root() };
        let keys: Vec<_> =
            std::iter::once(&self.signer).chain(self.later.iter().map(|(_, key)| key)).collect();
        let current = self.later.iter().filter(|(from, _)| *from <= size).count();
        let both = self.later.iter().any(|(from, _)| *from == size);
        if both { head.sign_both(keys[current - 1], keys[current]) } else { head.sign(keys[current]) }
    }

    fn hand_overs(&self) -> Vec<HandOver> {
        let one = |(from, _): &(u64, Signer)| HandOver {
            note: self.note_at(*from),
            entry: self.leaves[usize::try_from(from - 1).unwrap()].encode().unwrap(),
            inclusion: inclusion_proof(self, from - 1, *from).unwrap(),
            consistency: consistency_proof(self, *from, self.size()).unwrap(),
        };
        self.later.iter().map(one).collect()
    }

    /// What the witnesses signed, at this time and those after it.
    pub(crate) fn witnessed(&self) -> Vec<WitnessedHead> {
        let one = |(witness, (by, size)): (usize, &(Cosigner, u64))| {
            let note = self.note_at(*size);
            let text = format!("{}\n", note.rsplit_once("\n\n").unwrap().0);
            let cosignature = by.cosign(&text, 1_795_262_400 + witness as u64);
            WitnessedHead {
                witness,
                note: note::cosigned(&note, by.witness_key(), &cosignature),
                consistency: consistency_proof(self, *size, self.size()).unwrap(),
            }
        };
        self.witnesses.iter().enumerate().filter(|(_, (_, size))| *size > 0).map(one).collect()
    }

    pub(crate) fn range(&self, range: Range<u64>, private: PrivateMode) -> Vec<u8> {
        let kind = if range == (0..self.size()) { Kind::Log } else { Kind::Range };
        let manifest = self.manifest(kind, &range, range.end - range.start, private);
        let rooted = |spans: Vec<reeve_bundle::Span>| {
            spans.into_iter().map(|s| (s, self.subtree(s.level, s.index).unwrap())).collect()
        };
        let evidence = Evidence {
            checkpoint: self.note(),
            hand_overs: self.hand_overs(),
            witnessed: self.witnessed(),
            before: rooted(before(range.start)),
            after: rooted(after(range.end, self.size())),
        };
        self.write(&manifest, &evidence, range.collect())
    }

    pub(crate) fn selection(&self, wanted: &[u64]) -> Vec<u8> {
        let manifest =
            self.manifest(Kind::Selection, &(0..self.size()), wanted.len() as u64, PrivateMode::Opened);
        let evidence = Evidence {
            checkpoint: self.note(),
            hand_overs: self.hand_overs(),
            witnessed: self.witnessed(),
            ..Evidence::default()
        };
        self.write(&manifest, &evidence, wanted.to_vec())
    }

    fn write(&self, manifest: &Manifest, evidence: &Evidence, wanted: Vec<u64>) -> Vec<u8> {
        let mut writer = BundleWriter::begin(manifest, evidence).unwrap();
        let mut out = Vec::new();
        for n in wanted {
            let i = usize::try_from(n).unwrap();
            let selected = manifest.kind == Kind::Selection;
            let proof = selected.then(|| inclusion_proof(self, n, self.size()).unwrap());
            let noted = proof.as_deref().map_or(Noted::Hash(self.hashes[i]), Noted::Proof);
            let opened = if manifest.private == PrivateMode::Opened { &self.sections[i][..] } else { &[] };
            writer.push(n, &self.leaves[i].encode().unwrap(), noted, opened).unwrap();
            out.extend(writer.take());
        }
        writer.finish().unwrap();
        out.extend(writer.take());
        out
    }
}

/// The files of a bundle.
pub(crate) fn unpack(bundle: &[u8]) -> Vec<StoredFile> {
    let mut reader = ArchiveReader::new(bundle);
    std::iter::from_fn(|| reader.next_file().unwrap()).collect()
}

/// A bundle of files, with checksums that fit: what somebody makes who knows the format but not the key.
pub(crate) fn pack<'f>(files: impl IntoIterator<Item = &'f StoredFile>) -> Vec<u8> {
    let mut writer = ArchiveWriter::default();
    files.into_iter().for_each(|f| writer.add(&f.name, &f.data).unwrap());
    writer.finish().unwrap();
    writer.take()
}

/// The bundle with one of its files changed.
pub(crate) fn with(bundle: &[u8], name: &str, change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut files = unpack(bundle);
    let file = files.iter_mut().find(|f| f.name == name).unwrap_or_else(|| panic!("no {name}"));
    change(&mut file.data);
    pack(&files)
}

/// As [`with`], replacing a text.
pub(crate) fn replaced(bundle: &[u8], name: &str, from: &str, to: &str) -> Vec<u8> {
    with(bundle, name, |data| {
        let text = String::from_utf8(data.clone()).unwrap();
        assert!(text.contains(from), "no {from} in {name}");
        *data = text.replacen(from, to, 1).into_bytes();
    })
}
