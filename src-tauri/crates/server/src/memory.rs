//! Where memory comes from, and in what pieces.

use zeroizing_alloc::ZeroAlloc;

/// Wipes what is freed: keys and passwords pass through buffers that are not ours, of HTTP and JSON, and nobody else does it.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<mimalloc::MiMalloc> = ZeroAlloc(mimalloc::MiMalloc);

/// Asks the system for pages of the usual size. It rounds up to huge ones where it may, which holds forty megabytes more at a
/// thousand open streams and answers no faster. A system that refuses costs those and nothing else.
#[cfg(target_os = "linux")]
pub(crate) fn use_small_pages() {
    rustix::thread::disable_transparent_huge_pages(true).ok();
}

/// Nothing to ask for on this system.
#[cfg(not(target_os = "linux"))]
pub(crate) const fn use_small_pages() {}
