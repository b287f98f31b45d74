//! The tokens of a tokenizer, for looking up whether a piece of text is one.

use super::family::Family;
use super::scan::Style;
use rustc_hash::FxHashSet;
use std::sync::{Once, OnceLock};
use std::thread;
use tiktoken_rs::CoreBPE;

static O200K: OnceLock<Vocabulary> = OnceLock::new();
static CL100K: OnceLock<Vocabulary> = OnceLock::new();

/// A tokenizer and its tokens.
pub(super) struct Vocabulary {
    /// How it cuts text into pieces.
    pub(super) style: Style,
    bpe: &'static CoreBPE,
    /// Tokens of up to [`SHORT`] bytes, packed: most lookups touch one cache line.
    short: FxHashSet<u128>,
    long: FxHashSet<Box<[u8]>>,
}

const SHORT: usize = 15;

impl Vocabulary {
    /// The tables of a tokenizer, or of the one that bounds it; `None` while they are not built.
    pub(super) fn of(family: Family) -> Option<&'static Self> {
        match family {
            Family::Cl100k => CL100K.get().or_else(|| {
                build_old_soon();
                None
            }),
            Family::O200k | Family::Other => O200K.get(),
        }
    }

    fn new(bpe: &'static CoreBPE, style: Style, ranks: u32) -> Self {
        let (mut short, mut long) = (FxHashSet::default(), FxHashSet::default());
        for token in (0..ranks).filter_map(|rank| bpe.decode_bytes(&[rank]).ok()) {
            match pack(&token) {
                Some(packed) => short.insert(packed),
                None => long.insert(token.into_boxed_slice()),
            };
        }
        Self { style, bpe, short, long }
    }

    /// Whether `piece` is a token.
    pub(super) fn has(&self, piece: &[u8]) -> bool {
        match pack(piece) {
            Some(packed) => self.short.contains(&packed),
            None => self.long.contains(piece),
        }
    }

    /// How many tokens `text` is. Slow.
    pub(super) fn count(&self, text: &str) -> usize {
        self.bpe.count_ordinary(text)
    }
}

impl std::fmt::Debug for Vocabulary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vocabulary({:?}, {} tokens)", self.style, self.short.len() + self.long.len())
    }
}

pub(super) fn build() {
    O200K.get_or_init(|| Vocabulary::new(tiktoken_rs::o200k_base_singleton(), Style::O200k, 199_998));
}

pub(super) fn build_old() {
    CL100K.get_or_init(|| Vocabulary::new(tiktoken_rs::cl100k_base_singleton(), Style::Cl100k, 100_256));
}

/// Builds the older tables on a thread of their own, once somebody asks for a model that needs them: they weigh 30 MB.
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
