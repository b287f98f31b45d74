//! `/v1/models`.

use serde::Deserialize;

/// The ids of a list of models: `{"data": [{"id": …}]}`, the bare list some providers send, or the lists of Google and AWS. `None`
/// if it is none of these.
#[must_use]
pub fn read_ids(body: &[u8]) -> Option<Vec<String>> {
    #[derive(Deserialize)]
    struct Model {
        id: String,
    }
    #[derive(Deserialize)]
    struct Named {
        name: String,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Summary {
        model_id: String,
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum List {
        Google {
            models: Vec<Named>,
        },
        Aws {
            #[serde(rename = "modelSummaries")]
            summaries: Vec<Summary>,
        },
        Wrapped {
            data: Vec<Model>,
        },
        Bare(Vec<Model>),
    }
    let models = match serde_json::from_slice(body).ok()? {
        List::Google { models } => {
            let bare = |name: &str| name.strip_prefix("models/").unwrap_or(name).to_owned();
            return Some(models.iter().map(|m| bare(&m.name)).collect());
        }
        List::Aws { summaries } => return Some(summaries.into_iter().map(|s| s.model_id).collect()),
        List::Wrapped { data } | List::Bare(data) => data,
    };
    Some(models.into_iter().map(|m| m.id).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_shape() {
        let wrapped =
            br#"{"object":"list","data":[{"id":"gpt-4o","object":"model","owned_by":"system"},{"id":"o1"}]}"#;
        assert_eq!(read_ids(wrapped).unwrap(), ["gpt-4o", "o1"]);
        assert_eq!(read_ids(br#"[{"id":"a/b","type":"chat"}]"#).unwrap(), ["a/b"]);
        assert_eq!(read_ids(br#"{"error":"no"}"#), None);
        let google =
            br#"{"models":[{"name":"models/gemini-2.5-flash","version":"001"}],"nextPageToken":"x"}"#;
        assert_eq!(read_ids(google).unwrap(), ["gemini-2.5-flash"]);
        let aws = br#"{"modelSummaries":[{"modelId":"amazon.nova-lite-v1:0","providerName":"Amazon"}]}"#;
        assert_eq!(read_ids(aws).unwrap(), ["amazon.nova-lite-v1:0"]);
    }
}
