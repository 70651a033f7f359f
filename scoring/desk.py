"""The centre's pages, in Chinese: who may see them, and what every one of them shows. Views are in `desk_*`.

They have no sign-in until access control is built, so they answer this machine alone.
"""

from __future__ import annotations

import ipaddress
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, make_response, render_template, request

from rules.policy import Policy, load_policy
from scoring import words
from scoring.answers import centre
from sync.events import COUNTY_TIME

desk = Blueprint("desk", __name__)

_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-Ip")
_CONTENT_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)


def county_now() -> datetime:
    """Return the present instant in county time."""
    return centre().now().astimezone(COUNTY_TIME)


def policy() -> Policy:
    """Return the law in force, with its sources."""
    return load_policy()


@desk.before_request
def only_this_machine() -> Response | None:
    """Answer a request from anywhere else, or through a proxy, with the reason why it is refused."""
    if _is_loopback(request.remote_addr) and _names_this_machine(request.host) and not _is_forwarded():
        return None
    return problem(403, "这些页面只在中心服务器本机开放", "登录与权限建成之前，请在中心服务器上打开浏览器查看。")


@desk.after_request
def guard_headers(response: Response) -> Response:
    """Let a page load nothing from another host, and keep nothing of it."""
    response.headers["Content-Security-Policy"] = _CONTENT_POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


@desk.app_template_global()
def county_clock() -> str:
    """Return the county's date and time for the head of a page."""
    now = county_now()
    return f"{now.year} 年 {words.day(now.date())} {now:%H:%M}"


for _name in ("ago", "clock", "day", "points", "plain", "event_name", "quarantine_name"):
    desk.add_app_template_filter(getattr(words, _name), _name)


def page(template: str, **shown: Any) -> Response:  # noqa: ANN401 (whatever a template shows)
    """Return a rendered page."""
    return make_response(render_template(template, **shown))


def problem(status: int, title: str, what_to_do: str) -> Response:
    """Return a page that says what is wrong and what to do."""
    return make_response(render_template("problem.html", title=title, what_to_do=what_to_do, status=status), status)


def wants_page() -> bool:
    """Return whether the present request asked for a page, not for a call of the wire."""
    return not request.path.startswith(("/v1/", "/static/"))


def _is_loopback(address: str | None) -> bool:
    try:
        return address is not None and ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _names_this_machine(host: str) -> bool:
    """Return whether the address typed in is this machine's own: a foreign name that leads here is refused."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return name == "localhost" or _is_loopback(name)


def _is_forwarded() -> bool:
    return any(name in request.headers for name in _FORWARDED)
