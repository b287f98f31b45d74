use super::*;
use proptest::prelude::*;
use reeve_core::usage::{Unit, Usage};
use serde_json::{Value, json};

fn usage(parts: &[(Unit, u64)]) -> Usage {
    parts.iter().fold(Usage::new(), |u, (unit, n)| u.with(*unit, *n))
}

#[test]
fn answers_of_each_provider() {
    use Unit::{AudioInput, AudioOutput, CacheRead, CacheReadAudio, CacheWrite, Input, Output, Reasoning};
    type Expected = (&'static str, &'static [u8], &'static [(Unit, u64)]);
    let expected: [Expected; 11] = [
        (
            "openai",
            include_bytes!("../../../tests/fixtures/openai-chat.json"),
            &[(Input, 86), (CacheRead, 1_920), (Output, 172), (Reasoning, 128)],
        ),
        (
            "openai with sound",
            include_bytes!("../../../tests/fixtures/openai-chat-audio.json"),
            &[
                (Input, 50),
                (CacheRead, 10),
                (CacheReadAudio, 30),
                (AudioInput, 60),
                (Output, 20),
                (AudioOutput, 64),
            ],
        ),
        (
            "openai embeddings",
            include_bytes!("../../../tests/fixtures/openai-embeddings.json"),
            &[(Input, 8)],
        ),
        (
            "deepseek",
            include_bytes!("../../../tests/fixtures/deepseek-chat.json"),
            &[(Input, 360), (CacheRead, 640), (Output, 50), (Reasoning, 150)],
        ),
        (
            "xai, with reasoning beside the completion",
            include_bytes!("../../../tests/fixtures/xai-chat.json"),
            &[(Input, 26), (CacheRead, 6), (Output, 9), (Reasoning, 94)],
        ),
        (
            "mistral",
            include_bytes!("../../../tests/fixtures/mistral-chat.json"),
            &[(Input, 16), (Output, 34)],
        ),
        (
            "openrouter",
            include_bytes!("../../../tests/fixtures/openrouter-chat.json"),
            &[(Input, 100), (CacheRead, 200), (CacheWrite, 900), (Output, 10)],
        ),
        (
            "openrouter, billed by the provider behind it",
            include_bytes!("../../../tests/fixtures/openrouter-byok-chat.json"),
            &[(Input, 200), (CacheRead, 1_000), (Output, 28), (Reasoning, 12)],
        ),
        (
            "together",
            include_bytes!("../../../tests/fixtures/together-chat.json"),
            &[(Input, 26), (CacheRead, 16), (Output, 4)],
        ),
        ("ollama", include_bytes!("../../../tests/fixtures/ollama-chat.json"), &[(Input, 68), (Output, 17)]),
        (
            "vllm",
            include_bytes!("../../../tests/fixtures/vllm-chat.json"),
            &[(Input, 64), (CacheRead, 960), (Output, 2), (Reasoning, 48)],
        ),
    ];
    for (name, body, parts) in expected {
        assert_eq!(read_answer(body).usage, Reading::Usage(usage(parts)), "{name}");
        let said: Value = serde_json::from_slice(body).unwrap();
        let sum: u64 = parts.iter().map(|(_, n)| n).sum();
        assert_eq!(Some(sum), said["usage"]["total_tokens"].as_u64(), "{name}: every token in one bucket");
    }
}

#[test]
fn thinking_that_nobody_names_is_counted_and_said() {
    let gemini = read_answer(include_bytes!("../../../tests/fixtures/gemini-chat.json"));
    let best = usage(&[(Unit::Input, 100), (Unit::Output, 12), (Unit::Reasoning, 300)]);
    assert_eq!(gemini.usage, Reading::Contradictory { what: Contradiction::Total, best });
}

#[test]
fn an_answer_says_its_model_and_tier() {
    let answer = read_answer(include_bytes!("../../../tests/fixtures/openai-chat.json"));
    assert_eq!(answer.model.as_deref(), Some("gpt-4o-2024-08-06"));
    assert_eq!(answer.service_tier.as_deref(), Some("priority"));
    let standard = read_answer(include_bytes!("../../../tests/fixtures/openai-chat-audio.json"));
    assert_eq!(standard.service_tier, None, "\"default\" is the standard tier");
    let odd = read_answer(br#"{"model":7,"service_tier":null,"choices":{},"usage":null}"#);
    assert_eq!((odd.model, odd.usage), (None, Reading::Missing));
    assert!(read_answer(br#"{"error":{"message":"no"}}"#).is_error);
    for nothing in [&b"<html>"[..], b"", b"[]", b"{\"usage\":{\"prompt_tokens\":1"] {
        assert_eq!(read_answer(nothing).usage, Reading::Missing);
    }
}

#[test]
fn contradictions_are_named_and_the_larger_number_holds() {
    use Contradiction::{
        CacheParts, CompletionParts, NoPrompt, NotACount, NotAnObject, Nothing, PromptParts, TooLarge, Total,
    };
    for (said, what, input, output) in [
        (json!("many"), NotAnObject, 0, 0),
        (json!({}), NoPrompt, 0, 0),
        (json!({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}), Nothing, 0, 0),
        (json!({"prompt_tokens": -5, "completion_tokens": 10}), NotACount("prompt_tokens"), 0, 10),
        (json!({"prompt_tokens": "12", "completion_tokens": 10}), NotACount("prompt_tokens"), 0, 10),
        (json!({"prompt_tokens": 1.5, "completion_tokens": 10}), NotACount("prompt_tokens"), 0, 10),
        (
            json!({"prompt_tokens": 5, "completion_tokens": -1, "total_tokens": 15}),
            NotACount("completion_tokens"),
            5,
            10,
        ),
        (
            json!({"prompt_tokens": 10_u64.pow(15), "completion_tokens": 1}),
            TooLarge("prompt_tokens"),
            MAX_TOKENS,
            1,
        ),
        (json!({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 20}), Total, 10, 10),
        (json!({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 12}), Total, 10, 5),
        (json!({"completion_tokens": 5, "total_tokens": 12}), NoPrompt, 7, 5),
        (
            json!({"prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 11}}),
            PromptParts,
            10,
            5,
        ),
        (
            json!({"prompt_tokens": 10, "completion_tokens": 5, "completion_tokens_details": {"audio_tokens": 6}}),
            CompletionParts,
            10,
            5,
        ),
        (
            json!({"prompt_tokens": 10, "completion_tokens": 5, "completion_tokens_details": {"reasoning_tokens": 6}}),
            CompletionParts,
            10,
            11,
        ),
        (
            json!({"prompt_tokens": 10, "completion_tokens": 5, "prompt_cache_hit_tokens": 4, "prompt_cache_miss_tokens": 4}),
            CacheParts,
            10,
            5,
        ),
        (
            json!({"prompt_tokens": 10, "completion_tokens": 5, "completion_tokens_details": {"reasoning_tokens": -1}}),
            NotACount("reasoning_tokens"),
            10,
            5,
        ),
    ] {
        match read(&said) {
            Reading::Contradictory { what: found, best } => {
                assert_eq!(found, what, "{said}");
                assert_eq!((best.input_tokens(), best.output_tokens()), (input, output), "{said}");
            }
            other => panic!("{said} reads as {other:?}"),
        }
    }
}

#[test]
fn whole_numbers_in_any_spelling_and_absent_parts_are_fine() {
    let plain = Reading::Usage(Usage::tokens(12, 3));
    assert_eq!(read(&json!({"prompt_tokens": 12.0, "completion_tokens": 3.0, "total_tokens": 15.0})), plain);
    assert_eq!(
        read(&json!({"prompt_tokens": 12, "completion_tokens": 3, "prompt_tokens_details": null})),
        plain
    );
    assert_eq!(read(&json!({"input_tokens": 12, "output_tokens": 3, "total_tokens": 15})), plain);
    assert_eq!(
        read(&json!({"prompt_tokens": 12, "completion_tokens": 0})),
        Reading::Usage(Usage::tokens(12, 0))
    );
    assert_eq!(read(&Value::Null), Reading::Missing);
}

proptest! {
    #[test]
    fn buckets_add_up_to_what_the_provider_says(
        prompt in 1u64..1_000, completion in 0u64..1_000, cached in 0u64..1_200, audio in 0u64..300, write in 0u64..300,
        reasoning in 0u64..1_200, spoken in 0u64..300, total in prop::option::of(0u64..3_000),
    ) {
        let said = json!({
            "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": total,
            "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": audio, "cache_write_tokens": write},
            "completion_tokens_details": {"reasoning_tokens": reasoning, "audio_tokens": spoken},
        });
        match read(&said) {
            Reading::Usage(usage) => {
                prop_assert_eq!(usage.input_tokens(), prompt);
                prop_assert!(usage.output_tokens() == completion || usage.output_tokens() == completion + reasoning);
                let sum = usage.input_tokens() + usage.output_tokens();
                prop_assert!(total.is_none_or(|t| t == sum));
                prop_assert!(cached + audio + write <= prompt);
            }
            Reading::Contradictory { best, .. } => {
                prop_assert_eq!(best.input_tokens(), prompt);
                prop_assert!(best.output_tokens() >= completion);
                prop_assert!(best.input_tokens() + best.output_tokens() >= total.unwrap_or(0));
            }
            Reading::Missing => prop_assert!(false, "usage was there"),
        }
    }

    #[test]
    fn nothing_breaks_the_reader(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_answer(&body);
        let _ = serde_json::from_slice::<Value>(&body).map(|v| read(&v));
    }
}
