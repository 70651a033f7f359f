"""Whatever is done to a signed batch on its way, the centre takes it as it was or not at all, and never stumbles."""

from __future__ import annotations

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from scoring.centre import Centre
from sync import wire
from tests.scoring.fakes import FakeTerminal
from tests.scoring.test_batches import held, resealed

BOUNDED = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
NAMES = ("X-Start", "X-Count", "X-Prev", "X-Head", "X-Signature")
LETTERS = st.characters(codec="latin-1", exclude_characters="\r\n\x00")


def post(terminal: FakeTerminal, headers: dict[str, str], body: bytes, epoch: str | None = None) -> TestResponse:
    path = f"/v1/t/{terminal.origin}/e/{epoch or terminal.epoch}/batches"
    return terminal.client.post(path, data=body, headers=headers)


def assert_refused(answer: TestResponse) -> None:
    assert answer.status_code in {400, 401, 413}, answer.text
    assert answer.get_json()["error"] in {"malformed", "signature", "too_large"}


@pytest.fixture
def sealed(terminal: FakeTerminal) -> wire.Batch:
    """A batch of two lines that was not sent yet, at the end of a ledger of one."""
    terminal.add()
    assert terminal.send().status_code == 200
    terminal.add()
    terminal.add()
    return terminal.batch(2)


def test_every_byte_of_the_body_counts(terminal: FakeTerminal, centre: Centre, sealed: wire.Batch) -> None:
    for place in range(len(sealed.body)):
        changed = bytearray(sealed.body)
        changed[place] ^= 1 << (place % 8)
        assert_refused(post(terminal, sealed.headers(), bytes(changed)))
    assert len(held(centre)) == 1
    assert terminal.post(sealed).status_code == 200


@pytest.mark.parametrize("name", ["X-Start", "X-Count"])
def test_a_number_is_written_in_one_way_only(
    terminal: FakeTerminal, centre: Centre, sealed: wire.Batch, name: str
) -> None:
    for prefix in ("0", "+", "00"):
        assert_refused(post(terminal, {**sealed.headers(), name: prefix + sealed.headers()[name]}, sealed.body))
    assert len(held(centre)) == 1


@pytest.mark.parametrize("name", NAMES)
def test_every_letter_of_every_header_counts(
    terminal: FakeTerminal, centre: Centre, sealed: wire.Batch, name: str
) -> None:
    text = sealed.headers()[name]
    for place, letter in enumerate(text):
        others = {"A", "B", "a", "g", "0", "1", "9", "+", "/", "=", "-", "\xe9"} - {letter}
        for other in others:
            changed = text[:place] + other + text[place + 1 :]
            assert_refused(post(terminal, {**sealed.headers(), name: changed}, sealed.body))
    assert len(held(centre)) == 1


@pytest.mark.parametrize("name", NAMES)
@BOUNDED
@given(text=st.text(LETTERS, max_size=100))
def test_garbage_in_a_header_is_refused(terminal: FakeTerminal, centre: Centre, name: str, text: str) -> None:
    if not terminal.lines:
        terminal.add()
    sealed = terminal.batch()
    if text.strip() != sealed.headers()[name]:
        assert_refused(post(terminal, {**sealed.headers(), name: text}, sealed.body))
    assert held(centre) == []


@BOUNDED
@given(body=st.binary(max_size=300))
def test_a_signed_body_of_any_bytes_is_refused_without_stumbling(
    terminal: FakeTerminal, centre: Centre, body: bytes
) -> None:
    if not terminal.lines:
        terminal.add()
    assert_refused(terminal.post(resealed(terminal, body, 1)))
    assert held(centre) == []


@BOUNDED
@given(cut=st.integers(0, 10_000), junk=st.binary(max_size=20))
def test_a_zstd_stream_that_is_cut_or_followed_by_junk_is_refused(
    terminal: FakeTerminal, centre: Centre, cut: int, junk: bytes
) -> None:
    if not terminal.lines:
        terminal.add()
    whole = zstandard.compress(terminal.lines[0] + b"\n")
    body = whole[: cut % len(whole)] + junk
    if body != whole:
        assert_refused(terminal.post(resealed(terminal, body, 1)))
    assert held(centre) == []


@BOUNDED
@given(line=st.binary(max_size=300).filter(lambda line: b"\n" not in line))
def test_any_line_of_an_authentic_terminal_is_kept_byte_for_byte(
    terminal: FakeTerminal, centre: Centre, line: bytes
) -> None:
    """A poison line is quarantined and acknowledged: it never blocks what comes after it."""
    start = len(held(centre)) + 1
    terminal.lines[:] = [bytes(row.line) for row in held(centre)]
    terminal.add_raw(line)
    good = terminal.add("device.noted", {"hall": "gaogou"})
    answer = terminal.send(start)
    assert (answer.status_code, answer.get_json().get("ack")) == (200, start + 1), answer.text
    assert [bytes(row.line) for row in held(centre)][-2:] == [line, good]
    assert held(centre)[-1].quarantined is None


@pytest.mark.parametrize("part", ["origin", "epoch"])
def test_a_batch_is_good_for_its_own_place_only(
    terminal: FakeTerminal, centre: Centre, sealed: wire.Batch, part: str
) -> None:
    if part == "epoch":
        assert_refused(post(terminal, sealed.headers(), sealed.body, "7f3a9c22"))
    else:
        path = f"/v1/t/gaogou-t02/e/{terminal.epoch}/batches"
        answer = terminal.client.post(path, data=sealed.body, headers=sealed.headers())
        assert answer.status_code == 403
    assert len(held(centre)) == 1
