"""One policy file as checked records. A path enters, the record of its form leaves; what it means is not asked.

Whatever a file may hold, the refusal is a PolicyError that names the file and the key.
"""

from __future__ import annotations

import re
import tomllib
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from rules.errors import PolicyError

F = TypeVar("F", bound=msgspec.Struct)

_OUT_OF_BOUNDS = Decimal("NaN")
_LONG_NUMBER = re.compile(r"[0-9][0-9_]{4000}")  # Python reads 4300 digits at most
_DEEP = re.compile(r"(?:[\[{][^\[\]{}]*){50}|(?:[\w-]{1,60}[ \t]*\.[ \t]*){50}")
_KEY = re.compile(r"[ \t]*([\w.\"'-]{1,60})[ \t]*=")


def read_policy_file(path: Path, form: type[F]) -> F:
    """Return the file in its form, numbers with a point as exact decimals. Raises PolicyError."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise PolicyError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise PolicyError(f"{path}: {error}") from error
    try:
        form_of_text: F = msgspec.convert(_parsed(text), form, builtin_types=(date, Decimal))
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise PolicyError(f"{path}: {error}") from error
    except RecursionError as error:
        raise PolicyError(f"{path}: {_where(text, _DEEP)}nested too deeply") from error
    except ValueError as error:
        raise PolicyError(f"{path}: {_where(text, _LONG_NUMBER)}a number of too many digits, or no date") from error
    return form_of_text


def _parsed(text: str) -> dict[str, Any]:
    return tomllib.loads(text, parse_float=_exact_decimal)


def _exact_decimal(digits: str) -> Decimal:
    """Return the number exactly; NaN, which no key takes, where its exponent is beyond all bounds."""
    try:
        return Decimal(digits)
    except InvalidOperation:
        return _OUT_OF_BOUNDS


def _where(text: str, fault: re.Pattern[str]) -> str:
    """Return the line of a fault for which the parser names none, and the key that stands there."""
    found = fault.search(text)
    if found is None:
        return ""
    line = text.count("\n", 0, found.start()) + 1
    key = _KEY.match(text, text.rfind("\n", 0, found.start()) + 1)
    return f"line {line}{f', {key[1]}' if key else ''}: "
