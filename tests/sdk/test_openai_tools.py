"""Tools of the official `openai` package."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai import OpenAI

from support import weather
from support.tenant import Tenant

MODEL = "gpt-4.1-mini"
FUNCTION: Any = {"name": "get_weather", "parameters": weather.SCHEMA, "strict": True}
TOOLS: Any = [{"type": "function", "function": FUNCTION}]
WORDS = " ".join(["word"] * 16)


@pytest.fixture
def client(tenant: Tenant) -> OpenAI:
    return OpenAI(api_key=tenant.key, base_url=f"{tenant.gateway}/v1", max_retries=0)


def test_a_chat_calls_a_tool_and_is_answered(client: OpenAI) -> None:
    messages: list[Any] = [{"role": "user", "content": weather.ASK}]
    first = client.chat.completions.create(model=MODEL, messages=messages, tools=TOOLS).choices[0]
    assert first.finish_reason == "tool_calls"
    [call] = first.message.tool_calls or []
    assert call.type == "function"
    assert (call.function.name, json.loads(call.function.arguments)) == ("get_weather", weather.OSLO)

    result = {"role": "tool", "tool_call_id": call.id, "content": weather.get_weather(**weather.OSLO)}
    messages += [first.message, result]
    second = client.chat.completions.create(model=MODEL, messages=messages, tools=TOOLS).choices[0]
    assert second.message.content == WORDS


def test_a_streamed_chat_calls_a_tool(client: OpenAI) -> None:
    messages: list[Any] = [{"role": "user", "content": weather.ASK}]
    with client.chat.completions.stream(model=MODEL, messages=messages, tools=TOOLS) as stream:
        choice = stream.get_final_completion().choices[0]
    [call] = choice.message.tool_calls or []
    assert (choice.finish_reason, call.function.parsed_arguments) == ("tool_calls", weather.OSLO)


def test_a_response_calls_a_tool_and_is_answered(client: OpenAI) -> None:
    tools: Any = [{"type": "function", **FUNCTION}]
    items: list[Any] = [{"role": "user", "content": weather.ASK}]
    [call] = client.responses.create(model=MODEL, input=items, tools=tools).output
    assert call.type == "function_call"
    assert (call.name, json.loads(call.arguments)) == ("get_weather", weather.OSLO)

    result = weather.get_weather(**weather.OSLO)
    items += [call, {"type": "function_call_output", "call_id": call.call_id, "output": result}]
    assert client.responses.create(model=MODEL, input=items, tools=tools).output_text == WORDS


def test_a_streamed_response_calls_a_tool(client: OpenAI) -> None:
    tools: Any = [{"type": "function", **FUNCTION}]
    with client.responses.stream(model=MODEL, input=weather.ASK, tools=tools) as stream:
        [call] = stream.get_final_response().output
    assert call.type == "function_call"
    assert call.parsed_arguments == weather.OSLO
