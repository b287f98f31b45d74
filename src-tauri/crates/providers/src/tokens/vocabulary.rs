//! The tokens of a tokenizer, for looking up whether a piece of text is one.

use super::family::Family;
use super::scan::Style;
use fancy_regex::Regex;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::{Once, OnceLock};
use std::thread;
use tiktoken_rs::{CoreBPE, O200K_BASE_PAT_STR, Rank};

// Empty where a tokenizer could not be built; the bound is then the number of bytes.
static O200K: OnceLock<Option<Vocabulary>> = OnceLock::new();
static CL100K: OnceLock<Option<Vocabulary>> = OnceLock::new();

/// How the older tokenizer cuts text, as OpenAI's `tiktoken` publishes it; the tests hold it against that.
const CL100K_BASE_PAT_STR: &str = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s";

/// A tokenizer and its tokens. `tiktoken` keeps three copies of them; this keeps one to merge by, and a packed set to look up
/// in.
pub(super) struct Vocabulary {
    /// How it cuts text into pieces.
    pub(super) style: Style,
    /// The same, for text that is not all ASCII.
    cut: Regex,
    ranks: FxHashMap<Vec<u8>, Rank>,
    /// Tokens of up to [`SHORT`] bytes, packed: most lookups touch one cache line.
    short: FxHashSet<u128>,
}

const SHORT: usize = 15;
/// Longer pieces are not merged, because that takes the square of their length; they are bounded by their bytes.
const LONGEST: usize = 512;

impl Vocabulary {
    /// The tables of a tokenizer, or of the one that bounds it; `None` while they are not built.
    pub(super) fn of(family: Family) -> Option<&'static Self> {
        match family {
            Family::Cl100k => {
                if CL100K.get().is_none() {
                    build_old_soon();
                }
                CL100K.get()?.as_ref()
            }
            Family::O200k | Family::Other => O200K.get()?.as_ref(),
        }
    }

    /// `None` where the tokenizer's own pattern does not compile, which no release of it does.
    fn new(bpe: &CoreBPE, pattern: &str, style: Style, ranks: Rank) -> Option<Self> {
        let cut = Regex::new(pattern).ok()?;
        let token = |rank| Some((bpe.decode_bytes(&[rank]).ok()?, rank));
        let ranks: FxHashMap<_, _> = (0..ranks).filter_map(token).collect();
        let short = ranks.keys().filter_map(|token| pack(token)).collect();
        Some(Self { style, cut, ranks, short })
    }

    /// Whether `piece` is a token.
    pub(super) fn has(&self, piece: &[u8]) -> bool {
        match pack(piece) {
            Some(packed) => self.short.contains(&packed),
            None => self.ranks.contains_key(piece),
        }
    }

    /// How many tokens `text` is, at most. Slow.
    pub(super) fn count(&self, text: &str) -> usize {
        let pieces = self.cut.find_iter(text).map(|piece| piece.map(|piece| self.merged(piece.as_str())));
        pieces.sum::<Result<_, _>>().unwrap_or(text.len())
    }

    fn merged(&self, piece: &str) -> usize {
        let piece = piece.as_bytes();
        match piece.len() {
            _ if self.has(piece) => 1,
            0 | 1 | LONGEST.. => piece.len(),
            _ => tiktoken_rs::byte_pair_split(piece, &self.ranks).len(),
        }
    }
}

impl std::fmt::Debug for Vocabulary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vocabulary({:?}, {} tokens)", self.style, self.ranks.len())
    }
}

pub(super) fn build() {
    O200K.get_or_init(|| {
        let bpe = tiktoken_rs::o200k_base().ok()?;
        Vocabulary::new(&bpe, O200K_BASE_PAT_STR, Style::O200k, 199_998)
    });
}

pub(super) fn build_old() {
    CL100K.get_or_init(|| {
        let bpe = tiktoken_rs::cl100k_base().ok()?;
        Vocabulary::new(&bpe, CL100K_BASE_PAT_STR, Style::Cl100k, 100_256)
    });
}

/// Builds the older tables on a thread of their own, once somebody asks for a model that needs them: they weigh 10 MB.
fn build_old_soon() {
    static BEGUN: Once = Once::new();
    BEGUN.call_once(|| {
        // Without a thread the bound stays the number of bytes: higher, and still a bound.
        let _ = thread::Builder::new().name("reeve-tokens".to_owned()).spawn(build_old);
    });
}

/// The bytes and their number in one word; `None` where they do not fit.
fn pack(piece: &[u8]) -> Option<u128> {
    let mut packed = [0; SHORT + 1];
    packed[..SHORT].get_mut(..piece.len())?.copy_from_slice(piece);
    packed[SHORT] = u8::try_from(piece.len()).ok()?;
    Some(u128::from_le_bytes(packed))
}
