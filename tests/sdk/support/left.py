"""Streams that the client leaves before their end."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .provider import Provider, Totals
from .tenant import Tenant, eventually


def read_some(stream: Iterable[Any], events: int = 8) -> None:
    """Reads a stream's first events."""
    for _ in zip(range(events), stream, strict=False):
        pass


def assert_charged_for_what_came(tenant: Tenant, provider: Provider, before: Totals) -> None:
    """The provider was stopped, and the charge is for about what it had sent; nobody told the exact count."""
    charge = tenant.charge()
    assert (charge["outcome"], charge["unpriced_reason"]) == ("cancelled", "estimated")
    # The provider is left, too.
    assert eventually(lambda: len(provider.totals().since(before).by_model) == 1)
    [billed] = provider.totals().since(before).by_model.values()
    assert billed["output"] < 200, "the provider was not stopped"
    # A model nobody knows is taken for one that makes many tokens of a word.
    assert 3 <= billed["output"] - 1 <= charge["usage"]["output"] <= 3 * billed["output"]
    assert charge["usage"]["input"] >= billed["input"]
    assert float(charge["cost_usd"]) > 0
