"""Sound through the official `openai` package: forms in, bytes out."""

from __future__ import annotations

import io
import wave
from typing import Any

import pytest
from openai import OpenAI

from support.tenant import Tenant

TEXT = "Hello there, how are you?"
#: What the scripted provider hears and speaks: seven seconds in, two seconds out of 24 kHz at 16 bits.
SPOKEN_BYTES = 96_000


@pytest.fixture
def client(tenant: Tenant) -> OpenAI:
    return OpenAI(api_key=tenant.key, base_url=f"{tenant.gateway}/v1", max_retries=0)


def seven_seconds() -> tuple[str, bytes]:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8_000)
        sound.writeframes(bytes(2 * 8_000 * 7))
    return ("speech.wav", file.getvalue())


@pytest.mark.parametrize("model", ["whisper-1", "gpt-4o-transcribe"])
def test_a_transcription(client: OpenAI, tenant: Tenant, model: str) -> None:
    heard = client.audio.transcriptions.create(model=model, file=seven_seconds())
    assert heard.text == "what was said"
    assert tenant.charge()["operation"] == "transcriptions"


def test_a_streamed_transcription(client: OpenAI) -> None:
    events = list(
        client.audio.transcriptions.create(model="gpt-4o-transcribe", file=seven_seconds(), stream=True)
    )
    assert [event.type for event in events] == ["transcript.text.delta", "transcript.text.done"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_translation(client: OpenAI, tenant: Tenant) -> None:
    assert client.audio.translations.create(model="whisper-1", file=seven_seconds()).text == "what was said"
    assert tenant.charge()["operation"] == "translations"


def test_speech_whole_and_as_it_comes(client: OpenAI) -> None:
    ask: dict[str, Any] = {"model": "tts-1", "voice": "alloy", "input": TEXT, "response_format": "pcm"}
    assert len(client.audio.speech.create(**ask).read()) == SPOKEN_BYTES
    with client.audio.speech.with_streaming_response.create(**ask) as response:
        assert sum(len(piece) for piece in response.iter_bytes()) == SPOKEN_BYTES
