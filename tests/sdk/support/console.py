"""The management API as a program would call it."""

from __future__ import annotations

import json
from decimal import Decimal
from functools import cache
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

ADMIN = {"name": "First Admin", "email": "admin@example.com", "password": "a long enough passphrase 1"}


class Console:
    """A session of the first administrator."""

    def __init__(self, address: str) -> None:
        self._root = f"{address}/api/v1"
        self._headers = {"content-type": "application/json"}
        workspace = {"workspace_name": "Meridian Labs", "time_zone": "Europe/Berlin"}
        session = self.post("/auth/register", {**workspace, **ADMIN})
        self._headers["authorization"] = f"Bearer {session['access_token']}"
        self.rates = cache(self._rates)

    def get(self, path: str, **query: str) -> Any:
        return self._call("GET", f"{path}?{urlencode(query)}" if query else path)

    def post(self, path: str, body: Any = None) -> Any:
        return self._call("POST", path, body or {})

    def _rates(self, provider: str, model: str) -> dict[str, Decimal]:
        """What one of each unit costs, in USD, at the standard tier and in a short context."""
        prices = self.get("/prices", q=model, provider=provider)["items"]
        [price] = [price for price in prices if price["model"] == model]
        plain = [rate for rate in price["rates"] if not rate["tier"] and not rate["above_input_tokens"]]
        per = {"million tokens": 1_000_000}
        return {rate["unit"]: Decimal(rate["usd"]) / per.get(rate["per"], 1) for rate in plain}

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = Request(self._root + path, data, self._headers, method=method)
        try:
            with urlopen(request, timeout=30) as response:
                return json.loads(response.read() or "null")
        except HTTPError as error:
            raise RuntimeError(f"{method} {path}: {error.code} {error.read().decode()}") from error
