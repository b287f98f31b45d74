//! Hardening changes the whole process, so it has a test binary of its own.
#![cfg(target_os = "linux")]

use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit};

#[test]
fn memory_is_closed_and_core_files_are_off() {
    assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::Dumpable);
    reeve_vault::harden_process().unwrap();
    assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
    let core = getrlimit(Resource::Core);
    assert_eq!((core.current, core.maximum), (Some(0), Some(0)));
    // Once is enough, twice does no harm.
    reeve_vault::harden_process().unwrap();
}
