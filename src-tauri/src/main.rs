//! The desktop app.
fn main() { reeve_shell::run(); }
