//! Keeping the process's memory from being read or dumped by the same user's other programs.

/// The operating system refused a protection; the process runs on without it.
#[derive(Debug, thiserror::Error)]
pub enum HardenError {
    /// Core files could not be switched off.
    #[error("core files could not be switched off")]
    CoreFiles(#[source] std::io::Error),
    /// Other processes of the same user may still read the memory.
    #[error("the memory could not be closed to other processes")]
    Dumpable(#[source] std::io::Error),
}

/// Switches core files off and, on Linux, closes the process's memory to other processes of the same user (and to
/// debuggers). Call it first thing, before threads and secrets. Elsewhere it does nothing.
///
/// # Errors
/// [`HardenError`]; worth a warning, not a reason to stop.
#[cfg(target_os = "linux")]
pub fn harden_process() -> Result<(), HardenError> {
    use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    setrlimit(Resource::Core, none).map_err(|error| HardenError::CoreFiles(error.into()))?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(|error| HardenError::Dumpable(error.into()))
}

/// Does nothing on this system: there is no such switch that safe code can reach.
///
/// # Errors
/// None here.
#[cfg(not(target_os = "linux"))]
pub fn harden_process() -> Result<(), HardenError> {
    Ok(())
}
