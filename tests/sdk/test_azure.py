"""Azure's client of the official `openai` package: its addresses, its key header, deployments for models."""

from __future__ import annotations

from typing import Any

import openai
import pytest
from openai import AzureOpenAI, OpenAI

from support.tenant import Tenant

DEPLOYMENT = "team-nano"
MESSAGES: Any = [{"role": "user", "content": "How many roads?"}]


def client_with(key: str, tenant: Tenant) -> AzureOpenAI:
    address = f"{tenant.gateway}/azure"
    return AzureOpenAI(api_key=key, azure_endpoint=address, api_version="2024-12-01-preview", max_retries=0)


@pytest.fixture
def client(tenant: Tenant) -> AzureOpenAI:
    return client_with(tenant.key, tenant)


def test_a_deployment_is_charged_as_its_model(client: AzureOpenAI, tenant: Tenant) -> None:
    answer = client.chat.completions.create(model=DEPLOYMENT, messages=MESSAGES)
    assert answer.choices[0].message.content == " ".join(["word"] * 16)
    charge = tenant.charge()
    assert (charge["provider"], charge["model"]) == ("azure-openai", "gpt-4.1-nano")


def test_a_streamed_chat(client: AzureOpenAI) -> None:
    chunks = list(client.chat.completions.create(model=DEPLOYMENT, messages=MESSAGES, stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "word " * 16


def test_the_addresses_without_a_version(tenant: Tenant) -> None:
    client = OpenAI(api_key=tenant.key, base_url=f"{tenant.gateway}/azure/openai/v1", max_retries=0)
    assert client.chat.completions.create(model=DEPLOYMENT, messages=MESSAGES).choices
    assert client.responses.create(model=DEPLOYMENT, input="How many roads?").output_text


@pytest.mark.usefixtures("untouched")
def test_refusals(client: AzureOpenAI, tenant: Tenant) -> None:
    with pytest.raises(openai.AuthenticationError):
        client_with("rvk_wrong", tenant).chat.completions.create(model=DEPLOYMENT, messages=MESSAGES)
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="another-team's", messages=MESSAGES)
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(model=DEPLOYMENT, messages="not a list")
    tenant.budget("0.000001")
    with pytest.raises(openai.APIStatusError) as refused:
        client.chat.completions.create(model=DEPLOYMENT, messages=MESSAGES)
    assert (refused.value.status_code, refused.value.code) == (402, "budget_exceeded")
