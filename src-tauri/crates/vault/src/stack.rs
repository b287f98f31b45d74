//! Wiping the stack after a cipher or a hash ran: they leave blocks of their input in frames that are no longer in use.

use std::hint::black_box;

/// More than the deepest call of the primitives uses; the residue test says when this is too little.
const DEPTH: usize = 8 * 1024;

/// Runs `work`, then writes zeros over the part of the stack that it used.
pub(crate) fn wiped<T>(work: impl FnOnce() -> T) -> T {
    let done = work();
    wipe();
    done
}

#[inline(never)]
fn wipe() {
    black_box([0_u8; DEPTH]);
}
