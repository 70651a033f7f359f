"""A terminal's attachments: sealed at once, sent after their event, kept until the centre has them for good."""

from __future__ import annotations

from pathlib import Path

import pytest

from sync.attachments import MAX_BYTES, AttachmentBox, AttachmentTooLargeError
from sync.clock import Kernel, SystemClock
from sync.keys import SigningKey, verify
from sync.link import Link, UplinkError
from sync.sealing import SealingKey, attachment_context
from sync.wire import request_text, sha256
from tests.sync.scripted_centre import NOW, Answer, Asked, scripted

CENTRE = SealingKey.from_seed(b"c" * 32)
KEY = SigningKey.from_seed(b"t" * 32)
WORDS = "办事员态度不好".encode()


class Days:
    """A wall clock that stands still; files have the machine's own time."""

    def __init__(self) -> None:
        self.at_s = 1_791_419_400.0

    def __call__(self) -> float:
        return self.at_s


def box(folder: Path, clock: Days | None = None) -> AttachmentBox:
    return AttachmentBox(folder / "attachments", "t1", CENTRE.public_text, clock or Days())


def link(url: str) -> Link:
    clock = SystemClock(Days(), lambda: 10**12, lambda: Kernel("rtc", None), boot="b1")
    return Link(url, "t1", KEY, clock)


def taking(status: int = 201) -> Answer:
    return Answer(status, {"sha256": "", "server_time": NOW})


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "attachments").iterdir())


def test_what_was_said_is_sealed_at_once_and_named_by_the_sealed_bytes(tmp_path: Path) -> None:
    digest = box(tmp_path).hold(WORDS)
    (kept,) = (tmp_path / "attachments").iterdir()
    sealed = kept.read_bytes()
    assert sha256(sealed) == digest
    assert digest != sha256(WORDS)
    assert WORDS not in sealed
    assert CENTRE.open(sealed, attachment_context("t1")) == WORDS
    assert oct(kept.stat().st_mode & 0o777) == "0o600"


def test_the_same_words_twice_look_different(tmp_path: Path) -> None:
    """After an erasure nobody can find out from the event what was said, by trying what people say."""
    held = box(tmp_path)
    assert held.hold(WORDS) != held.hold(WORDS)


def test_it_is_sent_only_once_its_event_stands(tmp_path: Path) -> None:
    held = box(tmp_path)
    digest = held.hold(WORDS)
    with scripted(lambda _: taking()) as (url, asked):
        held.run(link(url), {})
        assert (asked, held.waiting()) == ([], 0)
        held.release(digest)
        assert held.waiting() == 1
        held.run(link(url), {})
        held.run(link(url), {})
    (sent,) = asked
    assert (sent.method, sent.path) == ("PUT", f"/v1/t/t1/attachments/{digest}")
    assert sha256(sent.body) == digest
    text = request_text("PUT", sent.path, sent.headers["X-Date"], sent.body)
    verify(KEY.public_text, sent.headers["X-Signature"], text)
    assert held.waiting() == 0


def test_what_a_crash_left_between_file_and_event_is_offered_at_the_next_start(tmp_path: Path) -> None:
    box(tmp_path).hold(WORDS)
    assert box(tmp_path).waiting() == 1


def test_a_centre_that_does_not_take_it_is_asked_again(tmp_path: Path) -> None:
    held = box(tmp_path)
    held.release(held.hold(WORDS))
    answers = [Answer(503, {"error": "busy"}, {"Retry-After": "7"}), taking(200)]
    with scripted(lambda _: answers.pop(0)) as (url, asked):
        with pytest.raises(UplinkError) as refused:
            held.run(link(url), {})
        assert (refused.value.wait_s, held.waiting()) == (7, 1)
        held.run(link(url), {})
    assert asked[0].body == asked[1].body
    assert held.waiting() == 0


def test_one_that_was_erased_at_the_centre_is_removed_here(tmp_path: Path) -> None:
    held = box(tmp_path)
    held.release(held.hold(WORDS))
    with scripted(lambda _: Answer(410, {"error": "erased", "server_time": NOW})) as (url, _):
        held.run(link(url), {})
    assert names(tmp_path) == []


def test_sent_ones_are_kept_for_a_centre_that_loses_them_and_then_removed(tmp_path: Path) -> None:
    clock = Days()
    held = box(tmp_path, clock)
    held.release(held.hold(WORDS))
    with scripted(lambda _: taking()) as (url, asked):
        held.run(link(url), {})
        (kept,) = (tmp_path / "attachments").iterdir()
        clock.at_s = kept.stat().st_mtime + 89 * 86_400
        held.run(link(url), {})
        held.centre_went_back()
        held.run(link(url), {})
        assert len(asked) == 2
        (kept,) = (tmp_path / "attachments").iterdir()
        clock.at_s = kept.stat().st_mtime + 90 * 86_400
        held.run(link(url), {})
    assert names(tmp_path) == []


def test_what_the_disk_changed_is_not_sent(tmp_path: Path) -> None:
    held = box(tmp_path)
    held.release(held.hold(WORDS))
    (kept,) = (tmp_path / "attachments").iterdir()
    kept.write_bytes(kept.read_bytes()[:-1] + b"?")
    with scripted(lambda _: taking()) as (url, asked):
        held.run(link(url), {})
    assert asked == []


def test_what_is_too_large_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(AttachmentTooLargeError):
        box(tmp_path).hold(bytes(MAX_BYTES))
    assert not (tmp_path / "attachments").exists()


def test_a_link_that_redirects_gets_nothing_believed(tmp_path: Path) -> None:
    def portal(asked: Asked) -> Answer:
        return Answer(302, {}, {"Location": "/login"}) if asked.path != "/login" else taking()

    held = box(tmp_path)
    held.release(held.hold(WORDS))
    with scripted(portal) as (url, _), pytest.raises(UplinkError, match="302"):
        held.run(link(url), {})
    assert held.waiting() == 1
