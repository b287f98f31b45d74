//! The file dialog for an import, and for a backup. The page learns where the file is and what it is called, never what is in it: it sends
//! the path back to the API, which reads the file itself. The bridge lets no other path pass.

use serde::Serialize;
use tauri::{AppHandle, Manager};
use tauri_plugin_dialog::{DialogExt, FilePath};
use tokio::sync::oneshot;

use crate::bridge::Bridge;

/// A file the person chose.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct PickedFile {
    path: String,
    name: String,
    /// Bytes.
    size: u64,
}

/// Shows the system's dialog; `None` when the person closed it without a choice, or chose what cannot be read.
#[tauri::command]
pub(crate) async fn pick_import_file(app: AppHandle, backup: Option<bool>) -> Option<PickedFile> {
    let (choose, choice) = oneshot::channel();
    let (title, filter, extensions): (_, _, &[&str]) = match backup {
        Some(true) => ("Restore a backup", "Backup of keys", &["reeve-backup"]),
        _ => ("Import", "CSV", &["csv", "tsv", "txt"]),
    };
    app.dialog()
        .file()
        .set_title(title)
        .add_filter(filter, extensions)
        .add_filter("All files", &["*"])
        .pick_file(move |file| {
            // Nobody waits any more when the window closed under the dialog.
            let _unheard = choose.send(file);
        });
    let picked = describe(choice.await.ok()??).await?;
    app.state::<Bridge>().lend_file(&picked.path);
    Some(picked)
}

async fn describe(file: FilePath) -> Option<PickedFile> {
    let path = file.into_path().ok()?;
    let size = tokio::fs::metadata(&path).await.ok().filter(|found| found.is_file())?.len();
    let name = path.file_name()?.to_string_lossy().into_owned();
    // A path that is not Unicode cannot be sent to the API as text.
    Some(PickedFile { path: path.to_str()?.to_owned(), name, size })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn describes_a_file_and_nothing_else() {
        let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let file = here.join("tauri.conf.json");
        let described = describe(FilePath::Path(file.clone())).await.expect("the file is there");
        assert_eq!(described.name, "tauri.conf.json");
        assert_eq!(described.path, file.to_str().expect("a Unicode path"));
        assert_eq!(described.size, std::fs::metadata(&file).expect("the file is there").len());

        assert_eq!(describe(FilePath::Path(here.join("icons"))).await, None, "a folder is no file");
        assert_eq!(describe(FilePath::Path(here.join("no-such-file"))).await, None);
    }
}
