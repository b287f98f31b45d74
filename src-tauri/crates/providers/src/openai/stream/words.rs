//! The words in a chunk of a streamed answer, for counting what no usage says.

use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    delta: Option<Delta>,
    /// Of the older completions.
    text: Option<String>,
}

/// Everything in which a model's words may come.
#[derive(Deserialize)]
struct Delta {
    content: Option<String>,
    reasoning_content: Option<String>,
    reasoning: Option<String>,
    refusal: Option<String>,
    tool_calls: Option<Vec<ToolCall>>,
    function_call: Option<Function>,
}

#[derive(Deserialize)]
struct ToolCall {
    function: Option<Function>,
    custom: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Function {
    name: Option<String>,
    arguments: Option<String>,
}

/// Appends the words of a chunk to `text`; `None` where the data is no chunk.
#[must_use]
pub fn words(data: &[u8], text: &mut String) -> Option<u64> {
    let chunk: Chunk = serde_json::from_slice(data).ok()?;
    for choice in chunk.choices {
        let before = text.len();
        choice.delta.into_iter().for_each(|delta| append(delta, text));
        // Together says the same words in both.
        if text.len() == before {
            choice.text.into_iter().for_each(|words| text.push_str(&words));
        }
    }
    Some(0)
}

fn append(delta: Delta, text: &mut String) {
    let Delta { content, reasoning_content, reasoning, refusal, tool_calls, function_call } = delta;
    let functions = function_call.into_iter().flat_map(|f| [f.name, f.arguments]);
    let words = [content, reasoning_content, reasoning, refusal].into_iter().chain(functions).flatten();
    words.for_each(|words| text.push_str(&words));
    for call in tool_calls.into_iter().flatten() {
        let function = call.function.into_iter().flat_map(|f| [f.name, f.arguments]).flatten();
        function.for_each(|words| text.push_str(&words));
        if let Some(custom) = call.custom {
            text.push_str(custom.get());
        }
    }
}
