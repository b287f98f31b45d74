//! Reading a form: `multipart/form-data`, without copying what it holds.

use super::error::RequestError;
use memchr::memmem;
use std::ops::Range;

/// The most parts of a form.
const MAX_PARTS: usize = 64;

/// A part of a form.
#[derive(Debug)]
pub(crate) struct Part<'a> {
    pub(crate) name: String,
    pub(crate) value: &'a [u8],
    /// Where the value stands in the body.
    pub(crate) place: Range<usize>,
}

/// The parts of a form, in order.
#[derive(Debug)]
pub(crate) struct Form<'a>(Vec<Part<'a>>);

impl<'a> Form<'a> {
    /// Reads a form.
    pub(crate) fn read(body: &'a [u8], content_type: &str) -> Result<Self, RequestError> {
        let boundary = boundary(content_type).ok_or(RequestError::NotAForm)?;
        let mark = format!("--{boundary}");
        let mut at = memmem::find(body, mark.as_bytes()).ok_or(RequestError::NotAForm)? + mark.len();
        let end = format!("\r\n{mark}");
        let end = memmem::Finder::new(end.as_bytes());
        let mut parts = Vec::new();
        while body.get(at..).is_some_and(|rest| rest.starts_with(b"\r\n")) && parts.len() < MAX_PARTS {
            at += 2;
            let rest = body.get(at..).unwrap_or_default();
            let head = memmem::find(rest, b"\r\n\r\n").ok_or(RequestError::NotAForm)?;
            let start = at + head + 4;
            let value = body.get(start..).unwrap_or_default();
            let length = end.find(value).ok_or(RequestError::NotAForm)?;
            let name = name(rest.get(..head).unwrap_or_default()).ok_or(RequestError::NotAForm)?;
            parts.push(Part {
                name,
                value: value.get(..length).unwrap_or_default(),
                place: start..start + length,
            });
            at = start + length + end.needle().len();
        }
        let closed = body.get(at..).is_some_and(|rest| rest.starts_with(b"--"));
        if closed { Ok(Self(parts)) } else { Err(RequestError::NotAForm) }
    }

    pub(crate) fn parts(&self) -> impl Iterator<Item = &Part<'a>> {
        self.0.iter()
    }

    /// The part of a name: which of two counts would be anyone's guess.
    pub(crate) fn one(&self, field: &'static str) -> Result<Option<&Part<'a>>, RequestError> {
        let mut named = self.0.iter().filter(|part| part.name.eq_ignore_ascii_case(field));
        let first = named.next();
        if let Some(part) = first.filter(|part| part.name != field) {
            return Err(RequestError::Miswritten { field, written: part.name.clone() });
        }
        if named.next().is_some() { Err(RequestError::Duplicate { field }) } else { Ok(first) }
    }
}

fn boundary(content_type: &str) -> Option<&str> {
    let (kind, rest) = content_type.split_once(';')?;
    let is_form = kind.trim().eq_ignore_ascii_case("multipart/form-data");
    let mut parameters = rest.split(';').filter_map(|p| p.trim().split_once('='));
    let (_, value) =
        parameters.find(|(name, _)| name.eq_ignore_ascii_case("boundary")).filter(|_| is_form)?;
    let value = value.trim_matches('"');
    (!value.is_empty() && value.len() <= 70).then_some(value)
}

/// The `name` of a part's `Content-Disposition`.
fn name(head: &[u8]) -> Option<String> {
    let head = std::str::from_utf8(head).ok()?;
    let line =
        head.lines().find(|l| l.get(..20).is_some_and(|l| l.eq_ignore_ascii_case("content-disposition:")))?;
    let mut parameters = line.split(';').filter_map(|p| p.trim().split_once('='));
    let (_, value) = parameters.find(|(name, _)| name.eq_ignore_ascii_case("name"))?;
    Some(value.trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: &str = "multipart/form-data; boundary=\"xYz\"";
    const BODY: &[u8] = b"--xYz\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n--xYz\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\nContent-Type: audio/wav\r\n\r\nRI\r\nFF\r\n--xYz--\r\n";

    #[test]
    fn parts_are_found_where_they_stand() {
        let form = Form::read(BODY, KIND).unwrap();
        let model = form.one("model").unwrap().unwrap();
        assert_eq!(
            (model.value, &BODY[model.place.clone()]),
            (b"whisper-1".as_slice(), b"whisper-1".as_slice())
        );
        assert_eq!(form.one("file").unwrap().unwrap().value, b"RI\r\nFF");
        assert!(form.one("prompt").unwrap().is_none());
    }

    #[test]
    fn what_is_no_form_is_said_to_be_none() {
        for (body, kind) in [
            (BODY, "application/json"),
            (BODY, "multipart/form-data"),
            (BODY, "multipart/form-data; boundary=other"),
            (&BODY[..BODY.len() - 6], KIND),
            (b"".as_slice(), KIND),
        ] {
            assert!(matches!(Form::read(body, kind), Err(RequestError::NotAForm)), "{kind}");
        }
        let twice = [
            &BODY[..BODY.len() - 4],
            b"\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nx\r\n--xYz--",
        ]
        .concat();
        let form = Form::read(&twice, KIND).unwrap();
        assert!(matches!(form.one("model"), Err(RequestError::Duplicate { field: "model" })));
    }
}
