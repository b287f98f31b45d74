"""A tenant with an API key, and what Reeve's books say of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from .console import Console
from .provider import Usage

NANO = Decimal("0.000000001")


@dataclass(frozen=True)
class Tenant:
    console: Console
    id: str
    key: str
    #: The gateway's address, without a path.
    gateway: str

    def charges(self) -> list[dict[str, Any]]:
        return self.console.get("/usage/records", tenant_id=self.id)["items"]

    def charge(self) -> dict[str, Any]:
        """The only charge there is, which rides behind the answer."""
        assert eventually(lambda: len(self.charges()) == 1), self.charges()
        return self.charges()[0]

    def budget(self, limit_usd: str) -> str:
        limits = {"period": "day", "limit_usd": limit_usd, "kind": "hard"}
        return self.console.post("/budgets", {"scope": "tenant", "tenant_id": self.id, **limits})["id"]

    def assert_refused(self, *expected: str) -> None:
        """The audit trail holds these refusals, and no more."""

        def refused() -> list[str]:
            entries = self.console.get("/audit/logs", tenant_id=self.id, not_ok="true")["items"]
            return sorted(entry["event_type"] for entry in entries)

        assert eventually(lambda: len(refused()) >= len(expected)), refused()
        assert refused() == sorted(expected)

    def worth(self, charge: dict[str, Any]) -> Decimal:
        """What the listed rates make of a charge's usage."""
        rates = self.console.rates(charge["provider"], charge["model"])
        usage: Usage = charge["usage"]
        # What is thought costs what is said, unless it has a rate of its own.
        rates = {**rates, "reasoning": rates.get("reasoning", rates.get("output", Decimal(0)))}
        cost = sum((rates[unit] * quantity for unit, quantity in usage.items()), Decimal(0))
        return cost.quantize(NANO, ROUND_HALF_UP)


def eventually(holds: Callable[[], bool], seconds: float = 10) -> bool:
    """Whether `holds` comes true in time."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True
