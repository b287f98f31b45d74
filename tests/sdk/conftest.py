"""One server and one scripted provider for all tests; every test has a tenant of its own.

After each test the tenant's charges have to be what the provider says it billed meanwhile, and cost what the
price list says.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.books import DEPLOYMENTS, Books
from support.console import Console
from support.process import running
from support.provider import FAULTS, Provider
from support.tenant import Tenant

#: What the packages take from the environment.
THEIRS = ("OPENAI_", "AZURE_", "ANTHROPIC_", "GOOGLE_", "GEMINI_", "AWS_", "BOTO_")


@pytest.fixture(scope="session", autouse=True)
def _environment() -> Iterator[None]:
    """No key, address or proxy of the person at the machine plays a part."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(THEIRS)]:
            patch.delenv(name)
        for name in ("NO_PROXY", "no_proxy"):
            patch.setenv(name, "127.0.0.1,localhost")
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            patch.setenv(name, os.devnull)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield


@pytest.fixture(scope="session")
def provider() -> Iterator[Provider]:
    with running("scripted-provider") as ready:
        yield Provider(ready["base_url"].removesuffix("/v1"), ready["key"])


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    data: Path = tmp_path_factory.mktemp("data")
    arguments = ["serve", "--data", str(data), "--listen", "127.0.0.1:0", "--gateway", "127.0.0.1:0"]
    secret = base64.b64encode(os.urandom(32)).decode()
    with running("reeve-server", arguments, {"KEY_ENCRYPTION_SECRET": secret}) as ready:
        yield ready


@pytest.fixture(scope="session")
def console(server: dict[str, str], provider: Provider) -> Console:
    """The workspace, with a provider key for every shape."""
    console = Console(server["console"])
    addresses = {
        "openai": "/v1",
        "anthropic": "/v1",
        "google": "/v1beta",
        "aws-bedrock": "",
        "azure-openai": "",
    }
    deployments = [f"{own}={model}" for own, model in DEPLOYMENTS.items()]
    rates = [{"unit": "input", "usd": "1.00"}, {"unit": "output", "usd": "4.00"}]
    for name, path in addresses.items():
        models = deployments if name == "azure-openai" else None
        key = {"name": name, "provider": name, "base_url": provider.root + path, "models": models}
        console.post("/credentials", {**key, "api_key": provider.key})
        for model in FAULTS:
            console.post("/prices/own", {"provider": name, "model": model, "rates": rates})
    return console


@pytest.fixture
def tier(request: pytest.FixtureRequest) -> str:
    """The tier of the test's tenant; `@pytest.mark.parametrize("tier", ["free"])` for another."""
    return getattr(request, "param", "professional")


@pytest.fixture
def tenant(console: Console, server: dict[str, str], tier: str, request: pytest.FixtureRequest) -> Tenant:
    name = f"{request.module.__name__} {request.node.name}".replace("test_", "").replace("_", " ")
    made = console.post("/tenants", {"name": name, "tier": tier})
    key = console.post(f"/tenants/{made['id']}/api-keys", {"name": "first-key"})
    return Tenant(console, made["id"], key["secret"], server["gateway"].removesuffix("/v1"))


@pytest.fixture
def untouched(provider: Provider) -> Iterator[None]:
    """Nothing of the test may reach the provider."""
    before = provider.totals()
    yield
    assert provider.totals() == before


@pytest.fixture(autouse=True)
def books(tenant: Tenant, provider: Provider, request: pytest.FixtureRequest) -> Iterator[Books]:
    books = Books(tenant, provider, provider.totals())
    yield books
    if request.node.get_closest_marker("estimated"):
        books.assert_complete()
    else:
        books.assert_agree()
