//! Tells Tauri where this layout keeps its permissions and capabilities, and what to rebuild on.

use std::path::Path;
use std::{fs, io};

use tauri_build::{AppManifest, Attributes};

/// Shown only when the binary is built before the web UI; `make ui` replaces the file.
const UI_NOT_BUILT: &str =
    "<!doctype html><title>Reeve</title><p>The web UI is not built yet: run <code>make ui</code>.";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for watched in ["src-tauri/capabilities", "src-tauri/permissions", "ui/dist", "icons"] {
        println!("cargo:rerun-if-changed={watched}");
    }
    ensure_ui_folder(Path::new("ui/dist"))?;

    // With patterns of our own, tauri-build neither looks in its usual places nor watches them.
    let manifest = AppManifest::new().permissions_path_pattern("src-tauri/permissions/*.toml");
    let attributes =
        Attributes::new().capabilities_path_pattern("src-tauri/capabilities/*.json").app_manifest(manifest);
    tauri_build::try_build(attributes)?;
    Ok(())
}

/// The context macro refuses to compile without the folder it embeds, so a fresh checkout gets a one-line page.
fn ensure_ui_folder(dist: &Path) -> io::Result<()> {
    if dist.join("index.html").exists() {
        return Ok(());
    }
    fs::create_dir_all(dist)?;
    fs::write(dist.join("index.html"), UI_NOT_BUILT)
}
