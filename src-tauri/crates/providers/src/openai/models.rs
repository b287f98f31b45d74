//! `/v1/models`.

use serde::Deserialize;

/// The ids of a list of models: `{"data": [{"id": …}]}`, or the bare list some providers send. `None` if it is neither.
#[must_use]
pub fn read_ids(body: &[u8]) -> Option<Vec<String>> {
    #[derive(Deserialize)]
    struct Model {
        id: String,
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum List {
        Wrapped { data: Vec<Model> },
        Bare(Vec<Model>),
    }
    let models = match serde_json::from_slice(body).ok()? {
        List::Wrapped { data } | List::Bare(data) => data,
    };
    Some(models.into_iter().map(|m| m.id).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_shapes() {
        let wrapped =
            br#"{"object":"list","data":[{"id":"gpt-4o","object":"model","owned_by":"system"},{"id":"o1"}]}"#;
        assert_eq!(read_ids(wrapped).unwrap(), ["gpt-4o", "o1"]);
        assert_eq!(read_ids(br#"[{"id":"a/b","type":"chat"}]"#).unwrap(), ["a/b"]);
        assert_eq!(read_ids(br#"{"error":"no"}"#), None);
    }
}
