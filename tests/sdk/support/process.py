"""The programs of the workspace: each prints one line of JSON when it is ready, and ends at SIGTERM."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

TARGET = Path(__file__).parents[3] / "target" / "debug"


@contextmanager
def running(
    name: str, arguments: Sequence[str] = (), env: Mapping[str, str] | None = None
) -> Iterator[dict[str, str]]:
    """Runs a program, and gives what it says when it is ready."""
    path = Path(os.environ.get("REEVE_BIN_DIR", TARGET)) / name
    with tempfile.TemporaryFile("w+") as log:
        child = subprocess.Popen(
            [path, *arguments],
            env={**os.environ, **(env or {})},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        assert child.stdout
        try:
            line = child.stdout.readline()
            if not line:
                log.seek(0)
                raise RuntimeError(
                    f"{name} ended with {child.wait()} before it was ready:\n{log.read()[-8000:]}"
                )
            yield json.loads(line)
        finally:
            child.terminate()
            child.wait(timeout=30)
            child.stdout.close()
