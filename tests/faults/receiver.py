"""`python -m tests.faults.receiver FOLDER ROUNDS`: a centre at work, which prints each promise that it answers.

It is the whole centre behind its API, without a socket, so that the order of its system calls is always the same.
"""

from __future__ import annotations

import random
import sys
from datetime import UTC, datetime
from pathlib import Path

from scoring.app import create_app
from scoring.centre import open_centre
from tests.faults.recorder import printed as promise
from tests.scoring.fakes import FakeTerminal, Office, StillClock

_CREATED = 201


def main(folder: Path, rounds: int) -> None:
    """Open the centre in `folder`, let a new terminal in, and take its batches."""
    folder.mkdir(parents=True, exist_ok=True)
    centre = open_centre(f"sqlite:///{folder / 'centre.db'}")
    client = create_app(centre).test_client()
    office, clock = Office(client, centre), StillClock(datetime.now(UTC))
    name = random.randbytes(4).hex()
    office.open_hall(f"h-{name}")
    office.employ(f"P-{name}", f"h-{name}")
    terminal = FakeTerminal(client, clock, f"t-{name}", f"h-{name}", first_id=random.randrange(10**11))
    assert office.enrol(terminal).status_code == _CREATED
    promise("enrolled", origin=terminal.origin)
    for _ in range(rounds):
        start = len(terminal.lines) + 1
        for _ in range(random.randint(1, 5)):
            terminal.add(payload={"person": f"P-{name}", "hall": f"h-{name}", "method": "pin"})
        if terminal.send(start).status_code == 200:
            for line in terminal.lines[start - 1 :]:
                promise("line", line=line.decode())
        beat = terminal.beat()
        assert beat.status_code == 200, beat.text
        act = office.record(("investigation.opened", {"person": f"P-{name}", "on": "2026-10-08"}))
        if act.status_code == _CREATED:
            promise("act", id=act.get_json()["events"][0]["id"])
    centre.store.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
