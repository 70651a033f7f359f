"""What a program beside the terminal can rely on: ask, press, export, and their exit codes."""

from __future__ import annotations

import json
import stat

import requests

from tests.stack import Stack


def ledger(county: Stack) -> list[dict[str, object]]:
    return [json.loads(line) for line in county.kiosk("export").splitlines()]


def test_ask_and_press_print_the_ids_of_what_is_committed(county: Stack) -> None:
    visit = county.kiosk("ask", "--window", "1", "--ticket", "A12", "--case-number", "32082620261008").strip()
    rating = county.kiosk("press", "--window", "1", "--grade", "2").strip()
    asked, given = ledger(county)[-2:]
    assert (asked["type"], given["type"], given["id"]) == ("rating.requested", "rating.given", rating)
    assert asked["data"] == {
        "visit": visit,
        "hall": "yanshi",
        "window": "1",
        "person": "P1001",
        "ticket": "A12",
        "case_number": "32082620261008",
    }
    assert given["data"] == {
        "visit": visit,
        "hall": "yanshi",
        "window": "1",
        "person": "P1001",
        "grade": 2,
        "channel": "button",
    }


def test_a_press_without_a_visit_exits_with_3_and_records_nothing(county: Stack) -> None:
    before = county.kiosk("export")
    assert "no visit is open" in county.kiosk("press", "--window", "3", "--grade", "5", expect=3)
    assert county.kiosk("export") == before


def test_a_second_press_finds_no_visit(county: Stack) -> None:
    county.kiosk("ask", "--window", "2")
    county.kiosk("press", "--window", "2", "--grade", "1")
    county.kiosk("press", "--window", "2", "--grade", "5", expect=3)


def test_an_unknown_window_is_named(county: Stack) -> None:
    assert "'9'" in county.kiosk("ask", "--window", "9", expect=1)


def test_a_page_in_the_browser_cannot_use_the_control_calls(county: Stack) -> None:
    url = f"{county.run.terminal_url}/control/press"
    assert requests.post(url, json={"window": "1", "grade": 5}, timeout=5).status_code == 403
    press = f"{county.run.terminal_url}/evaluator/1/press"
    assert requests.post(press, data={"grade": 5}, timeout=5).status_code == 403


def test_the_secrets_of_a_terminal_can_be_read_by_its_user_alone(county: Stack) -> None:
    for name in ("terminal.key", "vault.key", "control.token", "identity.json"):
        mode = (county.run.path / "terminal" / name).stat().st_mode
        assert stat.S_IMODE(mode) == 0o600, name


def test_the_centre_has_the_same_bytes(county: Stack) -> None:
    county.wait_until_synced()
    ours, theirs = county.exports()
    assert ours == theirs != []
