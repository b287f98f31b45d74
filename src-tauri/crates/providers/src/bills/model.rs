//! Models as bills and ledgers name them.

/// The model of a line of OpenAI's bill, such as `gpt-4o-2024-08-06, input`; `None` for what is billed by no model.
#[must_use]
pub fn of_line(line: &str) -> Option<String> {
    let name = line.split_once(',').map_or(line, |(name, _)| name).trim().to_ascii_lowercase();
    let is_name = !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:/".contains(&b))
        && name.contains(['-', '.'])
        && name.bytes().any(|b| b.is_ascii_digit());
    is_name.then_some(name)
}

/// A model without the date of its snapshot, so that what was asked for and what was billed meet: `gpt-4o-2024-08-06` and
/// `gpt-4o`, `claude-haiku-4-5-20251001` and `claude-haiku-4-5`.
#[must_use]
pub fn family(model: &str) -> String {
    let lower = model.to_ascii_lowercase();
    let shapes: [&[usize]; 2] = [&[4, 2, 2], &[8]];
    let dated = |shape: &&[usize]| {
        let parts: Vec<&str> = lower.rsplitn(shape.len() + 1, '-').collect();
        let (rest, date) = parts.split_last()?;
        let fits = date.len() == shape.len()
            && date
                .iter()
                .rev()
                .zip(shape.iter())
                .all(|(part, len)| part.len() == *len && part.bytes().all(|b| b.is_ascii_digit()))
            && date.last().is_some_and(|year| year.starts_with("20"));
        fits.then(|| (*rest).to_owned())
    };
    shapes
        .iter()
        .find_map(dated)
        .unwrap_or_else(|| lower.strip_suffix("-latest").map_or(lower.clone(), str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_name_models_or_not() {
        for (line, model) in [
            ("gpt-4o-2024-08-06, input", Some("gpt-4o-2024-08-06")),
            ("gpt-4o-mini-2024-07-18, cached input", Some("gpt-4o-mini-2024-07-18")),
            ("text-embedding-3-small", Some("text-embedding-3-small")),
            ("GPT-4o, output", Some("gpt-4o")),
            ("web search tool calls | gpt-4o", None),
            ("assistants api | file search", None),
            ("Code Interpreter", None),
            ("", None),
        ] {
            assert_eq!(of_line(line).as_deref(), model, "{line}");
        }
    }

    #[test]
    fn snapshots_belong_to_their_model() {
        for (model, of) in [
            ("gpt-4o-2024-08-06", "gpt-4o"),
            ("claude-haiku-4-5-20251001", "claude-haiku-4-5"),
            ("Claude-3-5-Sonnet-Latest", "claude-3-5-sonnet"),
            ("gpt-4o", "gpt-4o"),
            ("o1", "o1"),
            ("model-12345678", "model-12345678"),
            ("text-embedding-3-small", "text-embedding-3-small"),
            ("2024-08-06", "2024-08-06"),
        ] {
            assert_eq!(family(model), of, "{model}");
        }
    }
}
