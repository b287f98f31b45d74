"""A tool that a model may call; the scripted provider calls the one that a message names, for Oslo."""

from __future__ import annotations

from typing import Any

ASK = "How is the weather? tool=get_weather"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
OSLO = {"city": "Oslo"}


def get_weather(city: str) -> str:
    """Says how the weather is in a city.

    Args:
        city: Its name.
    """
    return f"It is sunny in {city}."
