//! As much of XML as AWS's query protocol needs: flat texts and lists of them, no attributes that matter, no nesting of one name
//! in itself.

/// The text of the first element of this name, as it stands; `None` where there is none.
pub(super) fn text_of<'a>(body: &'a [u8], name: &str) -> Option<&'a str> {
    inner(std::str::from_utf8(body).ok()?, name).map(|(text, _)| text)
}

/// The members of a list, such as `<member>…</member>` within `<Keys>` within `<Result>`; `None` where there is no such list.
pub(super) fn all<'a>(body: &'a [u8], result: &str, list: &str) -> Option<Vec<&'a str>> {
    let result = text_of(body, result)?;
    if result.contains(&format!("<{list}/>")) {
        return Some(Vec::new());
    }
    let (mut rest, _) = inner(result, list)?;
    let mut members = Vec::new();
    while let Some((member, behind)) = inner(rest, "member") {
        members.push(member);
        rest = behind;
    }
    rest.trim().is_empty().then_some(members)
}

/// What is within the first element of this name, and what comes behind it. The first element may have attributes.
fn inner<'a>(text: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
    let (plain, with) = (format!("<{name}>"), format!("<{name} "));
    let from = match (text.find(&plain), text.find(&with)) {
        (Some(at), None) => at + plain.len(),
        (None, Some(at)) => at + text.get(at..)?.find('>')? + 1,
        (Some(a), Some(b)) if a < b => a + plain.len(),
        (_, Some(at)) => at + text.get(at..)?.find('>')? + 1,
        (None, None) => return None,
    };
    let close = format!("</{name}>");
    let to = from + text.get(from..)?.find(&close)?;
    Some((text.get(from..to)?, text.get(to + close.len()..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &[u8] = br#"<ListResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListResult><UserName>u</UserName>
        <Keys><member><Id>A</Id></member> <member><Id>B</Id></member></Keys><IsTruncated>false</IsTruncated></ListResult></ListResponse>"#;

    #[test]
    fn texts_and_lists_are_found() {
        assert_eq!(text_of(LIST, "UserName"), Some("u"));
        assert_eq!(text_of(LIST, "Name"), None);
        assert_eq!(all(LIST, "ListResult", "Keys").unwrap(), ["<Id>A</Id>", "<Id>B</Id>"]);
        assert_eq!(all(b"<R><Keys/></R>", "R", "Keys").unwrap().len(), 0);
        assert_eq!(all(b"<R><Keys></Keys></R>", "R", "Keys").unwrap().len(), 0);
    }

    #[test]
    fn what_is_no_list_is_none() {
        for body in ["<R></R>", "<R><Keys><member>", "{}", "<R><Keys>words</Keys></R>"] {
            assert_eq!(all(body.as_bytes(), "R", "Keys"), None, "{body}");
        }
        assert_eq!(text_of(&[0xff, b'<'], "A"), None);
    }
}
