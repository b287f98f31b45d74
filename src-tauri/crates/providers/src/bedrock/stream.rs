//! A streamed answer on its way through: usage comes in the last event, and no byte is changed.

use super::frames::{Frame, FrameError, Splitter};
use super::usage::Said;
use crate::openai::usage::{Answer, Reading};
use bytes::Bytes;
use serde::Deserialize;

/// Reads a stream of `converse-stream` and passes it on.
#[derive(Debug)]
pub struct StreamReader {
    splitter: Splitter,
    answer: Answer,
    done: bool,
}

impl Default for StreamReader {
    fn default() -> Self {
        Self::new()
    }
}

impl StreamReader {
    /// A reader at the start of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self {
            splitter: Splitter::default(),
            answer: Answer { usage: Reading::Missing, model: None, service_tier: None, is_error: false },
            done: false,
        }
    }

    /// Takes a piece of the stream; the frames to pass on are appended to `out`.
    ///
    /// # Errors
    /// [`FrameError`] where the stream is not one; what came before it is in `out`.
    pub fn push(&mut self, piece: &[u8], out: &mut Vec<Bytes>) -> Result<(), FrameError> {
        self.splitter.push(piece);
        while let Some(frame) = self.splitter.next() {
            let frame = frame?;
            self.read(&frame);
            out.push(frame.raw);
        }
        Ok(())
    }

    /// What the stream has said of itself so far.
    #[must_use]
    pub fn answer(&self) -> &Answer {
        &self.answer
    }

    /// Whether the event with the usage has passed, which is the last.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.done
    }

    fn read(&mut self, frame: &Frame) {
        if frame.is_exception {
            self.answer.is_error = true;
        } else if frame.kind == "metadata" {
            let said = serde_json::from_slice::<Said>(&frame.payload).unwrap_or_default();
            self.answer = Answer { is_error: self.answer.is_error, ..said.answer() };
            self.done = true;
        }
    }
}

/// Adds the words of a frame to `text`; what else it generated, in tokens. `None` where it is of no known shape.
#[must_use]
pub fn words(frame: &[u8], text: &mut String) -> Option<u64> {
    let mut splitter = Splitter::default();
    splitter.push(frame);
    let frame = splitter.next()?.ok()?;
    if frame.kind != "contentBlockDelta" && frame.kind != "contentBlockStart" {
        return Some(0);
    }
    let piece = serde_json::from_slice::<Piece>(&frame.payload).ok()?;
    let delta = piece.delta.unwrap_or_default();
    let (thought, hidden) = delta.reasoning_content.map_or((None, None), |r| (r.text, r.redacted_content));
    let name = piece.start.and_then(|s| s.tool_use).map(|t| t.name);
    let parts = [delta.text, thought, delta.tool_use.map(|t| t.input), name];
    parts.into_iter().flatten().for_each(|part| text.push_str(&part));
    // A thought that is not shown: three bytes for four letters, and about four bytes a token.
    Some(hidden.map_or(0, |data| data.len() as u64 * 3 / 16))
}

#[derive(Deserialize)]
struct Piece {
    delta: Option<Delta>,
    start: Option<Start>,
}

/// Everything in which a model's words may come.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Delta {
    text: Option<String>,
    tool_use: Option<ToolInput>,
    reasoning_content: Option<Reasoning>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Start {
    tool_use: Option<ToolName>,
}

#[derive(Deserialize)]
struct ToolInput {
    #[serde(default)]
    input: String,
}

#[derive(Deserialize)]
struct ToolName {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reasoning {
    text: Option<String>,
    redacted_content: Option<String>,
}
