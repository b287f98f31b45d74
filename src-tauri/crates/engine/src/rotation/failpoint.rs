//! Where a test may have the process die: at the point that `REEVE_CRASH_AT` names. Not in release builds.

/// Dies here, as a kill does: nothing is flushed and nothing runs.
pub(super) fn reach(point: &str) {
    if std::env::var("REEVE_CRASH_AT").is_ok_and(|at| at == point) {
        std::process::abort();
    }
}
