"""A screen gets the newest of each name, at once when it opens and then as it changes."""

from __future__ import annotations

from kiosk.broadcast import Channel


def test_a_new_screen_gets_the_newest_of_each_name() -> None:
    channel = Channel()
    channel.publish("result", "old")
    channel.publish("result", "new")
    channel.publish("status", "well")
    stream = channel.listen()
    assert next(stream) == b"retry: 1000\n\n"
    assert next(stream) == b"event: result\ndata: new\n\nevent: status\ndata: well\n\n"


def test_what_follows_is_sent_and_the_same_text_is_not_sent_again() -> None:
    channel = Channel()
    channel.publish("result", "one")
    stream = channel.listen()
    next(stream)
    next(stream)
    channel.publish("result", "one")
    channel.publish("status", "well")
    assert next(stream) == b"event: status\ndata: well\n\n"
    channel.publish("result", "two")
    assert next(stream) == b"event: result\ndata: two\n\n"


def test_a_text_of_several_lines_stays_one_message() -> None:
    channel = Channel()
    channel.publish("board", "<p>\n一\n</p>")
    stream = channel.listen()
    next(stream)
    assert next(stream) == "event: board\ndata: <p>\ndata: 一\ndata: </p>\n\n".encode()


def test_a_closed_channel_ends_its_streams() -> None:
    channel = Channel()
    stream = channel.listen()
    next(stream)
    channel.close()
    assert list(stream) == []
