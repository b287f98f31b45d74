//! Placeholder
/// run
pub fn run() {
    let _ = tauri::Builder::default()
        .setup(|app| {
            let c = app.config().app.windows.first().cloned().ok_or("none")?;
            tauri::WebviewWindowBuilder::from_config(app.handle(), &c)?.build()?;
            Ok(())
        })
        .run(tauri::generate_context!());
}
