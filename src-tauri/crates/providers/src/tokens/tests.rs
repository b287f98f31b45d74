use super::*;
use crate::openai::{ChatRequest, EmbeddingsRequest};
use bytes::Bytes;
use proptest::prelude::*;

fn exact(family: Family, text: &str) -> u64 {
    let bpe = match family {
        Family::Cl100k => tiktoken_rs::cl100k_base_singleton(),
        _ => tiktoken_rs::o200k_base_singleton(),
    };
    bpe.count_ordinary(text) as u64
}

fn chat_of(family: Family, body: &str) -> InputBound {
    warm_up();
    let body = Bytes::from(body.to_owned());
    chat(family, &ChatRequest::read(&body).unwrap())
}

const FAMILIES: [Family; 2] = [Family::O200k, Family::Cl100k];

#[test]
fn everyday_text_is_counted_exactly() {
    warm_up();
    let code = "fn main() {\n    let x = vec![1, 22, 4444];\n        println!(\"{x:?}\"); // don't\n}\n\n\n\t\tend  \n  ";
    let texts = [
        "",
        "Hello, world!",
        "I'LL say IT'S HTTPServer'd 12345",
        code,
        "naïve café — “quoted” text, and more",
        "a/b//c/\n/d",
        "x \n y \r\n\r\n z",
    ];
    for family in FAMILIES {
        for sample in texts {
            assert_eq!(text(family, sample), exact(family, sample), "{family:?} {sample:?}");
        }
    }
}

#[test]
fn other_tokenizers_get_room() {
    warm_up();
    let sample = "The quick brown fox jumps over 13 lazy dogs.";
    let bound = text(Family::Other, sample);
    assert!(bound >= 3 * exact(Family::O200k, sample) / 2 && bound <= sample.len() as u64, "{bound}");
    assert_eq!(text(Family::Other, "日本語"), 9, "a byte each");
}

#[test]
fn a_long_prompt_is_counted_then_bounded_by_its_bytes() {
    warm_up();
    let words = "word after word ".repeat(100_000);
    let bound = text(Family::O200k, &words);
    let beyond = (words.len() - FAST_BYTES) as u64;
    assert!(bound >= exact(Family::O200k, &words[..1_000_000]));
    assert!(bound >= beyond && bound <= beyond + FAST_BYTES as u64 / 2, "{bound}");
}

#[test]
fn hostile_text_is_cheap_and_bounded() {
    warm_up();
    for hostile in [
        " ".repeat(1 << 20),
        "\n".repeat(1 << 20),
        "a".repeat(1 << 20),
        "'".repeat(1 << 20),
        "é".repeat(1 << 19),
        "aé ".repeat(1 << 18),
    ] {
        assert!(text(Family::O200k, &hostile) <= hostile.len() as u64);
    }
}

#[test]
fn families() {
    for (provider, model, family) in [
        ("openai", "gpt-4o-2024-08-06", Family::O200k),
        ("openai", "ft:gpt-4o-mini-2024-07-18:org::id", Family::O200k),
        ("openai", "gpt-4-turbo", Family::Cl100k),
        ("openai", "text-embedding-3-small", Family::Cl100k),
        ("openai", "gpt-6-sol", Family::Other),
        ("azure-openai", "us/gpt-4.1-mini", Family::O200k),
        ("openrouter", "openai/gpt-4o", Family::O200k),
        ("openrouter", "mistralai/mistral-large", Family::Other),
        ("groq", "gpt-oss-120b", Family::Other),
        ("custom", "gpt-4o", Family::Other),
    ] {
        assert_eq!(Family::of(provider, model), family, "{provider}/{model}");
    }
}

#[test]
fn a_message_costs_its_text_and_its_frame() {
    let body = r#"{"model":"gpt-4o","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Say \"hi\"\n"}]}"#;
    let bound = chat_of(Family::O200k, body);
    let text = exact(Family::O200k, "Be brief.") + exact(Family::O200k, "Say \"hi\"\n");
    assert!(bound.tokens >= text + 3 * 2 + 3 + 2, "what OpenAI's own recipe gives");
    assert!(bound.tokens <= text + 40);
    assert_eq!(bound.unbounded, None);
}

#[test]
fn pictures_tools_and_sound_count() {
    let with = |content: &str| {
        chat_of(
            Family::O200k,
            &format!(r#"{{"model":"gpt-4o","messages":[{{"role":"user","content":{content}}}]}}"#),
        )
    };
    let none = with("[]").tokens;
    let data = "A".repeat(300_000);
    let picture = |detail: &str| {
        with(&format!(r#"[{{"type":"image_url","image_url":{{"url":"data:image/png;base64,{data}","detail":"{detail}"}}}}]"#)).tokens - none
    };
    assert!((85..2_000).contains(&picture("low")), "not the bytes of its data");
    assert!((1_445..10_000).contains(&picture("high")));
    let sound =
        with(&format!(r#"[{{"type":"input_audio","input_audio":{{"data":"{data}","format":"mp3"}}}}]"#))
            .tokens;
    assert!(sound > 300_000 / 1_336 * 10);
    assert_eq!(with(r#"[{"type":"file","file":{"file_id":"f"}}]"#).unbounded, Some("file"));
    let tools = r#"[{"type":"function","function":{"name":"get_weather","description":"Weather of a city","parameters":{"type":"object","properties":{"city":{"type":"string"}}}}}]"#;
    let body = |more: &str| format!(r#"{{"model":"gpt-4o","messages":[]{more}}}"#);
    let without = chat_of(Family::O200k, &body("")).tokens;
    assert!(
        chat_of(Family::O200k, &body(&format!(r#","tools":{tools}"#))).tokens
            > without + exact(Family::O200k, tools)
    );
    let fetching = body(r#","tools":[{"type":"web_search"}]"#);
    assert_eq!(chat_of(Family::O200k, &fetching).unbounded, Some("tools"));
    assert_eq!(
        chat_of(Family::O200k, &body(r#","web_search_options":{}"#)).unbounded,
        Some("web_search_options")
    );
}

#[test]
fn embeddings_count_texts_and_tokens() {
    warm_up();
    for (input, tokens) in [
        (r#""hello world""#, 2),
        (r#"["hello world","hello"]"#, 3),
        ("[1,2,3]", 3),
        ("[[1,2],[3]]", 3),
        ("[]", 0),
    ] {
        let body = Bytes::from(format!(r#"{{"model":"text-embedding-3-small","input":{input}}}"#));
        let bound = embeddings(Family::Cl100k, &EmbeddingsRequest::read(&body).unwrap());
        assert_eq!(bound, InputBound { tokens, unbounded: None }, "{input}");
    }
}

fn odd_text() -> impl Strategy<Value = String> {
    let words = vec![
        "a",
        "B",
        "The",
        "HELLO",
        "World",
        "iPhone",
        "don't",
        "WE'LL",
        "'s",
        "'S",
        "'",
        "''ve",
        "1",
        "12345",
        " ",
        "  ",
        "    ",
        "\t",
        "\n",
        "\r\n",
        "\r",
        "\u{b}",
        "\u{c}",
        "\u{0}",
        "\u{1c}",
        "\u{7f}",
        ".",
        "...",
        "/",
        "//",
        "!\n",
        "{}",
        "_",
        "é",
        "ſ",
        "中文",
        "🙂",
        "\u{a0}",
        "\u{2003}",
        "\u{301}",
        "internationalization",
        "Ünï",
        "x'ſ",
    ];
    prop::collection::vec(prop::sample::select(words), 0..60).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn short_text_is_counted_as_the_tokenizer_counts_it(sample in odd_text()) {
        warm_up();
        for family in FAMILIES {
            prop_assert_eq!(text(family, &sample), exact(family, &sample), "{:?}", family);
        }
        prop_assert!(text(Family::Other, &sample) >= exact(Family::O200k, &sample));
    }

    #[test]
    fn any_text_is_bounded(sample in any::<String>(), times in 1usize..40) {
        warm_up();
        let sample = sample.repeat(times);
        for family in FAMILIES {
            prop_assert!(text(family, &sample) >= exact(family, &sample));
            prop_assert!(text(family, &sample) <= sample.len() as u64);
        }
    }
}
