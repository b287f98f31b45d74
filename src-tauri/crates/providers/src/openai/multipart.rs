//! Reading a form: `multipart/form-data`, without copying what it holds.

use super::error::RequestError;
use super::splice::{Cut, splice};
use bytes::Bytes;
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
pub(crate) struct Form<'a> {
    parts: Vec<Part<'a>>,
    /// What stands before each part.
    mark: String,
    /// Where the first part begins, its mark included.
    start: usize,
}

impl<'a> Form<'a> {
    /// Reads a form.
    pub(crate) fn read(body: &'a [u8], content_type: &str) -> Result<Self, RequestError> {
        let boundary = boundary(content_type).ok_or(RequestError::NotAForm)?;
        let mark = format!("--{boundary}");
        let start = memmem::find(body, mark.as_bytes()).ok_or(RequestError::NotAForm)?;
        let mut at = start + mark.len();
        let end = format!("\r\n{mark}");
        let end = memmem::Finder::new(end.as_bytes());
        let mut parts = Vec::new();
        while body.get(at..).is_some_and(|rest| rest.starts_with(b"\r\n")) && parts.len() < MAX_PARTS {
            at += 2;
            let rest = body.get(at..).unwrap_or_default();
            let head = memmem::find(rest, b"\r\n\r\n").ok_or(RequestError::NotAForm)?;
            let from = at + head + 4;
            let value = body.get(from..).unwrap_or_default();
            let length = end.find(value).ok_or(RequestError::NotAForm)?;
            let name = name(rest.get(..head).unwrap_or_default()).ok_or(RequestError::NotAForm)?;
            parts.push(Part {
                name,
                value: value.get(..length).unwrap_or_default(),
                place: from..from + length,
            });
            at = from + length + end.needle().len();
        }
        let closed = body.get(at..).is_some_and(|rest| rest.starts_with(b"--"));
        if closed { Ok(Self { parts, mark, start }) } else { Err(RequestError::NotAForm) }
    }

    pub(crate) fn parts(&self) -> impl Iterator<Item = &Part<'a>> {
        self.parts.iter()
    }

    /// The part of a name: which of two counts would be anyone's guess.
    pub(crate) fn one(&self, field: &'static str) -> Result<Option<&Part<'a>>, RequestError> {
        let mut named = self.parts.iter().filter(|part| part.name.eq_ignore_ascii_case(field));
        let first = named.next();
        if let Some(part) = first.filter(|part| part.name != field) {
            return Err(RequestError::Miswritten { field, written: part.name.clone() });
        }
        if named.next().is_some() { Err(RequestError::Duplicate { field }) } else { Ok(first) }
    }

    /// The text of a part that is there and says something.
    pub(crate) fn text(&self, field: &'static str) -> Result<Option<&'a str>, RequestError> {
        let Some(part) = self.one(field)? else { return Ok(None) };
        let text = std::str::from_utf8(part.value)
            .map_err(|_| RequestError::WrongType { field, expected: "a text" })?;
        Ok(Some(text.trim()).filter(|text| !text.is_empty()))
    }

    /// Yes or no; no where nothing is said.
    pub(crate) fn flag(&self, field: &'static str) -> Result<bool, RequestError> {
        match self.text(field)? {
            None | Some("false" | "0") => Ok(false),
            Some("true" | "1") => Ok(true),
            Some(_) => Err(RequestError::WrongType { field, expected: "true or false" }),
        }
    }

    /// A whole number.
    pub(crate) fn number(
        &self,
        field: &'static str,
        min: u64,
        max: u64,
    ) -> Result<Option<u64>, RequestError> {
        let Some(text) = self.text(field)? else { return Ok(None) };
        match text.parse::<u64>() {
            Ok(n) if (min..=max).contains(&n) => Ok(Some(n)),
            Ok(_) => Err(RequestError::OutOfRange { field, min, max }),
            Err(_) => Err(RequestError::WrongType { field, expected: "a whole number" }),
        }
    }

    /// The model: the one the address names, else that of the form.
    pub(crate) fn model(&self, named: Option<&'a str>) -> Result<&'a str, RequestError> {
        let own = self.text("model")?;
        named.or(own).ok_or(RequestError::Missing { field: "model" })
    }

    /// The form with another model in it; `body` is what it was read from.
    pub(crate) fn with_model(&self, body: &Bytes, model: Option<&str>) -> Bytes {
        let Some(model) = model else { return body.clone() };
        let own = self.parts.iter().find(|p| p.name == "model").map(|p| p.place.clone());
        let cut = match own {
            Some(place) => Cut { place, text: model.to_owned() },
            None => {
                let head = "Content-Disposition: form-data; name=\"model\"";
                let text = format!("{}\r\n{head}\r\n\r\n{model}\r\n", self.mark);
                Cut { place: self.start..self.start, text }
            }
        };
        splice(body, vec![cut])
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
    fn another_model_is_put_where_it_stands_or_before_all_else() {
        let body = Bytes::from_static(BODY);
        let form = Form::read(&body, KIND).unwrap();
        assert_eq!(form.with_model(&body, None).as_ptr(), body.as_ptr());
        let text = String::from_utf8_lossy(BODY).into_owned();
        assert_eq!(form.with_model(&body, Some("other")), text.replace("whisper-1", "other"));
        let nameless = Bytes::from(text.replace("name=\"model\"", "name=\"prompt\""));
        let form = Form::read(&nameless, KIND).unwrap();
        assert!(matches!(form.model(None), Err(RequestError::Missing { field: "model" })));
        assert_eq!(form.model(Some("named")).unwrap(), "named");
        let named = form.with_model(&nameless, Some("other"));
        let form = Form::read(&named, KIND).unwrap();
        assert_eq!((form.model(None).unwrap(), form.parts().count()), ("other", 3));
        assert_eq!(form.one("file").unwrap().unwrap().value, b"RI\r\nFF");
    }

    #[test]
    fn fields_are_read_as_what_they_should_be() {
        let part = |name: &str, value: &str| {
            format!("--xYz\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let body = [
            part("n", " 3 "),
            part("stream", "1"),
            part("size", ""),
            part("user", "often"),
            "--xYz--".to_owned(),
        ];
        let body = body.concat();
        let form = Form::read(body.as_bytes(), KIND).unwrap();
        assert_eq!((form.number("n", 1, 10).unwrap(), form.number("m", 1, 10).unwrap()), (Some(3), None));
        assert!(matches!(form.number("n", 1, 2), Err(RequestError::OutOfRange { field: "n", .. })));
        assert!(matches!(form.number("user", 1, 2), Err(RequestError::WrongType { field: "user", .. })));
        assert_eq!(
            (form.flag("stream").unwrap(), form.flag("other").unwrap(), form.text("size").unwrap()),
            (true, false, None)
        );
        assert!(matches!(form.flag("user"), Err(RequestError::WrongType { field: "user", .. })));
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
