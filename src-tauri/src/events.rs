//! The engine's change hints, handed to the page over a channel. In a browser the same hints come over a WebSocket.

use parking_lot::Mutex;
use reeve_engine::{Engine, Event};
use tauri::async_runtime::JoinHandle;
use tauri::ipc::Channel;
use tauri::{AppHandle, Manager};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

/// The one subscription of the one window. A page that reloads subscribes anew and says nothing of the old channel, so the
/// old task is ended here; left alone it would call into a page that is gone, for as long as the program runs.
#[derive(Default)]
pub(crate) struct Subscription(Mutex<Option<JoinHandle<()>>>);

/// Sends every event from now on to `channel`, until the window subscribes again or closes.
#[tauri::command]
pub(crate) fn subscribe_events(app: AppHandle, channel: Channel<Event>) {
    let events = app.state::<Engine>().events().listen();
    let task = tauri::async_runtime::spawn(forward(events, move |event| channel.send(event).is_ok()));
    let former = app.state::<Subscription>().0.lock().replace(task);
    if let Some(former) = former {
        former.abort();
    }
}

/// Passes events on until the sender is gone or `deliver` says that nobody listens.
async fn forward(mut events: Receiver<Event>, deliver: impl Fn(Event) -> bool) {
    loop {
        match events.recv().await {
            Ok(event) => {
                if !deliver(event) {
                    return;
                }
            }
            // Missed hints cost a late refetch, never a wrong figure: the next hint brings the page up to date.
            Err(RecvError::Lagged(missed)) => tracing::warn!(missed, "the window fell behind the events"),
            Err(RecvError::Closed) => return,
        }
    }
}
