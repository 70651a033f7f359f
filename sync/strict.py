"""JSON read strictly: one line of bytes enters, one object leaves. What it means is not known here."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from sync.errors import EnvelopeError

MAX_DEPTH = 64
"""How many objects and lists may lie within one another in a line."""


def strict_object(line: bytes) -> dict[str, Any]:
    """Return the object that a line holds; EnvelopeError where it is none.

    Refused are a key that stands twice, NaN and the like, half a character, and more than MAX_DEPTH levels.
    """
    try:
        parsed = _STRICT.decode(line.decode())
    except UnicodeDecodeError as error:
        raise EnvelopeError(f"not UTF-8 at byte {error.start}") from error
    except RecursionError as error:
        raise EnvelopeError("nested too deeply") from error
    except json.JSONDecodeError as error:
        raise EnvelopeError(f"not JSON at character {error.pos}: {error.msg}") from error
    except EnvelopeError:
        raise
    except ValueError as error:  # a number of thousands of digits
        raise EnvelopeError(f"not JSON: {error}") from error
    if not isinstance(parsed, dict):
        raise EnvelopeError("not a JSON object")
    if _may_be_deep(line):
        _refuse_depth(parsed)
    if b"\\u" in line:
        _refuse_lone_surrogates(parsed)
    return parsed


def _may_be_deep(line: bytes) -> bool:
    return line.count(b"[") + line.count(b"{") > MAX_DEPTH


def _refuse_depth(parsed: dict[str, Any]) -> None:
    """Refuse what is nested deeper than any event: how deep a program can go is no matter of luck."""
    level: list[Any] = [parsed]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, (dict, list))
        ]
    if level:
        raise EnvelopeError(f"nested too deeply: more than {MAX_DEPTH} levels")


def _refuse_lone_surrogates(parsed: dict[str, Any]) -> None:
    try:
        json.dumps(parsed, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise EnvelopeError("a text holds half of a character (a lone surrogate)") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise EnvelopeError(f"the key {twice!r} stands twice in one object")
    return made


def _no_constant(word: str) -> NoReturn:
    raise EnvelopeError(f"{word} is not JSON")


_STRICT = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant)
