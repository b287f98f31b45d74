//! `/v1/images/edits`: forms with pictures in them.

use super::error::RequestError;
use super::images::{MOST_PICTURES, MOST_PIXELS, pixels, tokens, whole};
use super::multipart::Form;
use bytes::Bytes;

/// The most tokens a picture is read as: twice what the longest one takes at high fidelity, by OpenAI's own figures.
const READ_TOKENS: u64 = 16_384;

/// What governance needs of a request to change pictures.
#[derive(Debug)]
pub struct ImageEditRequest<'a> {
    body: &'a Bytes,
    form: Form<'a>,
    /// The model asked for.
    pub model: &'a str,
    /// What to change.
    pub prompt: &'a str,
    /// How many pictures to make.
    pub n: u64,
    /// The most tokens of each.
    pub tokens_each: u64,
    /// Pixels of each.
    pub pixels_each: u64,
    /// How many pictures came with it, a mask among them.
    pub pictures: u64,
    /// The end user, as the client names them.
    pub user: Option<&'a str>,
}

impl<'a> ImageEditRequest<'a> {
    /// Reads a request whose address may name the model, which then counts.
    ///
    /// # Errors
    /// [`RequestError`] names what is wrong, and the field.
    pub fn read(body: &'a Bytes, content_type: &str, named: Option<&'a str>) -> Result<Self, RequestError> {
        let form = Form::read(body, content_type)?;
        whole(form.flag("stream")?)?;
        let count = |what: fn(&str) -> bool| form.parts().filter(|part| what(&part.name)).count() as u64;
        let images = count(|name| name == "image" || name.starts_with("image["));
        if images == 0 {
            return Err(RequestError::Missing { field: "image" });
        }
        let size = form.text("size")?.and_then(pixels);
        Ok(Self {
            model: form.model(named)?,
            prompt: form.text("prompt")?.ok_or(RequestError::Missing { field: "prompt" })?,
            n: form.number("n", 1, MOST_PICTURES)?.unwrap_or(1),
            tokens_each: tokens(form.text("quality")?, size),
            pixels_each: size.unwrap_or(MOST_PIXELS),
            pictures: images + count(|name| name == "mask"),
            user: form.text("user")?,
            form,
            body,
        })
    }

    /// The most tokens of the pictures that came with it.
    #[must_use]
    pub fn read_tokens(&self) -> u64 {
        self.pictures * READ_TOKENS
    }

    /// The body to send, with the model under the provider's name where the request used another.
    #[must_use]
    pub fn upstream_body(&self, model: Option<&str>) -> Bytes {
        self.form.with_model(self.body, model)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: &str = "multipart/form-data; boundary=m";

    fn form(fields: &[(&str, &str)]) -> Bytes {
        let part = |(name, value): &(&str, &str)| {
            format!("--m\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let parts: String = fields.iter().map(part).collect();
        Bytes::from(format!("{parts}--m--\r\n"))
    }

    #[test]
    fn reads_what_governance_needs() {
        let body = form(&[
            ("model", "gpt-image-1"),
            ("image[]", "PNG"),
            ("image[]", "PNG"),
            ("mask", "PNG"),
            ("prompt", "a red roof"),
            ("n", "2"),
            ("size", "1024x1024"),
            ("quality", "low"),
            ("user", "u1"),
        ]);
        let request = ImageEditRequest::read(&body, KIND, None).unwrap();
        assert_eq!((request.model, request.prompt, request.user), ("gpt-image-1", "a red roof", Some("u1")));
        assert_eq!((request.n, request.tokens_each, request.pixels_each), (2, 1_024, 1_024 * 1_024));
        assert_eq!((request.pictures, request.read_tokens()), (3, 49_152));
        assert_eq!(ImageEditRequest::read(&body, KIND, Some("mine")).unwrap().model, "mine");
    }

    #[test]
    fn what_cannot_be_governed_is_refused_by_name() {
        let good = [("model", "m"), ("image", "PNG"), ("prompt", "p")];
        for (left_out, added, field) in [
            ("model", None, "model"),
            ("image", None, "image"),
            ("prompt", None, "prompt"),
            ("", Some(("prompt", "q")), "prompt"),
            ("", Some(("Model", "dearer")), "model"),
            ("", Some(("n", "1000")), "n"),
            ("", Some(("n", "many")), "n"),
            ("", Some(("stream", "true")), "stream"),
        ] {
            let fields: Vec<_> =
                good.into_iter().filter(|(name, _)| *name != left_out).chain(added).collect();
            let body = form(&fields);
            let error = ImageEditRequest::read(&body, KIND, None).unwrap_err();
            assert_eq!(error.field(), Some(field), "{error}");
        }
    }
}
