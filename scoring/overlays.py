"""Whether a policy overlay that the office adopts can be laid over the shipped policy. Text enters, nothing leaves."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rules.errors import PolicyError
from rules.policy import load_policy


def check_overlay(type_: str, said: Mapping[str, Any]) -> None:
    """Return if an act adopts an overlay that can be read, or none; PolicyError, a ValueError, otherwise."""
    if type_ != "policy.adopted":
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "overlay.toml"
        path.write_text(said["overlay"], encoding="utf-8")
        try:
            load_policy(path)
        except PolicyError as error:
            raise PolicyError(str(error).replace(str(path), "overlay")) from error
