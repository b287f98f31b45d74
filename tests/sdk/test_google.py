"""The official `google-genai` package."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from google import genai
from google.genai import errors, types

from support import weather
from support.left import assert_charged_for_what_came, read_some
from support.provider import CUT, LIMITED, SLOW, Provider
from support.tenant import Tenant, eventually

MODEL = "gemini-2.5-flash"
WORDS = " ".join(["word"] * 16)
ASK: dict[str, Any] = {"model": MODEL, "contents": "How many roads?", "config": {"max_output_tokens": 60}}


def client_with(key: str, tenant: Tenant) -> genai.Client:
    return genai.Client(api_key=key, http_options=types.HttpOptions(base_url=f"{tenant.gateway}/google"))


@pytest.fixture
def client(tenant: Tenant) -> genai.Client:
    return client_with(tenant.key, tenant)


def test_a_whole_answer(client: genai.Client, tenant: Tenant) -> None:
    answer = client.models.generate_content(**ASK)
    assert answer.text == WORDS
    assert answer.usage_metadata
    assert answer.usage_metadata.candidates_token_count == 16
    headers = answer.sdk_http_response.headers if answer.sdk_http_response else None
    assert headers
    assert headers["x-reeve-cost"] == tenant.charge()["cost_usd"]


def test_an_answer_without_a_cap_that_thinks_and_reads_from_a_cache(
    client: genai.Client, tenant: Tenant
) -> None:
    answer = client.models.generate_content(model=MODEL, contents="cached=2 reasoning=5")
    assert answer.usage_metadata
    assert answer.usage_metadata.thoughts_token_count == 5
    assert tenant.charge()["usage"] == {"input": 3, "cache_read": 2, "output": 11, "reasoning": 5}


def test_a_streamed_answer(client: genai.Client) -> None:
    chunks = list(client.models.generate_content_stream(**ASK))
    assert "".join(chunk.text or "" for chunk in chunks) == "word " * 16
    assert chunks[-1].usage_metadata
    assert chunks[-1].usage_metadata.candidates_token_count == 16


def test_a_chat_of_two_turns(client: genai.Client, tenant: Tenant) -> None:
    chat = client.chats.create(model=MODEL)
    assert chat.send_message("How many roads?").text == WORDS
    assert chat.send_message("And how many seas?").text == WORDS
    assert eventually(lambda: len(tenant.charges()) == 2)


def test_several_calls_at_once(client: genai.Client) -> None:
    async def ask() -> list[str | None]:
        answers = await asyncio.gather(*(client.aio.models.generate_content(**ASK) for _ in range(4)))
        await client.aio.aclose()
        return [answer.text for answer in answers]

    assert asyncio.run(ask()) == [WORDS] * 4


def test_a_function_is_called_by_itself(client: genai.Client, tenant: Tenant) -> None:
    config = types.GenerateContentConfig(tools=[weather.get_weather], max_output_tokens=60)
    answer = client.models.generate_content(model=MODEL, contents=weather.ASK, config=config)
    assert answer.text == WORDS
    [_, call, result] = answer.automatic_function_calling_history or []
    assert call.parts
    assert call.parts[0].function_call
    assert call.parts[0].function_call.args == weather.OSLO
    assert result.parts
    assert result.parts[0].function_response
    assert eventually(lambda: len(tenant.charges()) == 2)


def test_a_streamed_answer_calls_a_function(client: genai.Client) -> None:
    declaration = {"name": "get_weather", "parameters_json_schema": weather.SCHEMA}
    config: Any = {"tools": [{"function_declarations": [declaration]}], "max_output_tokens": 60}
    chunks = client.models.generate_content_stream(model=MODEL, contents=weather.ASK, config=config)
    [call] = [call for chunk in chunks for call in chunk.function_calls or []]
    assert (call.name, call.args) == ("get_weather", weather.OSLO)


def test_embeddings(client: genai.Client) -> None:
    made = client.models.embed_content(model="gemini-embedding-001", contents=["one", "two words"])
    assert [item.values for item in made.embeddings or []] == [[0.25, -0.5, 1.0]] * 2


def test_counting_tokens_is_free(client: genai.Client, tenant: Tenant) -> None:
    assert client.models.count_tokens(model=MODEL, contents="How many roads?").total_tokens == 6
    charge = tenant.charge()
    assert (charge["operation"], float(charge["cost_usd"]), charge["usage"]) == ("count_tokens", 0, {})


@pytest.mark.usefixtures("untouched")
def test_a_wrong_key(tenant: Tenant) -> None:
    for key in ("rvk_wrong", f"{tenant.key[:-8]}zzzzzzzz"):
        client = client_with(key, tenant)
        with pytest.raises(errors.ClientError) as refused:
            client.models.generate_content(**ASK)
        assert (refused.value.code, refused.value.status) == (401, "UNAUTHENTICATED")


@pytest.mark.usefixtures("untouched")
def test_an_unknown_model(client: genai.Client) -> None:
    with pytest.raises(errors.ClientError) as refused:
        client.models.generate_content(**{**ASK, "model": "gemini-of-nobody"})
    assert (refused.value.code, refused.value.status) == (404, "NOT_FOUND")


@pytest.mark.usefixtures("untouched")
def test_a_malformed_request(client: genai.Client) -> None:
    with pytest.raises(errors.ClientError) as refused:
        client.models.generate_content(**{**ASK, "config": {"max_output_tokens": -1}})
    assert (refused.value.code, refused.value.status) == (400, "INVALID_ARGUMENT")
    assert "maxOutputTokens" in (refused.value.message or "")


@pytest.mark.usefixtures("untouched")
def test_an_exhausted_budget_is_not_tried_again(client: genai.Client, tenant: Tenant) -> None:
    tenant.budget("0.000001")
    with pytest.raises(errors.ClientError) as refused:
        client.models.generate_content(**ASK)
    assert (refused.value.code, refused.value.status) == (402, "FAILED_PRECONDITION")
    with pytest.raises(errors.ClientError):
        list(client.models.generate_content_stream(**ASK))
    tenant.assert_refused("budget.exceeded", "budget.exceeded")


def test_a_limit_of_the_providers(client: genai.Client) -> None:
    with pytest.raises(errors.ClientError) as limited:
        client.models.generate_content(**{**ASK, "model": LIMITED})
    assert (limited.value.code, limited.value.status) == (429, "RESOURCE_EXHAUSTED")


@pytest.mark.estimated
def test_a_stream_that_the_provider_cuts(client: genai.Client, tenant: Tenant) -> None:
    with pytest.raises(errors.APIError):
        list(client.models.generate_content_stream(**{**ASK, "model": CUT}))
    charge = tenant.charge()
    assert (charge["outcome"], charge["unpriced_reason"]) == ("failure", "estimated")
    assert charge["usage"]["input"] == 6
    assert 6 <= charge["usage"]["output"] < 16


@pytest.mark.estimated
def test_a_stream_that_the_client_leaves(client: genai.Client, tenant: Tenant, provider: Provider) -> None:
    before = provider.totals()
    config = types.GenerateContentConfig(max_output_tokens=500)
    stream = client.models.generate_content_stream(model=SLOW, contents="tokens=400", config=config)
    read_some(stream)
    stream.close()
    client.close()
    assert_charged_for_what_came(tenant, provider, before)
