"""AWS's official `boto3`, with a bearer in place of AWS's signature."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError, EventStreamError, InvalidEndpointConfigurationError

from support import tls, weather
from support.left import assert_charged_for_what_came, read_some
from support.provider import CUT, LIMITED, SLOW, Provider
from support.tenant import Tenant

WORDS = " ".join(["word"] * 16)
ASK: dict[str, Any] = {
    "modelId": "us.anthropic.claude-haiku-4-5-20251001-v1:0",
    "system": [{"text": "be brief"}],
    "messages": [{"role": "user", "content": [{"text": "How many roads?"}]}],
    "inferenceConfig": {"maxTokens": 60},
}


def client_of(tenant: Tenant, config: Config, **keys: str) -> Any:
    address = f"{tenant.gateway}/bedrock"
    return boto3.client(
        "bedrock-runtime", region_name="us-east-1", endpoint_url=address, config=config, **keys
    )


def client_with(key: str, tenant: Tenant, **config: Any) -> Any:
    """As the guide says it for plain HTTP."""
    client = client_of(tenant, Config(signature_version=UNSIGNED, **config))
    client.meta.events.register(
        "before-send.bedrock-runtime",
        lambda request, **_: request.headers.__setitem__("Authorization", f"Bearer {key}"),
    )
    return client


@pytest.fixture
def client(tenant: Tenant) -> Any:
    return client_with(tenant.key, tenant)


def test_a_whole_answer(client: Any, tenant: Tenant) -> None:
    answer = client.converse(**ASK)
    assert answer["output"]["message"]["content"] == [{"text": WORDS}]
    assert answer["usage"] == {
        "inputTokens": 8,
        "outputTokens": 16,
        "totalTokens": 24,
        "cacheReadInputTokens": 0,
        "cacheWriteInputTokens": 0,
    }
    told = answer["ResponseMetadata"]
    assert told["RequestId"]
    assert told["HTTPHeaders"]["x-reeve-cost"] == tenant.charge()["cost_usd"]


def test_an_answer_without_a_cap_that_uses_caches(client: Any, tenant: Tenant) -> None:
    messages = [{"role": "user", "content": [{"text": "cached=2 written=3"}]}]
    client.converse(modelId=ASK["modelId"], messages=messages)
    assert tenant.charge()["usage"] == {"cache_read": 2, "cache_write": 3, "output": 16}


def test_a_streamed_answer(client: Any) -> None:
    events = list(client.converse_stream(**ASK)["stream"])
    texts = [event["contentBlockDelta"]["delta"]["text"] for event in events if "contentBlockDelta" in event]
    assert "".join(texts) == "word " * 16
    assert events[-1]["metadata"]["usage"]["outputTokens"] == 16


TOOLS = {"tools": [{"toolSpec": {"name": "get_weather", "inputSchema": {"json": weather.SCHEMA}}}]}


def test_a_tool_is_called_and_answered(client: Any) -> None:
    messages: list[Any] = [{"role": "user", "content": [{"text": weather.ASK}]}]
    first = client.converse(**{**ASK, "messages": messages}, toolConfig=TOOLS)
    [block] = first["output"]["message"]["content"]
    call = block["toolUse"]
    assert (first["stopReason"], call["name"], call["input"]) == ("tool_use", "get_weather", weather.OSLO)

    said = [{"text": weather.get_weather(**call["input"])}]
    result = {"toolResult": {"toolUseId": call["toolUseId"], "content": said}}
    messages += [first["output"]["message"], {"role": "user", "content": [result]}]
    second = client.converse(**{**ASK, "messages": messages}, toolConfig=TOOLS)
    assert second["output"]["message"]["content"] == [{"text": WORDS}]


def test_a_streamed_answer_calls_a_tool(client: Any) -> None:
    ask = {**ASK, "messages": [{"role": "user", "content": [{"text": weather.ASK}]}]}
    events = list(client.converse_stream(**ask, toolConfig=TOOLS)["stream"])
    [start] = [event["contentBlockStart"]["start"] for event in events if "contentBlockStart" in event]
    deltas = [event["contentBlockDelta"]["delta"] for event in events if "contentBlockDelta" in event]
    assert start["toolUse"]["name"] == "get_weather"
    assert json.loads("".join(delta["toolUse"]["input"] for delta in deltas)) == weather.OSLO


def test_the_bearer_of_the_environment_goes_over_tls(
    tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", tenant.key)
    with tls.in_front_of(tenant.gateway, tmp_path) as (address, certificate):
        ours = {"endpoint_url": f"{address}/bedrock", "verify": str(certificate)}
        client = boto3.client("bedrock-runtime", region_name="us-east-1", **ours)
        assert client.converse(**ASK)["usage"]["outputTokens"] == 16
        assert len(list(client.converse_stream(**ASK)["stream"])) == 1 + 16 + 3
        client.close()


@pytest.mark.usefixtures("untouched")
def test_boto3_sends_no_bearer_over_plain_http(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hence what the guide says; once this is another, so is the guide."""
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", tenant.key)
    with pytest.raises(InvalidEndpointConfigurationError):
        client_of(tenant, Config()).converse(**ASK)


def refusal(call: Any, **ask: Any) -> tuple[str, int, str]:
    with pytest.raises(ClientError) as refused:
        call(**ask)
    told = refused.value.response
    return told["Error"]["Code"], told["ResponseMetadata"]["HTTPStatusCode"], told["Error"]["Message"]


@pytest.mark.usefixtures("untouched")
def test_a_wrong_key(tenant: Tenant) -> None:
    for key in ("rvk_wrong", f"{tenant.key[:-8]}zzzzzzzz"):
        code, status, _ = refusal(client_with(key, tenant).converse, **ASK)
        assert (code, status) == ("AccessDeniedException", 403)


@pytest.mark.usefixtures("untouched")
def test_a_client_that_signs_is_told_what_to_do_instead(tenant: Tenant) -> None:
    keys = {"aws_access_key_id": "AKIASCRIPTED", "aws_secret_access_key": tenant.key}
    signing = client_of(tenant, Config(signature_version="v4"), **keys)
    code, status, message = refusal(signing.converse, **ASK)
    assert (code, status) == ("AccessDeniedException", 403)
    assert "AWS_BEARER_TOKEN_BEDROCK" in message


@pytest.mark.usefixtures("untouched")
def test_an_unknown_model(client: Any) -> None:
    code, status, _ = refusal(client.converse, **{**ASK, "modelId": "nobody.nothing-v1:0"})
    assert (code, status) == ("ResourceNotFoundException", 404)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    "wrong",
    [
        {"inferenceConfig": {"maxTokens": -1}},
        {"inferenceConfig": {"maxTokens": "many"}},
        # Well-formed, but no list says what it costs.
        {"performanceConfig": {"latency": "optimized"}},
    ],
)
def test_a_malformed_request(tenant: Tenant, wrong: dict[str, Any]) -> None:
    # Most of what is wrong boto3 finds by itself, unless it is told not to look.
    lenient = client_with(tenant.key, tenant, parameter_validation=False)
    code, status, message = refusal(lenient.converse, **{**ASK, **wrong})
    assert (code, status) == ("ValidationException", 400)
    assert "maxTokens" in message or "performanceConfig" in message


@pytest.mark.usefixtures("untouched")
def test_an_exhausted_budget_is_not_tried_again(client: Any, tenant: Tenant) -> None:
    tenant.budget("0.000001")
    for call in (client.converse, client.converse_stream):
        code, status, _ = refusal(call, **ASK)
        assert (code, status) == ("ServiceQuotaExceededException", 402)
    tenant.assert_refused("budget.exceeded", "budget.exceeded")


@pytest.mark.usefixtures("untouched")
def test_a_call_that_is_not_served(client: Any) -> None:
    code, status, message = refusal(client.invoke_model, modelId=ASK["modelId"], body=b"{}")
    assert (code, status) == ("ResourceNotFoundException", 404)
    assert "Unknown request URL" in message


def test_a_limit_of_the_providers(tenant: Tenant) -> None:
    # boto3 would try again by itself, four times.
    once = client_with(tenant.key, tenant, retries={"total_max_attempts": 1})
    code, status, _ = refusal(once.converse, **{**ASK, "modelId": LIMITED})
    assert (code, status) == ("ThrottlingException", 429)


@pytest.mark.estimated
def test_a_stream_that_the_provider_cuts(client: Any, tenant: Tenant) -> None:
    with pytest.raises(EventStreamError) as broken:
        list(client.converse_stream(**{**ASK, "modelId": CUT})["stream"])
    assert broken.value.response["Error"]["Code"] == "modelStreamErrorException"
    charge = tenant.charge()
    assert (charge["outcome"], charge["unpriced_reason"]) == ("failure", "estimated")
    assert charge["usage"]["input"] >= 8
    assert 5 <= charge["usage"]["output"] < 16


@pytest.mark.estimated
def test_a_stream_that_the_client_leaves(client: Any, tenant: Tenant, provider: Provider) -> None:
    before = provider.totals()
    messages = [{"role": "user", "content": [{"text": "tokens=400"}]}]
    answer = client.converse_stream(modelId=SLOW, messages=messages, inferenceConfig={"maxTokens": 500})
    read_some(answer["stream"])
    answer["stream"].close()
    assert_charged_for_what_came(tenant, provider, before)
