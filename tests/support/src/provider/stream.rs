//! Streamed answers: an event for each visible token.

use super::answer;
use super::counts::Counts;
use super::fault::Fault;
use super::routes::Open;
use super::tools;
use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use serde_json::{Value, json};
use std::io;
use std::time::Duration;

/// A stream at work.
struct Streaming {
    open: Open,
    fault: Fault,
    counts: Counts,
    wants_usage: bool,
    /// The first event.
    role: Bytes,
    /// Why it ends.
    finish: &'static str,
    /// The event of a word, for each answer; always the same.
    words: Vec<Bytes>,
    /// How many events have been sent.
    sent: usize,
    /// How many of them were words.
    words_sent: u64,
    words_due: u64,
    step: Step,
}

#[derive(Clone, Copy)]
enum Step {
    Role,
    Words,
    Finish,
    Usage,
    Done,
    Over,
}

/// The body of a streamed answer.
pub(super) fn body(open: Open, fault: Fault, counts: Counts, wants_usage: bool, tool: Option<&str>) -> Body {
    let (role, word) = match tool {
        // The arguments are there at once; what follows is space behind them.
        Some(name) => (
            json!({"role": "assistant", "content": null, "tool_calls": tools::in_chat(name)}),
            json!({"tool_calls": [{"index": 0, "function": {"arguments": " "}}]}),
        ),
        None => (json!({"role": "assistant", "content": ""}), json!({"content": "word "})),
    };
    let words = (0..counts.n).map(|index| chunk(&open, index, &word, &Value::Null)).collect();
    let words_due = match fault {
        Fault::Huge(events) => events as u64,
        _ => counts.visible() * counts.n,
    };
    let mut streaming = Streaming {
        role: chunk(&open, 0, &role, &Value::Null),
        finish: answer::finish(tool),
        open,
        fault,
        counts,
        wants_usage,
        words,
        sent: 0,
        words_sent: 0,
        words_due,
        step: Step::Role,
    };
    streaming.note_due();
    Body::from_stream(stream::unfold(streaming, |mut streaming| async {
        if let Some(pause) = streaming.pause() {
            tokio::time::sleep(pause).await;
        }
        let event = streaming.next()?;
        Some((event, streaming))
    }))
}

impl Streaming {
    fn pause(&self) -> Option<Duration> {
        match self.fault {
            Fault::Slow(pause) => Some(pause),
            // So that what was sent before leaves the house: a connection that breaks takes its unsent bytes along.
            Fault::Cut(after) if self.sent >= after => Some(answer::BEFORE_CUT),
            _ => None,
        }
    }

    fn next(&mut self) -> Option<Result<Bytes, io::Error>> {
        if matches!(self.fault, Fault::Cut(after) if self.sent >= after) {
            self.fault = Fault::None;
            self.step = Step::Over;
            return Some(Err(io::Error::other("cut")));
        }
        self.sent += 1;
        self.event().map(Ok)
    }

    fn event(&mut self) -> Option<Bytes> {
        match self.step {
            Step::Role => {
                self.step = Step::Words;
                Some(self.role.clone())
            }
            Step::Words if self.words_sent < self.words_due => Some(self.word()),
            Step::Words | Step::Finish => {
                self.step = if self.wants_usage && self.fault != Fault::MissingUsage {
                    Step::Usage
                } else {
                    Step::Done
                };
                Some(chunk(&self.open, 0, &json!({}), &json!(self.finish)))
            }
            Step::Usage => {
                self.step = Step::Done;
                Some(self.usage())
            }
            Step::Done => {
                self.step = Step::Over;
                Some(Bytes::from_static(b"data: [DONE]\n\n"))
            }
            Step::Over => None,
        }
    }

    fn word(&mut self) -> Bytes {
        let answer = usize::try_from(self.words_sent % self.counts.n.max(1)).unwrap_or(0);
        self.words_sent += 1;
        self.note_due();
        if self.words_sent == self.words_due {
            self.step = Step::Finish;
        }
        if self.fault == Fault::MalformedJson && self.words_sent == 2 {
            return Bytes::from_static(b"data: {\"id\":\"chatcmpl-scripted\",\"choices\":[{\"ind\n\n");
        }
        self.words.get(answer).cloned().unwrap_or_default()
    }

    /// What is to be paid should the client leave now.
    fn note_due(&mut self) {
        self.open.due = self.counts.usage_of(self.words_sent);
    }

    fn usage(&self) -> Bytes {
        let counts = match self.fault {
            Fault::Huge(_) => {
                Counts { completion: self.words_due + self.counts.reasoning, n: 1, ..self.counts }
            }
            _ => self.counts,
        };
        event(&json!({
            "id": "chatcmpl-scripted", "object": "chat.completion.chunk", "created": 1_761_955_200, "model": self.open.model(),
            "service_tier": "default", "choices": [], "usage": answer::usage(counts, self.fault),
        }))
    }
}

fn chunk(open: &Open, index: u64, delta: &Value, finish: &Value) -> Bytes {
    event(&json!({
        "id": "chatcmpl-scripted", "object": "chat.completion.chunk", "created": 1_761_955_200, "model": open.model(),
        "service_tier": "default", "choices": [{"index": index, "delta": delta, "logprobs": null, "finish_reason": finish}],
    }))
}

fn event(value: &Value) -> Bytes {
    Bytes::from(format!("data: {value}\n\n"))
}
