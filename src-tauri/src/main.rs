//! The program `reeve`: the console in a window. Everything it does is in the library beside this file.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

use std::alloc::System;
use std::process::ExitCode;
use zeroizing_alloc::ZeroAlloc;

/// Wipes what is freed: keys and passwords pass through buffers that are not ours, of HTTP and JSON, and nobody else does it.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    reeve_shell::run()
}
