"""The scene: one clerk late, one on time, one stranger, three citizens. Everything goes through the front door.

The late clerk types her number and PIN on the terminal's page, faces come by the camera, citizens press simulated
buttons through `python -m kiosk press`; nothing is written into a ledger from here.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import requests

from deploy.demo import stage
from deploy.demo.centre import answers, record, wait_for
from deploy.demo.county import LATE, PUNCTUAL, STAFF, Actor, Run, load_run, working_day
from kiosk.export import exported_lines
from sync.events import COUNTY_TIME, parse_event

_TO_READ_S = 3
"""How long somebody who watches needs to read a screen."""
_FIRST_S, _LAST_S = 2, 50
"""The late clerk arrives within these seconds of a minute, clear of a clock's small error at both ends."""


def play(run: Run) -> None:
    """Play the scene once and say on the way what can be seen where."""
    wait_for("the terminal", lambda: answers(f"{run.terminal_url}/health.json"))
    say(f"centre   {run.centre_url}/")
    say(f"terminal {run.terminal_url}/   evaluator {run.terminal_url}/evaluator/1   hall {run.terminal_url}/hall")
    arrived = arrive_late(run)
    clock_in_by_face(run)
    refuse_the_stranger(run)
    rate(run)
    leave(run, arrived)
    show_points(run)


def arrive_late(run: Run) -> datetime:
    """Declare the shift around this minute and let the late clerk type her PIN; return when she came."""
    start = _moment()
    held = _feed(run)["schedule"]
    record(run, working_day(start.replace(second=0, microsecond=0)))
    wait_for("the terminal to hear of its shift", lambda: _feed(run)["schedule"] > held)
    type_pin(run, LATE)
    time.sleep(_TO_READ_S)
    say(f"{LATE.name} typed her PIN a minute after her shift began: late (1.1), shown on the clock-in screen")
    return start


def _moment() -> datetime:
    """Return a moment well inside a minute and inside a day, waiting for it where it must."""
    while True:
        now = datetime.now(COUNTY_TIME)
        midnight = now.hour * 60 + now.minute in {0, 23 * 60 + 58, 23 * 60 + 59}
        if _FIRST_S <= now.second <= _LAST_S and not midnight:
            return now
        time.sleep(0.2)


def clock_in_by_face(run: Run) -> None:
    """Let the punctual clerk step before the camera, in a photograph that he was not enrolled with."""
    stage.person(run, "obama3.jpg")
    wait_for("the clock-in by face", lambda: _punches(run).get(PUNCTUAL.person))
    say(f"{PUNCTUAL.name} was recognised and clocked in on time")
    time.sleep(_TO_READ_S)
    stage.empty(run)


def refuse_the_stranger(run: Run) -> None:
    """Let somebody who is not enrolled stand there, and see that nobody was clocked in."""
    before = _punches(run)
    stage.person(run, "astronaut.png")
    time.sleep(_TO_READ_S)
    stage.empty(run)
    if _punches(run) != before:
        raise SystemExit("a stranger was clocked in: this is a defect, please report it")
    say("a stranger stood before the camera and was refused")


def rate(run: Run) -> None:
    """Let three citizens press a button, one of them a bad one, and the county office review that one."""
    press(run, "1", 5)
    press(run, "1", 4)
    visit = press(run, "2", 2)
    wait_for("the centre to have the ratings", lambda: not _health(run)["unsent"])
    review = {"visit": visit, "valid": True, "attributable": True}
    record(run, [{"type": "rating.reviewed", "data": review}])
    say("three citizens rated; the one 不满意 was reviewed as valid and attributable (4.4)")


def leave(run: Run, arrived: datetime) -> None:
    """Let the late clerk leave in the next minute, which makes her day complete."""
    leaves_at = arrived.replace(second=_FIRST_S, microsecond=0) + timedelta(minutes=1)
    time.sleep(max(0.0, (leaves_at - datetime.now(COUNTY_TIME)).total_seconds()))
    type_pin(run, LATE)
    say(f"{LATE.name} clocked out")
    wait_for("the centre to have everything", lambda: not _health(run)["unsent"])


def show_points(run: Run) -> None:
    """Say what the day came to, read from the centre's own ledger."""
    for actor in (LATE, PUNCTUAL):
        say(f"scorecard of {actor.name}: {run.centre_url}/people/{actor.person}")
    ledger = subprocess.run(
        [sys.executable, "-m", "scoring", "replay", "-", "--month", f"{datetime.now(COUNTY_TIME):%Y-%m}",
         "--as-of", f"{datetime.now(COUNTY_TIME):%Y-%m-%d}"],
        input=_exported(run), capture_output=True, check=True,
    ).stdout.decode()  # fmt: skip
    say_lines(ledger)
    say("Try it yourself while it runs, in another terminal window of this folder:")
    say(f"  .venv/bin/python -m kiosk ask --config {run.config} --window 1")
    say(f"  .venv/bin/python -m kiosk press --config {run.config} --window 1 --grade 5")
    pins = "   ".join(f"{actor.name} {actor.job_number} / {actor.pin}" for actor in STAFF)
    say(f"  numbers and PINs for the clock-in screen: {pins}")
    say("The scene is over. Ctrl-C ends everything.")


def say_lines(ledger: str) -> None:
    """Say every charged line of the month."""
    for person in json.loads(ledger)["people"]:
        for line in person["lines"]:
            say(f"  {person['person']} {line['clause']} {line['points']:+} {line['note']}")
        say(f"  {person['person']} total {person['total']}")


def _exported(run: Run) -> bytes:
    return subprocess.run(
        [sys.executable, "-m", "scoring", "export", "--database", run.database], capture_output=True, check=True
    ).stdout


def type_pin(run: Run, actor: Actor) -> None:
    """Type a job number and a PIN on the terminal's clock-in page."""
    typed = {"job_number": actor.job_number, "pin": actor.pin}
    answer = requests.post(f"{run.terminal_url}/pin", data=typed, headers={"X-Screen": "1"}, timeout=10)
    if not answer.ok:
        raise SystemExit(f"the terminal refused {actor.name}: {answer.text}")


def press(run: Run, window: str, grade: int) -> str:
    """Ask as the clerk does and press as the citizen does; return the visit."""
    visit = _kiosk(run, "ask", "--window", window)
    time.sleep(1)
    _kiosk(run, "press", "--window", window, "--grade", str(grade))
    return visit


def _kiosk(run: Run, command: str, *arguments: str) -> str:
    call = [sys.executable, "-m", "kiosk", command, "--config", str(run.config), *arguments]
    return subprocess.run(call, capture_output=True, text=True, check=True).stdout.strip()


def _health(run: Run) -> dict[str, object]:
    answer: dict[str, object] = requests.get(f"{run.terminal_url}/health.json", timeout=10).json()
    return answer


def _feed(run: Run) -> dict[str, int]:
    feed = _health(run)["feed"]
    return feed if isinstance(feed, dict) else {}


def _punches(run: Run) -> Counter[str]:
    events = (parse_event(line) for line in exported_lines(run.path / "terminal" / "ledger.db"))
    return Counter(str(event.data["person"]) for event in events if event.type == "punch")


def say(text: str) -> None:
    """Print one line at once."""
    print(text, flush=True)


if __name__ == "__main__":
    play(load_run(Path(sys.argv[1])))
    signal.pause()
