//! What an address asks for.

use crate::error::Dialect;
use crate::shape::Shape;
use http::Method;
use percent_encoding::percent_decode_str;
use reeve_providers::{bedrock, google};

/// What an address asks for. A table of our own, because every call goes through it and there are few of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Route {
    /// A call; with the model, where the address names it, by its name or that of a deployment.
    Call(Shape, Option<String>),
    /// The list of models.
    Models,
    /// Whether the listener lives.
    Health,
    /// Nothing that is here; in whose words that is told.
    Unknown(Dialect),
}

impl Route {
    pub(crate) fn of(path: &str) -> Self {
        // Azure's newer addresses are OpenAI's in a folder of their own.
        let openai = path.strip_prefix("/azure/openai/v1/").or_else(|| path.strip_prefix("/v1/"));
        if let Some(shape) = openai.and_then(openai_call) {
            return Self::Call(shape, None);
        }
        let shape = match path {
            "/v1/messages" | "/anthropic/v1/messages" => Shape::Messages,
            "/v1/messages/count_tokens" | "/anthropic/v1/messages/count_tokens" => Shape::CountMessages,
            "/v1/models" => return Self::Models,
            "/health" => return Self::Health,
            _ => return Self::named(path),
        };
        Self::Call(shape, None)
    }

    /// Addresses with a name in them.
    fn named(path: &str) -> Self {
        let (call, dialect) = if let Some(below) = path.strip_prefix("/google/") {
            (google_call(below), Dialect::Google)
        } else if let Some(below) = path.strip_prefix("/bedrock/model/") {
            (bedrock_call(below), Dialect::Bedrock)
        } else {
            (path.strip_prefix("/azure/openai/deployments/").and_then(azure_call), Dialect::OpenAi)
        };
        call.map_or(Self::Unknown(dialect), |(shape, model)| Self::Call(shape, Some(model)))
    }

    /// The method it takes.
    pub(crate) fn method(&self) -> Option<Method> {
        match self {
            Self::Call(..) => Some(Method::POST),
            Self::Models | Self::Health => Some(Method::GET),
            Self::Unknown(_) => None,
        }
    }

    /// In whose words failures are told.
    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Self::Call(shape, _) => shape.dialect(),
            Self::Unknown(dialect) => *dialect,
            Self::Models | Self::Health => Dialect::OpenAi,
        }
    }
}

/// `v1beta/models/{model}:{method}`.
fn google_call(below: &str) -> Option<(Shape, String)> {
    let (version, call) = below.split_once("/models/")?;
    let path = google::Path::read(call).filter(|_| !version.contains('/'))?;
    Some((Shape::Google(path.method), path.model.to_owned()))
}

/// `{model}/{method}`.
fn bedrock_call(below: &str) -> Option<(Shape, String)> {
    use bedrock::Method::{Converse, ConverseStream};
    let (id, name) = below.rsplit_once('/')?;
    let method = [Converse, ConverseStream].into_iter().find(|method| method.as_str() == name)?;
    let path = bedrock::Path::read(id, method)?;
    Some((Shape::Bedrock(path.method), path.model.into_owned()))
}

/// What stands behind `/v1/`.
fn openai_call(below: &str) -> Option<Shape> {
    Some(match below {
        "chat/completions" => Shape::Chat,
        "completions" => Shape::Completions,
        "responses" => Shape::Responses,
        "embeddings" => Shape::Embeddings,
        "moderations" => Shape::Moderations,
        "images/generations" => Shape::Images,
        "images/edits" => Shape::ImageEdits,
        "audio/transcriptions" => Shape::Transcription,
        "audio/translations" => Shape::Translation,
        "audio/speech" => Shape::Speech,
        _ => return None,
    })
}

/// `{deployment}/chat/completions`. Azure has no deployments of what is answered or checked without one, and of the older
/// completions none that live.
fn azure_call(below: &str) -> Option<(Shape, String)> {
    let (deployment, call) = below.split_once('/')?;
    let without = [Shape::Completions, Shape::Responses, Shape::Moderations];
    let shape = openai_call(call).filter(|shape| !without.contains(shape))?;
    Some((shape, percent_decode_str(deployment).decode_utf8().ok()?.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_shape_and_perhaps_a_model() {
        let call = |shape, model: &str| Route::Call(shape, Some(model.to_owned()));
        let generate = google::Method::GenerateContent;
        for (path, route) in [
            ("/v1/chat/completions", Route::Call(Shape::Chat, None)),
            ("/anthropic/v1/messages", Route::Call(Shape::Messages, None)),
            ("/azure/openai/deployments/my%20gpt/chat/completions", call(Shape::Chat, "my gpt")),
            ("/azure/openai/deployments/draw/images/edits", call(Shape::ImageEdits, "draw")),
            ("/azure/openai/deployments/hear/audio/translations", call(Shape::Translation, "hear")),
            ("/azure/openai/v1/audio/speech", Route::Call(Shape::Speech, None)),
            ("/v1/moderations", Route::Call(Shape::Moderations, None)),
            (
                "/google/v1beta/models/gemini-2.5-flash:generateContent",
                call(Shape::Google(generate), "gemini-2.5-flash"),
            ),
            (
                "/bedrock/model/amazon.nova-lite-v1%3A0/converse",
                call(Shape::Bedrock(bedrock::Method::Converse), "amazon.nova-lite-v1:0"),
            ),
            ("/v1/models", Route::Models),
            ("/health", Route::Health),
        ] {
            assert_eq!(Route::of(path), route, "{path}");
        }
    }

    #[test]
    fn what_is_not_here_is_told_in_the_words_of_whose_it_might_be() {
        for (path, dialect) in [
            ("/", Dialect::OpenAi),
            ("/v1/chat/completions/", Dialect::OpenAi),
            ("/azure/openai/deployments/x/moderations", Dialect::OpenAi),
            ("/azure/openai/v1/messages", Dialect::OpenAi),
            ("/google/v1/a/models/gemini-2.5-flash:generateContent", Dialect::Google),
            ("/google/v1/models/x:fly", Dialect::Google),
            ("/bedrock/model/x/invoke", Dialect::Bedrock),
        ] {
            assert_eq!(Route::of(path), Route::Unknown(dialect), "{path}");
        }
    }
}
