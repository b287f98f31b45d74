"""What goes wrong raises the `openai` package's own exceptions."""

from __future__ import annotations

from typing import Any

import openai
import pytest
from openai import OpenAI

from support.left import assert_charged_for_what_came, read_some
from support.provider import CUT, LIMITED, OVERLOADED, SLOW, Provider
from support.tenant import Tenant

ASK: dict[str, Any] = {"model": "gpt-4o", "messages": [{"role": "user", "content": "How many roads?"}]}


@pytest.fixture
def client(tenant: Tenant) -> OpenAI:
    return OpenAI(api_key=tenant.key, base_url=f"{tenant.gateway}/v1", max_retries=0)


@pytest.mark.usefixtures("untouched")
def test_a_wrong_key(client: OpenAI, tenant: Tenant) -> None:
    for key in ("rvk_wrong", f"{tenant.key[:-8]}zzzzzzzz"):
        with pytest.raises(openai.AuthenticationError) as refused:
            client.with_options(api_key=key).chat.completions.create(**ASK)
        assert refused.value.code == "invalid_api_key"


@pytest.mark.usefixtures("untouched")
def test_an_unknown_model(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as refused:
        client.chat.completions.create(**{**ASK, "model": "no-such-model"})
    assert (refused.value.code, refused.value.param) == ("model_not_found", "model")


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    "wrong", [{"messages": "not a list"}, {"max_tokens": -1}, {"model": 7}, {"n": "many"}]
)
def test_a_malformed_request(client: OpenAI, wrong: dict[str, Any]) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(**{**ASK, **wrong})
    assert refused.value.param == next(iter(wrong))


@pytest.mark.usefixtures("untouched")
def test_an_exhausted_budget_is_not_tried_again(client: OpenAI, tenant: Tenant) -> None:
    tenant.budget("0.000001")
    # The package tries some refusals again by itself; this is none of them.
    for stream in (False, True):
        with pytest.raises(openai.APIStatusError) as refused:
            client.with_options(max_retries=2).chat.completions.create(**ASK, stream=stream)
        assert (refused.value.status_code, refused.value.code) == (402, "budget_exceeded")
    tenant.assert_refused("budget.exceeded", "budget.exceeded")


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("tier", ["free"], indirect=True)
def test_an_exceeded_quota_is_not_tried_again(client: OpenAI, tenant: Tenant) -> None:
    with pytest.raises(openai.RateLimitError) as refused:
        client.with_options(max_retries=2).chat.completions.create(**ASK, max_tokens=5_000)
    assert refused.value.code == "quota_exceeded"
    tenant.assert_refused("quota.exceeded")


@pytest.mark.usefixtures("untouched")
def test_a_suspended_tenant(client: OpenAI, tenant: Tenant) -> None:
    tenant.console.post(f"/tenants/{tenant.id}/suspend", {"reason": "test"})
    with pytest.raises(openai.PermissionDeniedError):
        client.chat.completions.create(**ASK)


@pytest.mark.usefixtures("untouched")
def test_a_path_that_is_not_served(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as refused:
        client.fine_tuning.jobs.create(model="gpt-4o-mini", training_file="file-1")
    assert refused.value.code == "unknown_url"


def test_limits_of_the_providers(client: OpenAI) -> None:
    with pytest.raises(openai.RateLimitError) as limited:
        client.chat.completions.create(**{**ASK, "model": LIMITED})
    assert limited.value.response.headers["retry-after"] == "70"
    with pytest.raises(openai.InternalServerError) as overloaded:
        client.chat.completions.create(**{**ASK, "model": OVERLOADED})
    assert overloaded.value.status_code == 529


@pytest.mark.estimated
def test_a_stream_that_the_provider_cuts(client: OpenAI, tenant: Tenant) -> None:
    with pytest.raises(openai.APIError) as broken:
        list(client.chat.completions.create(**{**ASK, "model": CUT}, stream=True))
    assert broken.value.code == "provider_stream_cut"
    charge = tenant.charge()
    assert (charge["outcome"], charge["unpriced_reason"]) == ("failure", "estimated")
    assert 5 <= charge["usage"]["output"] < 16


@pytest.mark.estimated
@pytest.mark.parametrize("shape", ["chat", "completions", "responses"])
def test_a_stream_that_the_client_leaves(
    client: OpenAI, tenant: Tenant, provider: Provider, shape: str
) -> None:
    long = "How many roads? tokens=400"
    before = provider.totals()
    if shape == "chat":
        ask: dict[str, Any] = {
            "model": SLOW,
            "messages": [{"role": "user", "content": long}],
            "max_tokens": 500,
        }
        stream = client.chat.completions.create(**ask, stream=True)
    elif shape == "completions":
        stream = client.completions.create(model=SLOW, prompt=long, max_tokens=500, stream=True)
    else:
        stream = client.responses.create(model=SLOW, input=long, max_output_tokens=500, stream=True)
    read_some(stream)
    stream.close()
    assert_charged_for_what_came(tenant, provider, before)
