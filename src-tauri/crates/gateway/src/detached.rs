//! Work that goes on when nobody waits for it any more.
//!
//! When a client leaves, its request's future is dropped. A provider that has begun to work bills all the same, so the work
//! moves to a tracked task then and ends there. Until then it runs where it is: a call costs no task of its own.

use reeve_engine::tasks::Tasks;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

/// Whether the client has left.
#[derive(Clone, Default)]
pub(crate) struct Abandoned(Arc<AtomicBool>);

impl Abandoned {
    pub(crate) fn get(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// A future that moves to a task when it is dropped before its end.
pub(crate) struct Detached<T: Send + 'static> {
    work: Option<Pin<Box<dyn Future<Output = T> + Send>>>,
    abandoned: Abandoned,
    tasks: Tasks,
}

impl<T: Send + 'static> Detached<T> {
    pub(crate) fn new(
        tasks: Tasks,
        abandoned: Abandoned,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Self {
        Self { work: Some(Box::pin(work)), abandoned, tasks }
    }
}

impl<T: Send + 'static> Future for Detached<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let Some(work) = &mut self.work else { return Poll::Pending };
        let output = std::task::ready!(work.as_mut().poll(cx));
        self.work = None;
        Poll::Ready(output)
    }
}

impl<T: Send + 'static> Drop for Detached<T> {
    fn drop(&mut self) {
        let Some(work) = self.work.take() else { return };
        self.abandoned.0.store(true, Ordering::Release);
        // Outside a runtime nothing can go on: the call then settles itself at its worst case.
        if tokio::runtime::Handle::try_current().is_ok() {
            self.tasks.spawn(async move { drop(work.await) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn dropped_work_ends_in_a_task() {
        let (tasks, abandoned) = (Tasks::default(), Abandoned::default());
        let (go, gone) = oneshot::channel::<()>();
        let (done, told) = oneshot::channel();
        let seen = abandoned.clone();
        let mut work = Detached::new(tasks.clone(), abandoned, async move {
            let _ = gone.await;
            let _ = done.send(seen.get());
        });
        assert!(futures_util::poll!(&mut work).is_pending());
        drop(work);
        go.send(()).unwrap();
        assert!(told.await.unwrap(), "and knows that nobody waits");
        assert!(tasks.drain(Duration::from_secs(5)).await);
    }

    #[tokio::test]
    async fn finished_work_is_not_abandoned() {
        let abandoned = Abandoned::default();
        assert_eq!(Detached::new(Tasks::default(), abandoned.clone(), async { 7 }).await, 7);
        assert!(!abandoned.get());
    }
}
