//! Calls of tools: a message that says `tool=get_weather` is answered by a call of that tool, unless a tool's result came along.

use serde_json::{Value, json};

/// What every tool is called with.
pub(super) const ARGUMENTS: &str = r#"{"city":"Oslo"}"#;

/// How a request of each shape holds the result of a tool.
const RESULTS: [&str; 5] = [
    r#""role":"tool""#,
    r#""tool_result""#,
    r#""functionResponse""#,
    r#""toolResult""#,
    r#""function_call_output""#,
];

/// The tool to call, where the request offers any and asks for one.
pub(super) fn wanted(request: &Value) -> Option<String> {
    if request["tools"].is_null() && request["toolConfig"].is_null() {
        return None;
    }
    let text = request.to_string();
    if RESULTS.iter().any(|result| text.contains(result)) {
        return None;
    }
    let (_, name) = text.split_once("tool=")?;
    Some(name.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect())
}

/// The arguments as an object.
pub(super) fn arguments() -> Value {
    json!({"city": "Oslo"})
}

/// The call in a chat, whole or as the first piece of a stream.
pub(super) fn in_chat(name: &str) -> Value {
    let function = json!({"name": name, "arguments": ARGUMENTS});
    json!([{"index": 0, "id": "call_scripted", "type": "function", "function": function}])
}

/// The call in a response.
pub(super) fn in_response(name: &str, arguments: &str) -> Value {
    json!({"type": "function_call", "id": "fc_scripted", "call_id": "call_scripted", "name": name, "arguments": arguments, "status": "completed"})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_is_called_until_its_result_is_there() {
        let user = json!({"role": "user", "content": "tool=get_weather now"});
        let asked = json!({"tools": [{}], "messages": [user]});
        assert_eq!(wanted(&asked).as_deref(), Some("get_weather"));
        let answered = json!({"tools": [{}], "messages": [user, {"role": "tool", "content": "sunny"}]});
        assert_eq!(wanted(&answered), None);
        assert_eq!(wanted(&json!({"messages": [user]})), None, "none is offered");
        assert_eq!(serde_json::from_str::<Value>(ARGUMENTS).unwrap(), arguments());
    }
}
