"""A face that was enrolled at one terminal of a hall is known at the others, and nowhere in between."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from camera.templates import Template
from kiosk.shared_templates import SharedTemplates, received
from sync.clock import Kernel, SystemClock
from sync.keys import SigningKey
from sync.link import Link, UplinkError
from sync.sealing import SealingKey
from tests.sync.scripted_centre import NOW, Answer, Asked, scripted

OWN = SealingKey.from_seed(b"1" * 32)
OTHER = SealingKey.from_seed(b"2" * 32)
FACE = Template(np.linspace(-1, 1, 128, dtype=np.float32), "dlib-1", 5)


class Hall:
    """What the terminal t1 knows of its hall, and whom it enrolled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.keys: dict[str, str | None] = {"t1": OWN.public_text, "t2": OTHER.public_text, "t3": None}
        self.faces: dict[str, Template] = {"P1": FACE}

    def shared(self) -> SharedTemplates:
        return SharedTemplates(self.folder, "t1", OWN, self.roster, lambda: self.faces)

    def roster(self) -> Mapping[str, Any]:
        return {"terminals": [{"origin": name, "sealing_key": key} for name, key in self.keys.items()]}


@pytest.fixture
def hall(tmp_path: Path) -> Hall:
    return Hall(tmp_path)


def link(url: str) -> Link:
    clock = SystemClock(lambda: 1_791_419_400.0, lambda: 10**12, lambda: Kernel("rtc", None), boot="b1")
    return Link(url, "t1", SigningKey.from_seed(b"t" * 32), clock)


def taken(_: Asked) -> Answer:
    return Answer(201, {"server_time": NOW})


def calls(asked: list[Asked]) -> list[tuple[str, str]]:
    return [(each.method, each.path.removeprefix("/v1/t/t1/")) for each in asked]


def manifest(box: bytes, person: str = "P1") -> dict[str, Any]:
    return {"templates": [{"person": person, "sender": "t1", "box": base64.b64encode(box).decode()}]}


def test_the_others_of_the_hall_get_it_once_each_sealed_to_itself(hall: Hall) -> None:
    shared = hall.shared()
    with scripted(taken) as (url, asked):
        shared.run(link(url), {})
        shared.run(link(url), {})
        hall.shared().run(link(url), {})
    assert calls(asked) == [("PUT", "templates/t2/P1")]
    complaints: list[str] = []
    known = received(manifest(asked[0].body), "t2", OTHER, complaints.append)
    assert np.array_equal(known["P1"].vector, FACE.vector)
    assert (known["P1"].version, complaints) == ("dlib-1", [])


@pytest.mark.parametrize(("recipient", "key", "person"), [("t2", OWN, "P1"), ("t3", OTHER, "P1"), ("t2", OTHER, "P2")])
def test_nobody_else_opens_it_and_it_is_nobody_elses_face(
    hall: Hall, recipient: str, key: SealingKey, person: str
) -> None:
    with scripted(taken) as (url, asked):
        hall.shared().run(link(url), {})
    complaints: list[str] = []
    assert received(manifest(asked[0].body, person), recipient, key, complaints.append) == {}
    assert "cannot be used" in complaints[0]


def test_one_box_that_does_not_open_keeps_no_other_out(hall: Hall) -> None:
    with scripted(taken) as (url, asked):
        hall.shared().run(link(url), {})
    both = {"templates": [*manifest(b"junk", "P9")["templates"], *manifest(asked[0].body)["templates"]]}
    assert list(received(both, "t2", OTHER, lambda _: None)) == ["P1"]


def test_a_new_picture_a_new_key_and_a_new_terminal_are_told(hall: Hall) -> None:
    shared = hall.shared()
    with scripted(taken) as (url, asked):
        shared.run(link(url), {})
        hall.faces["P1"] = Template(-FACE.vector, "dlib-1", 5)
        shared.run(link(url), {})
        hall.keys["t2"] = SealingKey.from_seed(b"3" * 32).public_text
        shared.run(link(url), {})
        hall.keys["t3"] = OTHER.public_text
        shared.run(link(url), {})
    assert calls(asked) == [("PUT", "templates/t2/P1")] * 3 + [("PUT", "templates/t3/P1")]


def test_a_face_that_is_no_longer_held_here_is_withdrawn(hall: Hall) -> None:
    shared = hall.shared()
    with scripted(taken) as (url, asked):
        shared.run(link(url), {})
        hall.faces.clear()
        shared.run(link(url), {})
        hall.shared().run(link(url), {})
    assert calls(asked)[1:] == [("DELETE", "templates/t2/P1")]


def test_a_key_that_the_roster_does_not_name_is_told(hall: Hall) -> None:
    hall.faces.clear()
    hall.keys["t1"] = None
    with scripted(taken) as (url, asked):
        hall.shared().run(link(url), {})
        hall.keys["t1"] = OWN.public_text
        hall.shared().run(link(url), {})
        hall.keys.clear()  # a roster that names nobody yet
        hall.shared().run(link(url), {})
    assert calls(asked) == [("PUT", "sealing-key")]
    assert OWN.public_text.encode() in asked[0].body


def test_a_centre_that_lost_it_is_told_again(hall: Hall) -> None:
    shared = hall.shared()
    with scripted(taken) as (url, asked):
        shared.run(link(url), {})
        shared.centre_went_back()
        shared.run(link(url), {})
    assert len(asked) == 2


def test_whoever_does_not_work_there_is_not_offered_over_and_over(hall: Hall) -> None:
    shared = hall.shared()
    hall.faces["P2"] = FACE
    refusal = Answer(403, {"error": "elsewhere", "server_time": NOW})
    with scripted(lambda asked: refusal if asked.path.endswith("P1") else taken(asked)) as (url, asked):
        shared.run(link(url), {})
        shared.run(link(url), {})
    assert calls(asked) == [("PUT", "templates/t2/P1"), ("PUT", "templates/t2/P2")]


def test_a_busy_centre_is_asked_again(hall: Hall) -> None:
    shared = hall.shared()
    answers = [Answer(503, {"error": "busy"}), Answer(201, {"server_time": NOW})]
    with scripted(lambda _: answers.pop(0)) as (url, asked):
        with pytest.raises(UplinkError):
            shared.run(link(url), {})
        shared.run(link(url), {})
    assert len(asked) == 2
