//! `policy` and `witnessed.jsonl`: who outside signs how long the log is, and of each the largest head that it signed, with the proof
//! that the checkpoint grew out of that head. Both files are there only where the manifest names witnesses.

use crate::Manifest;
use data_encoding::HEXLOWER;
use reeve_ledger::note::cosignatures;
use reeve_ledger::{
    CanonicalError, Checkpoint, Hash, KeyChain, Policy, VerifierKey, WitnessKey, canonical,
    verify_consistency,
};
use serde_json::{Value, json};

/// A head that a witness signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessedHead {
    /// Place of the witness in the manifest's list, from 0.
    pub witness: usize,
    /// The head as the log signed it, with the witness's line.
    pub note: String,
    /// Proof that the checkpoint grew out of that head.
    pub consistency: Vec<Hash>,
}

/// What a witness signed, once that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witnessed {
    /// Its name.
    pub name: String,
    /// Its key.
    pub vkey: String,
    /// Entries that it signed.
    pub size: u64,
    /// When, in seconds since 1970, by its own clock.
    pub time: u64,
    /// Whether the key is one that the verifier brought.
    pub pinned: bool,
}

/// The text of `policy`: the key that signs the checkpoint, and every witness. There is one way to write it.
pub(crate) fn policy(manifest: &Manifest) -> Option<String> {
    let (_, key) = manifest.vkeys().filter(|(from, _)| *from <= manifest.size).last()?;
    let log: VerifierKey = key.parse().ok()?;
    let witnesses = manifest.witnesses.iter().map(|key| Some((key.parse::<WitnessKey>().ok()?, None)));
    Some(Policy::all_of(vec![log], witnesses.collect::<Option<_>>()?).ok()?.to_text())
}

/// The text of `witnessed.jsonl`.
pub(crate) fn to_text(list: &[WitnessedHead]) -> Result<Vec<u8>, CanonicalError> {
    let mut out = Vec::new();
    for one in list {
        let hashes: Vec<_> = one.consistency.iter().map(|h| HEXLOWER.encode(h)).collect();
        let line = json!({ "consistency": hashes, "note": one.note, "witness": one.witness });
        out.extend(canonical::encode(&line)?);
        out.push(b'\n');
    }
    Ok(out)
}

fn parse(line: &[u8]) -> Option<WitnessedHead> {
    let Value::Object(fields) = canonical::parse(line).ok()? else { return None };
    let list = fields.get("consistency")?.as_array().filter(|list| list.len() <= 108)?;
    let hashes = list.iter().map(|h| HEXLOWER.decode(h.as_str()?.as_bytes()).ok()?.try_into().ok());
    let one = WitnessedHead {
        witness: usize::try_from(fields.get("witness")?.as_u64()?).ok()?,
        note: fields.get("note")?.as_str()?.to_owned(),
        consistency: hashes.collect::<Option<_>>()?,
    };
    (fields.len() == 3).then_some(one)
}

/// Checks what each witness signed against the checkpoint. Gives the first line, from 0, that does not fit, and why not.
pub(crate) fn check(
    file: &[u8],
    manifest: &Manifest,
    keys: &KeyChain,
    head: &Checkpoint,
) -> Result<Vec<Witnessed>, (usize, String)> {
    let mut found = Vec::new();
    if file.is_empty() {
        return Ok(found);
    }
    let text =
        file.strip_suffix(b"\n").ok_or_else(|| (0, "the file does not end with a whole line".to_owned()))?;
    let mut next = 0;
    for (place, line) in text.split(|b| *b == b'\n').enumerate() {
        let wrong = |why: String| (place, why);
        let one = parse(line).ok_or_else(|| wrong("the line is not as it should be".to_owned()))?;
        let vkey = manifest
            .witnesses
            .get(one.witness)
            .filter(|_| one.witness >= next)
            .ok_or_else(|| wrong("the line is of no witness, or out of order".to_owned()))?;
        next = one.witness + 1;
        let key: WitnessKey = vkey.parse().map_err(|e| wrong(format!("its key is not usable: {e}")))?;
        let at = keys
            .open(&one.note)
            .map_err(|e| wrong(format!("the head is not signed by the log's key: {e}")))?;
        let signed =
            cosignatures(&one.note, &key).map_err(|e| wrong(format!("its signature is wrong: {e}")))?;
        let newest = signed
            .iter()
            .max_by_key(|c| c.time)
            .ok_or_else(|| wrong("it did not sign the head".to_owned()))?;
        verify_consistency(at.size, head.size, at.root, head.root, &one.consistency)
            .map_err(|e| wrong(format!("the checkpoint did not grow out of the head it signed: {e}")))?;
        let name = key.name().to_owned();
        found.push(Witnessed { name, vkey: vkey.clone(), size: at.size, time: newest.time, pinned: false });
    }
    Ok(found)
}

/// A time in seconds since 1970 as a date and time of day, UTC.
pub(crate) fn moment(seconds: u64) -> String {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // The calendar repeats every 146,097 days; years begin in March, so that leap days come last.
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02} UTC",
        second / 3_600,
        second / 60 % 60,
        second % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_words() {
        for (seconds, words) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_399, "2000-02-28 23:59:59 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"),
            (1_767_226_400, "2026-01-01 00:13:20 UTC"),
            (1_795_262_400, "2026-11-21 12:00:00 UTC"),
            (4_107_542_400, "2100-03-01 00:00:00 UTC"),
        ] {
            assert_eq!(moment(seconds), words);
        }
        assert!(moment(i64::MAX.unsigned_abs()).ends_with(" UTC"));
    }
}
