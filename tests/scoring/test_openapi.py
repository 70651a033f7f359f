"""The published description is what the centre does: whatever it allows, and much that it does not, is answered so."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import schemathesis
import zstandard
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from deploy.demo.__main__ import free_port
from deploy.demo.centre import answers, wait_for
from scoring.app import create_app
from scoring.centre import open_centre
from scoring.openapi import document
from sync import wire
from sync.keys import SigningKey
from tests.scoring.fakes import NOON

Case = schemathesis.Case[Any]
ORIGIN = "gaogou-t01"
KEY = SigningKey.from_seed(bytes(range(32)))
AS_DESCRIBED = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
BOUNDED = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@schemathesis.serializer("application/zstd")
def zstd(_: object, value: object) -> bytes:
    """Return made-up bytes as the body of a batch: compressed, so that more than the first look is taken at them."""
    return zstandard.compress(value if isinstance(value, bytes) else str(value).encode())


def described(mode: schemathesis.GenerationMode) -> schemathesis.BaseSchema:
    schema = schemathesis.openapi.from_dict(document())
    schema.config.generation.update(modes=[mode])
    return schema


ALLOWED = described(schemathesis.GenerationMode.POSITIVE)
WRONG = described(schemathesis.GenerationMode.NEGATIVE)


@dataclass(frozen=True)
class Running:
    """A centre that runs by itself, with one hall, one clerk and one terminal enrolled."""

    url: str
    token: str

    def send(self, case: Case, *, signed: bool) -> requests.Response:
        """Send a request as it was made up; `signed` by the terminal, or with the office's token."""
        if signed and "origin" in case.path_parameters:
            case.path_parameters["origin"] = ORIGIN
        prepared = requests.Request(**_without_timeout(case.as_transport_kwargs(base_url=self.url))).prepare()
        if signed:
            self._sign(prepared)
        with requests.Session() as session:
            return session.send(prepared, timeout=30, allow_redirects=False)

    def _sign(self, prepared: requests.PreparedRequest) -> None:
        parts, body = urlsplit(str(prepared.url)), prepared.body or b""
        body = body.encode() if isinstance(body, str) else body
        headers = prepared.headers
        if parts.path.startswith("/v1/centre/"):
            headers["Authorization"] = f"Bearer {self.token}"
        elif parts.path.endswith("/batches"):
            stated = [headers.get(name, "") for name in ("X-Start", "X-Count", "X-Prev", "X-Head")]
            epoch = parts.path.split("/")[-2]
            text = "\n".join(["evt1-batch", ORIGIN, epoch, *map(str, stated), wire.sha256(body)])
            headers["X-Signature"] = KEY.sign(text.encode())
        else:
            date = requests.get(f"{self.url}/v1/checkpoints/{2**53}", timeout=30).json()["server_time"]
            target = parts.path + (f"?{parts.query}" if parts.query else "")
            headers["X-Date"] = date
            headers["X-Signature"] = KEY.sign(wire.request_text(str(prepared.method), target, date, body))


def _without_timeout(kwargs: dict[str, object]) -> dict[str, object]:
    known = {"method", "url", "headers", "files", "data", "params", "cookies", "json"}
    return {name: value for name, value in kwargs.items() if name in known}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("openapi")
    database, port = f"sqlite:///{folder / 'centre.db'}", free_port(18480)
    words = ["-m", "scoring", "serve", "--database", database, "--port", str(port)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, *words], stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for("the centre", lambda: answers(url))
        made = Running(url, (folder / "admin.token").read_text())
        _populate(made)
        yield made
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _populate(running: Running) -> None:
    def post(path: str, message: dict[str, object]) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {running.token}"}
        response = requests.post(f"{running.url}/v1/{path}", json=message, headers=headers, timeout=30)
        assert response.ok, response.text
        said: dict[str, str] = response.json()
        return said

    hall = {"type": "hall.opened", "data": {"hall": "gaogou", "name": "高沟镇", "level": "town"}}
    post("centre/events", {"actor": "office", "events": [hall]})
    code = post("centre/enrol-codes", {"origin": ORIGIN, "hall": "gaogou"})["code"]
    post("enrol", {"code": code, "public_key": KEY.public_text, "alg": "ed25519", "serial": "1"})


@ALLOWED.parametrize()
@BOUNDED
@pytest.mark.timeout(300)
def test_what_the_description_allows_is_answered_as_it_says(case: Case, running: Running) -> None:
    case.validate_response(running.send(case, signed=True), checks=AS_DESCRIBED)


@ALLOWED.parametrize()
@BOUNDED
@pytest.mark.timeout(300)
def test_what_nobody_signed_is_refused_as_it_says(case: Case, running: Running) -> None:
    response = running.send(case, signed=False)
    case.validate_response(response, checks=AS_DESCRIBED)
    if case.operation.path.startswith(("/v1/t/", "/v1/centre/")):
        assert response.status_code in {400, 401, 403, 413}


@WRONG.parametrize()
@BOUNDED
@pytest.mark.timeout(300)
def test_what_it_does_not_allow_breaks_nothing(case: Case, running: Running) -> None:
    response = running.send(case, signed=True)
    case.validate_response(response, checks=[not_a_server_error])


def test_every_call_is_described_and_none_that_is_not_there(tmp_path: Path) -> None:
    centre = open_centre(f"sqlite:///{tmp_path / 'centre.db'}", now=lambda: NOON)
    try:
        app = create_app(centre)
        calls = {
            (rule.rule.replace("<int:", "<").replace("<", "{").replace(">", "}"), method.lower())
            for rule in app.url_map.iter_rules()
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
            if rule.rule.startswith("/v1/")
        }
        published = app.test_client().get("/v1/openapi.json").get_json()
    finally:
        centre.store.close()
    assert {(path, method) for path, methods in published["paths"].items() for method in methods} == calls
    assert published["openapi"].startswith("3.1")
