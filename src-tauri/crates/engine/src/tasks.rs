//! Background tasks that shutdown waits for.

use std::future::Future;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The tasks of one engine.
#[derive(Clone, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl Tasks {
    /// Runs `work` to its end; shutdown waits for it.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        drop(self.tracker.spawn(work));
    }

    /// Runs `work` again and again, `every` so often, until shutdown.
    pub fn repeat<F: Future<Output = ()> + Send>(
        &self,
        every: Duration,
        mut work: impl FnMut() -> F + Send + 'static,
    ) {
        let stop = self.stop.clone();
        self.spawn(async move {
            while tokio::time::timeout(every, stop.cancelled()).await.is_err() {
                work().await;
            }
        });
    }

    /// Asked to stop?
    #[must_use]
    pub fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Asks the repeating tasks to stop and waits for all, at most `patience`. Returns whether all ended.
    pub async fn drain(&self, patience: Duration) -> bool {
        self.stop.cancel();
        self.tracker.close();
        tokio::time::timeout(patience, self.tracker.wait()).await.is_ok()
    }
}
