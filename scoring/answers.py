"""How every call of the wire is answered: JSON with `server_time`, refusals with a code and what to do. No store."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from flask import Response, current_app

from scoring.centre import Centre
from scoring.errors import Refusal
from sync.events import instant_text
from sync.wire import compact_json

_EXTENSION = "liankuaiban"


def centre() -> Centre:
    """Return the centre that serves the present request."""
    found: Centre = current_app.extensions[_EXTENSION]
    return found


def answer(status: int = 200, **fields: object) -> Response:
    """Return a JSON answer with the server's time."""
    fields["server_time"] = instant_text(centre().now())
    return Response(compact_json(fields), status, mimetype="application/json")


def refuse(refusal: Refusal) -> Response:
    """Return the JSON answer of a refusal; 429 and 503 carry Retry-After, as `retry_after_s` among its extras."""
    extras = dict(refusal.extras)
    wait_s = extras.pop("retry_after_s", None)
    response = answer(refusal.status, error=refusal.code, message=str(refusal), **extras)
    if wait_s is not None:
        response.headers["Retry-After"] = str(wait_s)
    return response


def json_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object of a request's body; a 400 that says where it is none."""
    try:
        parsed = json.loads(body.decode(), parse_constant=_no_constant, parse_float=_finite)
    except UnicodeDecodeError as error:
        raise Refusal(400, "malformed", f"the body is not UTF-8 at byte {error.start}") from error
    except json.JSONDecodeError as error:
        raise Refusal(400, "malformed", f"the body is not JSON at character {error.pos}: {error.msg}") from error
    except (ValueError, RecursionError) as error:
        raise Refusal(400, "malformed", f"the body is not JSON that can be read: {error}") from error
    if not isinstance(parsed, dict):
        raise Refusal(400, "malformed", "the body is not a JSON object")
    return parsed


def refuse_halves(fields: dict[str, Any]) -> None:
    """Refuse what could be read but never written again: a text with half of a character."""
    try:
        json.dumps(fields, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise Refusal(400, "malformed", "a text holds half of a character (a lone surrogate)") from error


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def _finite(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise ValueError(f"{number} is too large a number")
    return value


def text_field(fields: dict[str, Any], name: str, longest: int = 200) -> str:
    """Return a text field of 1 to `longest` printable characters; a 400 that names it otherwise."""
    value = fields.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= longest or not value.isprintable():
        raise Refusal(400, "malformed", f"{name} is missing or not a text of 1 to {longest} printable characters")
    return value
