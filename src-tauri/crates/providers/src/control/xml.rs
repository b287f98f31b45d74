//! As much of XML as AWS's query protocol needs: flat texts and lists of them, no attributes that matter, no nesting of one name
//! in itself.

/// The text of the first element of this name, as it stands; `None` where there is none.
pub(super) fn text_of<'a>(body: &'a [u8], name: &str) -> Option<&'a str> {
    inner(std::str::from_utf8(body).ok()?, name).map(|(text, _)| text)
}

/// What is within the first element of this name, and what comes behind it.
fn inner<'a>(text: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
    let open = format!("<{name}>");
    let close = format!("</{name}>");
    let from = text.find(&open)? + open.len();
    let to = from + text.get(from..)?.find(&close)?;
    Some((text.get(from..to)?, text.get(to + close.len()..)?))
}
