"""The scripted provider: answers in every shape, counts tokens by words, and says what it billed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.request import urlopen

Usage = dict[str, int]

#: Answers with 20 ms before every event, so that a client can leave midway.
SLOW = "fault-slow-20"
#: Breaks off after six events.
CUT = "fault-cut-6"
#: Says that there were too many calls, and to wait longer than Reeve will.
LIMITED = "fault-429-70"
OVERLOADED = "fault-status-529"
#: Models that no list prices.
FAULTS = (SLOW, CUT, LIMITED, OVERLOADED)


@dataclass(frozen=True)
class Totals:
    """Sums over all calls since the start."""

    calls: int
    by_model: dict[str, Usage]

    def since(self, before: Totals) -> Totals:
        models = {
            model: {unit: n - before.by_model.get(model, {}).get(unit, 0) for unit, n in usage.items()}
            for model, usage in self.by_model.items()
        }
        positive = {model: {unit: n for unit, n in usage.items() if n} for model, usage in models.items()}
        return Totals(self.calls - before.calls, {model: usage for model, usage in positive.items() if usage})


@dataclass(frozen=True)
class Provider:
    root: str
    key: str

    def totals(self) -> Totals:
        with urlopen(f"{self.root}/totals", timeout=10) as response:
            told: dict[str, Any] = json.load(response)
        return Totals(told["calls"], told["by_model"])
