"""Makes the demonstration's directory, enrols its terminal and a face, then becomes the terminal."""

from __future__ import annotations

import os
import shutil
import sys
from datetime import datetime
from pathlib import Path

from deploy.demo import stage
from deploy.demo.centre import answers, call, record, wait_for
from deploy.demo.county import HALL, PUNCTUAL, STAFF, TERMINAL, Run, directory, load_run
from kiosk.config import load_config
from kiosk.enrolment import enrol_from_pictures
from kiosk.identity import enrol
from sync.events import COUNTY_TIME


def prepare(run: Run) -> None:
    """Bring the county to where an IT officer would have brought it on the day before."""
    wait_for("the centre", lambda: answers(f"{run.centre_url}/"))
    record(run, directory(datetime.now(COUNTY_TIME)))
    for actor in STAFF:
        call(run, "/v1/centre/pins", {"person": actor.person, "pin": actor.pin})
    code = call(run, "/v1/centre/enrol-codes", {"origin": TERMINAL, "hall": HALL})["code"]
    config = load_config(run.config)
    enrol(config, code, "demonstration")
    stage.empty(run)
    pictures = run.path / "enrol"
    pictures.mkdir()
    for name in ("obama.jpg", "obama2.jpg"):
        shutil.copy(Path(run.samples) / name, pictures / name)
    shots = enrol_from_pictures(config, PUNCTUAL.person, pictures, consent="演示-1", witness="演示办公室")
    print(f"{PUNCTUAL.name} is enrolled from {shots} photographs; nobody else's face is known", flush=True)


if __name__ == "__main__":
    this_run = load_run(Path(sys.argv[1]))
    prepare(this_run)
    os.execv(sys.executable, [sys.executable, "-m", "kiosk", "run", "--config", str(this_run.config)])  # noqa: S606
