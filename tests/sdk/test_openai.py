"""The official `openai` package."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from openai import AsyncOpenAI, OpenAI

from support.tenant import Tenant

QUESTION = "How many roads must a man walk down?"
MESSAGES: Any = [{"role": "user", "content": QUESTION}]


@pytest.fixture
def client(tenant: Tenant) -> OpenAI:
    return OpenAI(api_key=tenant.key, base_url=f"{tenant.gateway}/v1", max_retries=0)


def test_a_whole_chat(client: OpenAI, tenant: Tenant) -> None:
    raw = client.chat.completions.with_raw_response.create(model="gpt-4o", messages=MESSAGES)
    answer = raw.parse()
    assert answer.choices[0].message.content == " ".join(["word"] * 16)
    assert answer.usage
    assert answer.usage.completion_tokens == 16
    assert raw.headers["x-reeve-cost"] == tenant.charge()["cost_usd"]


def test_a_chat_that_thinks_and_reads_from_a_cache(client: OpenAI, tenant: Tenant) -> None:
    messages = [{"role": "user", "content": "cached=2 reasoning=5 tokens=12"}]
    answer = client.chat.completions.create(model="gpt-5-mini", messages=messages, max_completion_tokens=50)
    assert answer.usage
    assert answer.usage.completion_tokens_details
    assert answer.usage.completion_tokens_details.reasoning_tokens == 5
    assert tenant.charge()["usage"] == {"input": 4, "cache_read": 2, "output": 7, "reasoning": 5}


def test_a_check_is_free_and_counted(client: OpenAI, tenant: Tenant) -> None:
    checked = client.moderations.create(model="omni-moderation-latest", input=QUESTION)
    assert not checked.results[0].flagged
    assert tenant.charge()["cost_usd"] == "0.00"


def test_a_streamed_chat(client: OpenAI) -> None:
    chunks = list(client.chat.completions.create(model="gpt-4o", messages=MESSAGES, stream=True))
    # Nobody asked for usage, so no chunk without a choice comes through.
    assert all(chunk.choices and chunk.usage is None for chunk in chunks)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "word " * 16

    options = {"include_usage": True}
    *_, last = client.chat.completions.create(
        model="gpt-4o", messages=MESSAGES, stream=True, stream_options=options
    )
    assert last.usage
    assert last.usage.completion_tokens == 16


def test_the_streaming_helper(client: OpenAI) -> None:
    with client.chat.completions.stream(model="gpt-4o", messages=MESSAGES) as stream:
        answer = stream.get_final_completion()
    assert answer.choices[0].message.content == "word " * 16


def test_several_calls_at_once(tenant: Tenant) -> None:
    async def ask() -> list[str | None]:
        async with AsyncOpenAI(api_key=tenant.key, base_url=f"{tenant.gateway}/v1", max_retries=0) as client:
            calls = [client.chat.completions.create(model="gpt-4o-mini", messages=MESSAGES) for _ in range(8)]
            return [answer.choices[0].message.content for answer in await asyncio.gather(*calls)]

    assert asyncio.run(ask()) == [" ".join(["word"] * 16)] * 8


def test_completions(client: OpenAI) -> None:
    ask: dict[str, Any] = {"model": "gpt-3.5-turbo-instruct", "prompt": QUESTION, "max_tokens": 20}
    assert client.completions.create(**ask).choices[0].text == " ".join(["word"] * 16)
    chunks = list(client.completions.create(**ask, stream=True))
    assert "".join(chunk.choices[0].text for chunk in chunks) == "word " * 16


def test_responses(client: OpenAI) -> None:
    answer = client.responses.create(model="gpt-4.1-mini", input=QUESTION)
    assert answer.output_text == " ".join(["word"] * 16)
    events = list(client.responses.create(model="gpt-4.1-mini", input=QUESTION, stream=True))
    assert (
        "".join(event.delta for event in events if event.type == "response.output_text.delta") == "word " * 16
    )
    last = events[-1]
    assert last.type == "response.completed"
    assert last.response.usage
    assert last.response.usage.output_tokens == 16


def test_embeddings(client: OpenAI) -> None:
    made = client.embeddings.create(model="text-embedding-3-small", input=["one", "two words"])
    assert [item.embedding for item in made.data] == [[0.25, -0.5, 1.0]] * 2
    assert made.usage.prompt_tokens == 3


def test_pictures(client: OpenAI, tenant: Tenant) -> None:
    made = client.images.generate(
        model="gpt-image-1", prompt="a lighthouse at dawn", n=2, size="1024x1024", quality="low"
    )
    assert [picture.b64_json for picture in made.data or []] == ["QUJD"] * 2
    assert tenant.charge()["operation"] == "images"


def test_the_list_of_models(client: OpenAI) -> None:
    names = {model.id for model in client.models.list()}
    assert {"gpt-4o", "claude-sonnet-4-5", "gemini-2.5-flash"} <= names
