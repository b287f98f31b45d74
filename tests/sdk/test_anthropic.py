"""The official `anthropic` package."""

from __future__ import annotations

import asyncio
from typing import Any

import anthropic
import pytest
from anthropic import Anthropic, AsyncAnthropic

from support import weather
from support.left import assert_charged_for_what_came, read_some
from support.provider import CUT, LIMITED, OVERLOADED, SLOW, Provider
from support.tenant import Tenant

WORDS = " ".join(["word"] * 16)
ASK: dict[str, Any] = {
    "model": "claude-haiku-4-5",
    "max_tokens": 60,
    "system": "be brief",
    "messages": [{"role": "user", "content": "How many roads?"}],
}


@pytest.fixture
def client(tenant: Tenant) -> Anthropic:
    return Anthropic(api_key=tenant.key, base_url=f"{tenant.gateway}/anthropic", max_retries=0)


def test_a_whole_message(client: Anthropic, tenant: Tenant) -> None:
    raw = client.messages.with_raw_response.create(**ASK)
    message = raw.parse()
    assert (message.content[0].type, message.content[0].text) == ("text", WORDS)
    assert message.usage.output_tokens == 16
    assert raw.headers["x-reeve-cost"] == tenant.charge()["cost_usd"]
    assert message._request_id


def test_a_message_that_uses_caches_and_thinks(client: Anthropic, tenant: Tenant) -> None:
    messages = [{"role": "user", "content": "cached=2 written=3 reasoning=5"}]
    message = client.messages.create(**{**ASK, "messages": messages})
    assert (message.usage.cache_read_input_tokens, message.usage.cache_creation_input_tokens) == (2, 3)
    usage = tenant.charge()["usage"]
    assert usage == {"input": 3, "cache_read": 2, "cache_write": 3, "output": 11, "reasoning": 5}


def test_a_streamed_message(client: Anthropic) -> None:
    events = list(client.messages.create(**ASK, stream=True))
    assert (events[0].type, events[-1].type) == ("message_start", "message_stop")


def test_the_streaming_helper(client: Anthropic) -> None:
    with client.messages.stream(**ASK) as stream:
        assert "".join(stream.text_stream) == "word " * 16
        message = stream.get_final_message()
    assert (message.stop_reason, message.usage.output_tokens) == ("end_turn", 16)


def test_the_beta_resource(client: Anthropic) -> None:
    betas = ["context-1m-2025-08-07"]
    assert client.beta.messages.create(**ASK, betas=betas).usage.output_tokens == 16
    with client.beta.messages.stream(**ASK, betas=betas) as stream:
        assert stream.get_final_message().usage.output_tokens == 16


def test_a_bearer_does_as_well(tenant: Tenant) -> None:
    client = Anthropic(auth_token=tenant.key, base_url=f"{tenant.gateway}/anthropic", max_retries=0)
    assert client.messages.create(**ASK).content


def test_several_calls_at_once(tenant: Tenant) -> None:
    async def ask() -> list[int]:
        address = f"{tenant.gateway}/anthropic"
        async with AsyncAnthropic(api_key=tenant.key, base_url=address, max_retries=0) as client:
            answers = await asyncio.gather(*(client.messages.create(**ASK) for _ in range(4)))
            return [answer.usage.output_tokens for answer in answers]

    assert asyncio.run(ask()) == [16] * 4


TOOLS: Any = [{"name": "get_weather", "input_schema": weather.SCHEMA}]


def test_a_tool_is_called_and_answered(client: Anthropic) -> None:
    messages: list[Any] = [{"role": "user", "content": weather.ASK}]
    first = client.messages.create(**{**ASK, "messages": messages}, tools=TOOLS)
    [call] = first.content
    assert call.type == "tool_use"
    assert (first.stop_reason, call.name, call.input) == ("tool_use", "get_weather", weather.OSLO)

    result = {"type": "tool_result", "tool_use_id": call.id, "content": weather.get_weather(**weather.OSLO)}
    messages += [{"role": "assistant", "content": first.content}, {"role": "user", "content": [result]}]
    second = client.messages.create(**{**ASK, "messages": messages}, tools=TOOLS)
    assert [block.text for block in second.content if block.type == "text"] == [WORDS]


def test_a_streamed_message_calls_a_tool(client: Anthropic) -> None:
    messages: list[Any] = [{"role": "user", "content": weather.ASK}]
    with client.messages.stream(**{**ASK, "messages": messages}, tools=TOOLS) as stream:
        [call] = stream.get_final_message().content
    assert call.type == "tool_use"
    assert call.input == weather.OSLO


def test_counting_tokens_is_free(client: Anthropic, tenant: Tenant) -> None:
    ask = {name: value for name, value in ASK.items() if name != "max_tokens"}
    assert client.messages.count_tokens(**ask).input_tokens == 8
    charge = tenant.charge()
    assert (charge["operation"], float(charge["cost_usd"]), charge["usage"]) == ("count_tokens", 0, {})


@pytest.mark.usefixtures("untouched")
def test_a_wrong_key(tenant: Tenant) -> None:
    for key in ("rvk_wrong", f"{tenant.key[:-8]}zzzzzzzz"):
        client = Anthropic(api_key=key, base_url=f"{tenant.gateway}/anthropic", max_retries=0)
        with pytest.raises(anthropic.AuthenticationError):
            client.messages.create(**ASK)


@pytest.mark.usefixtures("untouched")
def test_an_unknown_model(client: Anthropic) -> None:
    with pytest.raises(anthropic.NotFoundError):
        client.messages.create(**{**ASK, "model": "claude-of-nobody"})


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("wrong", [{"max_tokens": -1}, {"messages": "not a list"}, {"model": 7}])
def test_a_malformed_request(client: Anthropic, wrong: dict[str, Any]) -> None:
    with pytest.raises(anthropic.BadRequestError) as refused:
        client.messages.create(**{**ASK, **wrong})
    assert next(iter(wrong)) in refused.value.message


@pytest.mark.usefixtures("untouched")
def test_an_exhausted_budget_is_not_tried_again(client: Anthropic, tenant: Tenant) -> None:
    tenant.budget("0.000001")
    with pytest.raises(anthropic.APIStatusError) as refused:
        client.with_options(max_retries=2).messages.create(**ASK)
    assert refused.value.status_code == 402
    assert refused.value.body["error"]["type"] == "billing_error"
    with pytest.raises(anthropic.APIStatusError), client.messages.stream(**ASK) as stream:
        stream.get_final_message()
    tenant.assert_refused("budget.exceeded", "budget.exceeded")


@pytest.mark.usefixtures("untouched")
def test_a_path_that_is_not_served(client: Anthropic) -> None:
    with pytest.raises(anthropic.NotFoundError) as refused:
        client.models.list()
    assert "Unknown request URL" in refused.value.message


def test_limits_of_the_providers(client: Anthropic) -> None:
    with pytest.raises(anthropic.RateLimitError) as limited:
        client.messages.create(**{**ASK, "model": LIMITED})
    assert limited.value.response.headers["retry-after"] == "70"
    with pytest.raises(anthropic.APIStatusError) as overloaded:
        client.messages.create(**{**ASK, "model": OVERLOADED})
    assert overloaded.value.status_code == 529


@pytest.mark.estimated
def test_a_stream_that_the_provider_cuts(client: Anthropic, tenant: Tenant) -> None:
    with pytest.raises(anthropic.APIStatusError) as broken:
        list(client.messages.create(**{**ASK, "model": CUT}, stream=True))
    assert broken.value.body["error"]["type"] == "api_error"
    charge = tenant.charge()
    assert (charge["outcome"], charge["unpriced_reason"]) == ("failure", "estimated")
    # What went in was said at the start; three words had come.
    assert charge["usage"]["input"] == 8
    assert 3 <= charge["usage"]["output"] < 16


@pytest.mark.estimated
def test_a_stream_that_the_client_leaves(client: Anthropic, tenant: Tenant, provider: Provider) -> None:
    before = provider.totals()
    ask: dict[str, Any] = {
        "model": SLOW,
        "max_tokens": 500,
        "messages": [{"role": "user", "content": "tokens=400"}],
    }
    stream = client.messages.create(**ask, stream=True)
    read_some(stream)
    stream.close()
    assert_charged_for_what_came(tenant, provider, before)
