//! The engine's change hints, handed to the page over a channel. In a browser the same hints come over a WebSocket.

use parking_lot::Mutex;
use reeve_engine::identity::{Connected, Entrance};
use reeve_engine::{Cx, Engine, Error, Event, EventKind, Via};
use std::time::Duration;
use tauri::async_runtime::JoinHandle;
use tauri::ipc::Channel;
use tauri::{AppHandle, Manager};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;

/// How often it is asked whether the person is still signed in, where nothing else says so.
const LOOK: Duration = Duration::from_secs(30);

/// The one subscription of the one window. A page that reloads subscribes anew and says nothing of the old channel, so the
/// old task is ended here; left alone it would call into a page that is gone, for as long as the program runs.
#[derive(Default)]
pub(crate) struct Subscription(Mutex<Option<JoinHandle<()>>>);

/// Sends every event from now on to `channel`, until the window subscribes again or closes, and nothing in place of an event
/// once whoever asked for the ticket is signed out.
#[tauri::command]
pub(crate) async fn subscribe_events(
    app: AppHandle,
    channel: Channel<Option<Event>>,
    ticket: String,
) -> Result<(), String> {
    let engine = app.state::<Engine>().inner().clone();
    let listening = Listening::begin(&engine, &ticket).await.map_err(|error| error.message)?;
    let task = tauri::async_runtime::spawn(listening.forward(move |event| channel.send(event).is_ok()));
    let former = app.state::<Subscription>().0.lock().replace(task);
    if let Some(former) = former {
        former.abort();
    }
    Ok(())
}

struct Listening {
    connected: Connected,
    events: Receiver<Event>,
    changes: watch::Receiver<()>,
}

impl Listening {
    async fn begin(engine: &Engine, ticket: &str) -> Result<Self, Error> {
        let principal = engine.redeem_ticket(ticket, None)?;
        let cx = Cx { principal, via: Via::Ui, user_agent: Some("Reeve".to_owned()), ..Cx::system() };
        let (events, changes) = (engine.events().listen(), engine.sign_in_changes());
        let connected = engine.connect(&cx, Entrance::Window).await?;
        Ok(Self { connected, events, changes })
    }

    /// Passes events on until `deliver` says that nobody listens; nothing, as the last, where the person may listen no more.
    async fn forward(mut self, deliver: impl Fn(Option<Event>) -> bool) {
        let (mut look, cut) = (tokio::time::interval(LOOK), self.connected.cut());
        loop {
            let goes_on = tokio::select! {
                () = cut.cancelled() => false,
                _ = self.changes.changed() => self.connected.look_again(),
                _ = look.tick() => self.connected.look_again(),
                event = self.events.recv() => match event {
                    Ok(event) => match self.connected.heard(event) {
                        Some(event) => deliver(Some(event)),
                        None => true,
                    },
                    // Whoever fell behind asks for everything again.
                    Err(RecvError::Lagged(_)) => self.everything().all(|event| deliver(Some(event))),
                    Err(RecvError::Closed) => false,
                },
            };
            if !goes_on {
                deliver(None);
                return;
            }
        }
    }

    fn everything(&self) -> impl Iterator<Item = Event> {
        let all =
            EventKind::ALL.into_iter().map(|kind| Event { kind, sequence: None, id: None, tenant: None });
        all.filter_map(|event| self.connected.heard(event))
    }
}
