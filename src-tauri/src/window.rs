//! The Tauri app: its plugins and commands, the one window, and what happens when it cannot be opened.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;
use tauri::plugin::TauriPlugin;
use tauri::{App, AppHandle, Manager, Url, WebviewWindowBuilder, Wry};
use tauri_plugin_dialog::{DialogExt, MessageDialogKind};

use crate::startup::{self, Running};
use crate::{bridge, events, export, import};

/// The window's label; the capability names it.
const MAIN: &str = "main";

/// What runs behind the window, once it does; taken out again for the drain.
pub(crate) type Behind = Arc<Mutex<Option<Running>>>;

/// Prepares the app. The engine is opened when the event loop starts, so that a failure can be shown to the person.
///
/// # Errors
/// When the system refuses a window toolkit or a plugin.
pub(crate) fn app(named_folder: Option<PathBuf>, behind: Behind) -> tauri::Result<App> {
    let mut builder = tauri::Builder::default();
    // Someone who names a folder may want several consoles; the store sees to it that no two share one.
    if named_folder.is_none() && startup::folder_from_environment().is_none() {
        builder = builder.plugin(single_instance());
    }
    builder
        .plugin(tauri_plugin_dialog::init())
        .invoke_handler(tauri::generate_handler![
            bridge::api_request,
            events::subscribe_events,
            import::pick_import_file,
            export::pick_export_file
        ])
        .setup(move |app| {
            // An error returned from here would be a panic in Tauri.
            if let Err(error) = open(app, named_folder, &behind) {
                show_failure(app.handle(), error.as_ref());
            }
            Ok(())
        })
        .build(context())
}

#[expect(clippy::disallowed_methods, reason = "the macro's own way out, before anything of ours has started")]
fn context() -> tauri::Context {
    tauri::generate_context!()
}

fn open(app: &App, named_folder: Option<PathBuf>, behind: &Behind) -> Result<(), Box<dyn Error>> {
    let folder = startup::data_folder(named_folder, app.path().local_data_dir().ok())?;
    let running = tauri::async_runtime::block_on(startup::start(folder))?;
    let engine = running.engine();
    behind.lock().replace(running);

    app.manage(bridge::Bridge::new(reeve_api::router(engine.clone())));
    app.manage(events::Subscription::default());
    app.manage(engine);
    let config = app.config().app.windows.iter().find(|window| window.label == MAIN);
    let config = config.ok_or("tauri.conf.json describes no main window")?.clone();
    // No policy in a page can forbid it to navigate away, with whatever it knows in the address; so the window does.
    WebviewWindowBuilder::from_config(app.handle(), &config)?.on_navigation(is_own_page).build()?;
    Ok(())
}

/// Whether the address is the page this program carries (Linux and macOS have a scheme for it, Windows a host name), or
/// the dev server's where that is in use.
fn is_own_page(address: &Url) -> bool {
    let dev_server = || tauri::is_dev() && address.host_str() == Some("127.0.0.1");
    address.scheme() == "tauri" || address.host_str() == Some("tauri.localhost") || dev_server()
}

/// A second start shows the window of the first.
fn single_instance() -> TauriPlugin<Wry> {
    tauri_plugin_single_instance::init(|app, _arguments, _folder| {
        if let Some(window) = app.get_webview_window(MAIN) {
            for shown in [window.show(), window.unminimize(), window.set_focus()] {
                if let Err(error) = shown {
                    tracing::warn!(%error, "the window could not be brought to the front");
                }
            }
        }
    })
}

/// Says in a dialog why there is no console, then ends the program.
fn show_failure(app: &AppHandle, error: &dyn Error) {
    let words = crate::with_causes(error);
    tracing::error!("Reeve cannot start: {words}");
    let app_to_end = app.clone();
    app.dialog()
        .message(words)
        .title("Reeve cannot start")
        .kind(MessageDialogKind::Error)
        .show(move |_closed| app_to_end.exit(1));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_stays_on_its_own_page() {
        let own = |address: &str| is_own_page(&address.parse().expect("an address"));
        assert!(own("tauri://localhost/tenants?q=a"));
        assert!(own("http://tauri.localhost/tenants"));
        assert!(!own("https://example.com/?stolen=1"));
        assert!(!own("https://tauri.localhost.example.com/"));
        assert!(!own("file:///etc/passwd"));
        assert!(!own("data:text/html,x"));
    }
}
