//! Looking for canaries: in files, in texts, and in the memory of another process.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// So much is read at once.
const PIECE: usize = 64 << 10;

/// A secret to look for. Held inverted, so that this process is not what is found.
pub(crate) struct Canary {
    pub(crate) name: &'static str,
    inverted: Vec<u8>,
}

impl Canary {
    pub(crate) fn new(name: &'static str, secret: &str) -> Self {
        // The last part of it: what is said of a key now and then is its beginning, or four characters of its end.
        let tail = &secret.as_bytes()[secret.len().saturating_sub(24)..];
        Self { name, inverted: tail.iter().map(|byte| !byte).collect() }
    }

    /// How often it is in `text`: as it is, in hexadecimal, and in Base64 of each alignment.
    pub(crate) fn count(&self, text: &[u8]) -> usize {
        self.shapes().iter().map(|shape| occurrences(text, shape)).sum()
    }

    fn shapes(&self) -> Vec<Vec<u8>> {
        let plain: Vec<u8> = self.inverted.iter().map(|byte| !byte).collect();
        let mut shapes = vec![data_encoding::HEXLOWER.encode(&plain).into_bytes()];
        for skip in 0..3 {
            // Behind what precedes it, Base64 has one of three forms; its edges depend on the neighbours.
            let whole = &plain[skip..skip + (plain.len() - skip) / 3 * 3];
            shapes.push(data_encoding::BASE64.encode(whole).into_bytes());
        }
        shapes.push(plain);
        shapes
    }

    fn plain(&self) -> Vec<u8> {
        self.inverted.iter().map(|byte| !byte).collect()
    }
}

fn occurrences(text: &[u8], what: &[u8]) -> usize {
    // By the library's own search for a byte, which is quick without optimisation, too.
    let (first, mut rest, mut found) = (what[0], text, 0);
    while let Some(at) = memchr(first, rest) {
        rest = &rest[at..];
        found += usize::from(rest.starts_with(what));
        rest = &rest[1..];
    }
    found
}

fn memchr(byte: u8, text: &[u8]) -> Option<usize> {
    let read = std::io::BufRead::skip_until(&mut &text[..], byte).ok()?;
    let last = read.checked_sub(1)?;
    (text[last] == byte).then_some(last)
}

/// Every file below `folder`.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// Which canaries are in which files below `folder`.
pub(crate) fn in_files(folder: &Path, canaries: &[Canary]) -> Vec<String> {
    let mut found = Vec::new();
    for path in files(folder) {
        let Ok(text) = fs::read(&path) else { continue };
        for canary in canaries.iter().filter(|canary| canary.count(&text) > 0) {
            found.push(format!("{} in {}", canary.name, path.display()));
        }
    }
    found
}

/// How often each canary is in the writable memory of process `pid`.
pub(crate) fn in_memory(pid: u32, canaries: &[Canary]) -> io::Result<Vec<usize>> {
    let memory = File::open(format!("/proc/{pid}/mem"))?;
    let maps = fs::read_to_string(format!("/proc/{pid}/maps"))?;
    let plain: Vec<_> = canaries.iter().map(Canary::plain).collect();
    let (mut found, mut searched) = (vec![0; canaries.len()], 0);
    let (mut buffer, nothing) = (vec![0; PIECE], vec![0; PIECE]);
    for (start, end) in maps.lines().filter_map(writable) {
        let mut at = start;
        while at < end {
            let want = buffer.len().min(usize::try_from(end - at).unwrap());
            // Some mappings of the kernel's cannot be read.
            let Ok(read) = memory.read_at(&mut buffer[..want], at) else { break };
            if read == 0 {
                break;
            }
            searched += read;
            // An allocator reserves far more than was ever written.
            if buffer[..read] != nothing[..read] {
                for (n, what) in plain.iter().enumerate() {
                    found[n] += occurrences(&buffer[..read], what);
                }
            }
            // What lies across the edge of two pieces is found in the second.
            at += if at + (read as u64) < end { (read - 64).max(1) as u64 } else { read as u64 };
        }
    }
    assert!(searched > 1 << 20, "the memory could be read: {searched} bytes");
    Ok(found)
}

fn writable(line: &str) -> Option<(u64, u64)> {
    let mut words = line.split_whitespace();
    let (start, end) = words.next()?.split_once('-')?;
    words.next()?.starts_with("rw").then_some(())?;
    Some((u64::from_str_radix(start, 16).ok()?, u64::from_str_radix(end, 16).ok()?))
}
