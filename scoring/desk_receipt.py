"""The page of a receipt, and the file that goes with it: what somebody takes away to check later, without the centre.

An event's id is all that is asked for: who has it may have the receipt, and of a rating it shows nothing.
"""

from __future__ import annotations

from flask import Response

from scoring import words
from scoring.answers import centre
from scoring.checkpoints import WHEN_CHANGED
from scoring.desk import desk, page, problem
from scoring.errors import StoreAlteredError
from scoring.receipts import Waiting, receipt_of
from sync.wire import compact_json

_ALTERED = (
    "这条记录与已签名的检查点不符",
    "中心数据库可能被改动过。请保留本页编号，向县政务办反映，由其运行账本核对。",
)
_UNKNOWN = ("账本里没有这条记录", "请核对编号；刚产生的记录要等终端送达中心后才能查到。")


@desk.get("/receipt/<event_id>")
def receipt(event_id: str) -> Response:
    """Show what proves that an event stands in the ledger."""
    try:
        found = receipt_of(centre().store, event_id)
    except StoreAlteredError:
        return problem(409, *_ALTERED)
    if found is None:
        return problem(404, *_UNKNOWN)
    if isinstance(found, Waiting):
        minutes = int(WHEN_CHANGED.total_seconds() // 60)
        return page("receipt.html", waiting=minutes, is_rating=found.is_rating, shown=None)
    made_on = f"{found.checkpoint.instant.year} 年 {words.day(found.checkpoint.instant.date())}"
    return page(
        "receipt.html",
        shown=found,
        made_at=f"{made_on} {words.clock(found.checkpoint.instant)}",
        is_rating=found.is_rating,
        server_key=centre().key.public_text,
    )


@desk.get("/receipt/<event_id>.json")
def receipt_file(event_id: str) -> Response:
    """Return the receipt as a file: 202 while no checkpoint covers the event yet, 404 unknown, 409 altered."""
    try:
        found = receipt_of(centre().store, event_id)
    except StoreAlteredError as error:
        return _file(409, {"event": event_id, "error": "altered", "message": str(error)})
    if found is None:
        return _file(404, {"event": event_id, "error": "unknown", "message": "no line of the ledger has this id"})
    if isinstance(found, Waiting):
        response = _file(202, {"event": event_id, "state": "waiting", "message": "no checkpoint covers it yet"})
        response.headers["Retry-After"] = str(int(WHEN_CHANGED.total_seconds()))
        return response
    response = _file(200, found.as_json(centre().key.public_text))
    response.headers["Content-Disposition"] = 'attachment; filename="receipt.json"'
    return response


def _file(status: int, message: dict[str, object]) -> Response:
    return Response(compact_json(message), status, mimetype="application/json")
