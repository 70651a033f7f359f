"""While a citizen is being served at the same box, nobody's face is looked at."""

from __future__ import annotations

from deploy.demo.centre import wait_for
from tests.stack import Stack


def looks(county: Stack) -> bool:
    return county.health()["camera_trouble"] is None


def rests(county: Stack) -> bool:
    return "人脸识别暂停" in (county.health()["camera_trouble"] or "")


def test_the_camera_is_off_while_a_visit_is_open_and_on_again_afterwards(county: Stack) -> None:
    wait_for("the camera to look", lambda: looks(county) or None)
    county.kiosk("ask", "--window", "1")
    wait_for("the camera to rest", lambda: rests(county) or None)
    county.kiosk("press", "--window", "1", "--grade", "4")
    wait_for("the camera to look again", lambda: looks(county) or None)
