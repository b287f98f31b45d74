//! The program `reeve`: the console in a window. Everything it does is in the library beside this file.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

use std::process::ExitCode;

fn main() -> ExitCode {
    reeve_shell::run()
}
