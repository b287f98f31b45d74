"""Reeve's charges of a tenant, held against what the provider says it billed."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from .provider import Provider, Totals, Usage
from .tenant import Tenant, eventually

#: Where a provider's name for a model is another than the price list's.
DEPLOYMENTS = {"team-nano": "gpt-4.1-nano"}


@dataclass(frozen=True)
class Books:
    tenant: Tenant
    provider: Provider
    #: What the provider had billed before.
    before: Totals

    def assert_agree(self) -> None:
        """Every call is charged once, for the usage that the provider billed, at the listed rates."""
        # Charges ride behind the answers, and so do the provider's totals.
        agree = eventually(lambda: self.charged() == self.billed())
        assert agree, f"charged {self.charged()}, billed {self.billed()}"
        for charge in self.charges():
            assert Decimal(charge["cost_usd"]) == self.tenant.worth(charge), charge

    def assert_complete(self) -> None:
        """Every call is charged once; how much was used, nobody told."""
        calls = self.provider.totals().calls - self.before.calls
        assert eventually(lambda: len(self.charges()) == calls), f"{self.charges()} for {calls} calls"

    def charges(self) -> list[dict[str, Any]]:
        """The charges that a provider bills for. Counting tokens is none."""
        return [charge for charge in self.tenant.charges() if charge["operation"] != "count_tokens"]

    def charged(self) -> Totals:
        charges, by_model = self.charges(), dict[str, Usage]()
        for charge in charges:
            for unit, quantity in charge["usage"].items():
                sums = by_model.setdefault(charge["model"], {})
                sums[unit] = sums.get(unit, 0) + quantity
        return Totals(len(charges), by_model)

    def billed(self) -> Totals:
        billed = self.provider.totals().since(self.before)
        by_model = {DEPLOYMENTS.get(model, model): usage for model, usage in billed.by_model.items()}
        return Totals(billed.calls, by_model)
