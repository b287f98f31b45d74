//! One request to the provider, and what comes of it.

use crate::asked::{Asked, Incoming};
use crate::body;
use crate::detached::Abandoned;
use crate::error::Failure;
use crate::headers::{self, Teller};
use crate::shape::{Outgoing, Way};
use crate::watch::Watch;
use crate::{attempt, stream, whole};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use reeve_core::usage::Usage;
use reeve_engine::gateway::{Admitted, CallEnd, Ended, Settled};
use reeve_engine::{Engine, Secret};
use reeve_providers::upstream::{self, UpstreamError};
use std::time::Instant;

/// What a provider says at most when it refuses, in bytes.
const REFUSAL_BYTES: usize = 1024 * 1024;

/// An admitted call on its way. Boxed, because it goes through many hands and a call's future should be small.
pub(crate) struct Exchange {
    pub(crate) engine: Engine,
    pub(crate) admitted: Admitted,
    pub(crate) asked: Asked,
    pub(crate) arrived: Instant,
    pub(crate) watch: Watch,
    pub(crate) abandoned: Abandoned,
}

impl Exchange {
    /// Sends the request, again and elsewhere where its route says so, and brings back the answer, or the beginning of one.
    /// What came in is kept until an answer has begun, with its share of the memory.
    pub(crate) async fn run(
        mut self: Box<Self>,
        headers: HeaderMap,
        mut outgoing: Outgoing,
        came_in: (Incoming, body::Share),
    ) -> Response {
        let (sent, key) = loop {
            // Not sent yet: dropped with an error, the reservation is released.
            let key = match self.admitted.lend_key() {
                Ok(key) => key,
                Err(error) => return self.told(error),
            };
            self.watch.sending(self.arrived);
            let began = Instant::now();
            let sent = self.send(&headers, outgoing, &key).await;
            self.watch.waited(began);
            let Some(failed) = attempt::failed(&sent) else { break (sent, None) };
            // Boxed, as all that is rare.
            let began = Instant::now();
            if !Box::pin(self.goes_on(failed)).await {
                break (sent, Some(key));
            }
            self.watch.waited(began);
            outgoing = match self.asked.outgoing(&came_in.0, Way::of(&self.admitted, self.engine.now())).await
            {
                Ok(outgoing) => outgoing,
                Err(error) => return self.told(error),
            };
        };
        drop((came_in, headers));
        let served_by = headers::ServedBy::new(&self.admitted);
        let mut response = match (sent, key) {
            (Err(error), _) => self.unanswered(&error),
            (Ok(response), Some(key)) => Box::pin(self.refused(response, key)).await,
            (Ok(response), None)
                if self.asked.shape.flows()
                    || self.asked.stream && self.asked.shape.dialect().is_stream(&response.headers) =>
            {
                stream::relay(self, response)
            }
            (Ok(response), None) => whole::answer(self, response).await,
        };
        served_by.stamp(&mut response);
        response
    }

    /// No answer came. Where nothing was sent it costs nothing, and is a record all the same; else nobody knows what will be billed, and the worst
    /// case is charged.
    fn unanswered(self: Box<Self>, error: &UpstreamError) -> Response {
        tracing::warn!(
            error = error as &dyn std::error::Error,
            provider = self.admitted.credential().provider,
            "a provider did not answer"
        );
        let usage = if error.may_have_run() { None } else { Some(Usage::new()) };
        let ended = self.ended(CallEnd::Failure, usage, None);
        let told = self.told(error);
        self.settled(ended, told)
    }

    /// The provider said no: the client is told in the provider's words, without the `key`, and nothing is charged.
    async fn refused(mut self: Box<Self>, mut response: upstream::Response, key: Secret) -> Response {
        let (status, headers) = (response.status, std::mem::take(&mut response.headers));
        self.watch.answered(&headers, false);
        let began = Instant::now();
        let collected = response.collect(REFUSAL_BYTES).await;
        self.watch.waited(began);
        let collected = collected.map(|body| crate::echo::covered(body, key.expose()));
        drop(key);
        let ended =
            Ended { status: Some(status.as_u16()), ..self.ended(CallEnd::Failure, Some(Usage::new()), None) };
        if let Ok(body) = &collected {
            self.watch.body(body);
        }
        let told = match collected {
            read if self.refuses_key(status, read.as_ref().map_or(b"".as_slice(), |body| body)) => {
                self.told(Failure::provider_key_refused(&self.admitted.credential().provider))
            }
            Ok(body) => whole::passed_on(status, headers, body),
            Err(error) => self.told(&error),
        };
        self.settled(ended, told)
    }

    fn refuses_key(&self, status: StatusCode, body: &[u8]) -> bool {
        self.asked.shape.dialect().is_key_refusal(status, body)
    }

    /// A failure in the words of the API that was called.
    pub(crate) fn told(&self, failure: impl Into<Failure>) -> Response {
        failure.into().told(self.asked.shape.dialect())
    }

    /// How the call ended, as far as it is known by now.
    pub(crate) fn ended(&self, end: CallEnd, usage: Option<Usage>, flag: Option<&'static str>) -> Ended {
        let end = if self.abandoned.get() && end == CallEnd::Success { CallEnd::Cancelled } else { end };
        Ended {
            end,
            status: None,
            usage,
            flag,
            service_tier: None,
            latency_ms: ms_since(self.arrived),
            first_byte_ms: None,
            timing: self.watch.timing(self.arrived),
        }
    }

    /// Settles the call and puts what it cost on the answer.
    pub(crate) fn settled(self: Box<Self>, ended: Ended, mut response: Response) -> Response {
        let Settled { cost, budget_remaining, charge, .. } = self.admitted.settle(ended);
        self.watch.settled(charge);
        // Room for all that is told below and above, at once.
        response.headers_mut().reserve(16);
        let mut teller = Teller::new(&mut response);
        teller.tell(&headers::COST, cost);
        if let Some(remaining) = budget_remaining {
            teller.tell(&headers::BUDGET_REMAINING, remaining);
        }
        response
    }
}

/// Milliseconds since `moment`.
pub(crate) fn ms_since(moment: Instant) -> i64 {
    i64::try_from(moment.elapsed().as_millis()).unwrap_or(i64::MAX)
}
