//! Which kinds of token a chat request can make. A text that carries no sound is not billed as sound.

use crate::openai::ChatRequest;
use memchr::memmem::Finder;
use reeve_core::usage::{Unit, Units};
use std::sync::LazyLock;

/// Words to look for, prepared once: preparing costs as much as a short search.
struct Words {
    escape: Finder<'static>,
    fetches: [Finder<'static>; 3],
    audio: [Finder<'static>; 1],
    image: [Finder<'static>; 1],
    ttl: [Finder<'static>; 1],
}

static WORDS: LazyLock<Words> = LazyLock::new(|| Words {
    escape: Finder::new(b"\\u"),
    fetches: [Finder::new(b"file"), Finder::new(b"video"), Finder::new(b"document")],
    audio: [Finder::new(b"audio")],
    image: [Finder::new(b"image")],
    ttl: [Finder::new(b"ttl")],
});

/// The kinds of token a chat request can make; all of them where it cannot be told.
#[must_use]
pub fn kinds(request: &ChatRequest<'_>) -> Units {
    let raw = request.messages.get().as_bytes();
    // Behind an escape any word can hide.
    if WORDS.escape.find(raw).is_some() {
        return Units::ALL;
    }
    let says = |words: &[Finder<'_>]| words.iter().any(|word| word.find(raw).is_some());
    let fetches = says(&WORDS.fetches);
    let mut kinds = Units::ALL;
    if !fetches && !says(&WORDS.audio) {
        kinds = kinds.without(Unit::AudioInput).without(Unit::CacheReadAudio);
    }
    if !fetches && !says(&WORDS.image) {
        kinds = kinds.without(Unit::ImageInput);
    }
    let names = |name: &str| request.fields.iter().any(|(field, _)| field == name);
    if !names("audio") && !names("modalities") {
        kinds = kinds.without(Unit::AudioOutput);
    }
    // Only a caller who asks for an hour is billed for one; the request says so wherever a cache is set.
    if !says(&WORDS.ttl) && !names("tools") && !names("cache_control") {
        kinds = kinds.without(Unit::CacheWrite1h);
    }
    kinds
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn of(members: &str) -> Units {
        let body = Bytes::from(format!("{{\"model\":\"m\",{members}}}"));
        kinds(&ChatRequest::read(&body).unwrap())
    }

    #[test]
    fn plain_text_makes_no_sound_and_no_pictures() {
        let text = of(r#""messages":[{"role":"user","content":"hello"}]"#);
        for unit in
            [Unit::AudioInput, Unit::CacheReadAudio, Unit::ImageInput, Unit::AudioOutput, Unit::CacheWrite1h]
        {
            assert!(!text.contains(unit), "{unit:?}");
        }
        for unit in
            [Unit::Input, Unit::CacheRead, Unit::CacheWrite, Unit::Output, Unit::Reasoning, Unit::ImageOutput]
        {
            assert!(text.contains(unit), "{unit:?}");
        }
    }

    #[test]
    fn what_may_carry_more_is_taken_for_it() {
        let content = |part: &str| of(&format!(r#""messages":[{{"role":"user","content":[{part}]}}]"#));
        assert!(content(r#"{"type":"input_audio","input_audio":{}}"#).contains(Unit::AudioInput));
        assert!(content(r#"{"type":"image_url","image_url":{}}"#).contains(Unit::ImageInput));
        assert!(content(r#"{"type":"file","file":{}}"#).contains(Unit::AudioInput));
        assert_eq!(content(r#"{"type":"input_\u0061udio"}"#), Units::ALL, "behind an escape");
        assert!(
            content(r#"{"type":"text","text":"a","cache_control":{"ttl":"1h"}}"#)
                .contains(Unit::CacheWrite1h)
        );
        assert!(of(r#""messages":[],"modalities":["audio"]"#).contains(Unit::AudioOutput));
    }
}
