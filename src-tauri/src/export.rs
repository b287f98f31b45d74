//! The file dialog for a download. The page asks for a place, and gets it as a path that it may name once, as where the bridge
//! puts an answer; what is in the file it never learns.

use tauri::{AppHandle, Manager};
use tauri_plugin_dialog::DialogExt;
use tokio::sync::oneshot;

use crate::bridge::Bridge;

/// Shows the system's dialog with a name to begin with; `None` when the person closed it without a choice.
#[tauri::command]
pub(crate) async fn pick_export_file(app: AppHandle, name: String) -> Option<String> {
    let (choose, choice) = oneshot::channel();
    app.dialog().file().set_title("Save").set_file_name(plain(&name)).save_file(move |file| {
        // Nobody waits any more when the window closed under the dialog.
        let _unheard = choose.send(file);
    });
    let path = choice.await.ok()??.into_path().ok()?;
    // A path that is not Unicode cannot be sent to the page as text.
    let path = path.to_str()?.to_owned();
    app.state::<Bridge>().lend_place(&path);
    Some(path)
}

/// The name without anything that would make it a path, or hide it.
fn plain(name: &str) -> String {
    let kept = name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    kept.take(120).collect::<String>().trim_start_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_path() {
        assert_eq!(plain("reeve-audit-0-12.zip"), "reeve-audit-0-12.zip");
        assert_eq!(plain("../../.ssh/config"), "sshconfig");
        assert_eq!(plain("C:\\x\n.zip"), "Cx.zip");
    }
}
