"""The centre's web application: its blueprints and what every error is answered with. Opens no store itself."""

from __future__ import annotations

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from scoring import (
    api,
    api_attachments,
    api_checkpoints,
    api_feed,
    api_identity,
    desk_county,
    desk_event,
    desk_hall,
    desk_person,
    desk_receipt,
    openapi,
)
from scoring.acts import acts
from scoring.answers import refuse
from scoring.centre import Centre
from scoring.desk import desk, problem, wants_page
from scoring.errors import Refusal, StoreBusyError, StoreUnavailableError
from scoring.wire import wire

VIEWS = (desk_county.county, desk_hall.hall, desk_person.scorecard, desk_event.event, desk_receipt.receipt)
"""The pages; naming them here is what makes them known to the desk."""
CALLS = (
    api.batches,
    api_attachments.put_attachment,
    api_checkpoints.latest_checkpoint,
    api_feed.feed,
    api_identity.enrol,
    openapi.openapi,
)
"""One call of each module of them; naming them here is what makes all of the module known to the wire."""

_CODES = {404: "not_found", 405: "method", 411: "length", 413: "too_large", 415: "media_type"}

_PAGE_PROBLEMS = {
    404: ("没有这个页面", "请检查网址，或回到全县页面从列表中选择。"),
    405: ("这个页面只能查看", "请回到全县页面。"),
}


def create_app(centre: Centre) -> Flask:
    """Return the WSGI application that serves one centre."""
    app = Flask(__name__)
    app.extensions["liankuaiban"] = centre
    app.register_blueprint(wire)
    app.register_blueprint(acts)
    app.register_blueprint(desk)
    app.register_error_handler(Refusal, refuse)
    app.register_error_handler(StoreBusyError, _busy)
    app.register_error_handler(StoreUnavailableError, _unavailable)
    app.register_error_handler(HTTPException, _http)
    return app


def _busy(error: StoreBusyError) -> Response:
    if wants_page():
        return problem(503, "服务正忙", "请过几秒钟再刷新。")
    return refuse(Refusal(503, "busy", str(error), retry_after_s=2))


def _unavailable(error: StoreUnavailableError) -> Response:
    if wants_page():
        return problem(503, "账本暂时不能读写", f"请检查服务器磁盘后重试。原因：{error}")
    return refuse(Refusal(503, "unavailable", str(error), retry_after_s=30))


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    if wants_page():
        return problem(
            status, *_PAGE_PROBLEMS.get(status, ("页面出错了", "请回到全县页面重试；仍然出错请联系管理员。"))
        )
    message = f"{request.method} {request.path}: {error.description or error.name}"
    return refuse(Refusal(status, _CODES.get(status, "http"), message))
