"""The demonstration county: invented halls and people, and where one run keeps its files."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

HALL = "yanshi"
TERMINAL = "yanshi-t01"
ACTOR = "演示办公室"
_NOON, _EVENING = 12, 18


@dataclass(frozen=True)
class Actor:
    """Somebody of the scene; names are invented, `pin` is what the terminal asks for."""

    person: str
    name: str
    job_number: str
    window: str
    pin: str


PUNCTUAL = Actor("P1001", "李明远", "1001", "1", "135790")
LATE = Actor("P1002", "王秀英", "1002", "2", "246802")
ABSENT = Actor("P1003", "陈静", "1003", "3", "112358")
STAFF = (PUNCTUAL, LATE, ABSENT)


@dataclass(frozen=True)
class Run:
    """One run's folder, addresses and sample pictures, handed from process to process."""

    folder: str
    centre_port: int
    terminal_port: int
    samples: str

    @property
    def path(self) -> Path:
        """Return the run's folder."""
        return Path(self.folder)

    @property
    def centre_url(self) -> str:
        """Return the centre's address."""
        return f"http://127.0.0.1:{self.centre_port}"

    @property
    def terminal_url(self) -> str:
        """Return the terminal's address."""
        return f"http://127.0.0.1:{self.terminal_port}"

    @property
    def database(self) -> str:
        """Return the URL of the centre's ledger."""
        return f"sqlite:///{self.path / 'centre' / 'ledger.db'}"

    @property
    def config(self) -> Path:
        """Return the terminal's configuration file."""
        return self.path / "terminal.toml"

    @property
    def scene(self) -> Path:
        """Return the folder that the simulated camera looks at."""
        return self.path / "scene"

    @property
    def admin_token(self) -> Path:
        """Return the file of the centre's own token."""
        return self.path / "centre" / "admin.token"

    def save(self) -> None:
        """Keep this record for the other processes of the run."""
        (self.path / "run.json").write_text(json.dumps(asdict(self)), encoding="utf-8")


def load_run(folder: Path) -> Run:
    """Return the record of a run that was saved."""
    return Run(**json.loads((folder / "run.json").read_text(encoding="utf-8")))


CONFIG = """\
# The demonstration terminal. Every key is explained in docs/settings.md.
[terminal]
id = "{terminal}"
hall = "{hall}"
state = "terminal"
port = {port}

[centre]
url = "{centre}"

[camera]
source = "folder:scene"
hold_s = 0.5
frames_per_second = 5.0

[hardware]
simulated = true

[[windows]]
id = "1"
name = "1 号综合窗口"
pins = [4, 5, 6, 12, 13]

[[windows]]
id = "2"
name = "2 号综合窗口"
pins = [16, 17, 18, 19, 20]

[[windows]]
id = "3"
name = "3 号综合窗口"
pins = [21, 22, 23, 24, 25]
"""


def terminal_config(run: Run) -> str:
    """Return the text of the terminal's configuration."""
    return CONFIG.format(terminal=TERMINAL, hall=HALL, port=run.terminal_port, centre=run.centre_url)


def directory(today: datetime) -> list[dict[str, object]]:
    """Return the county's first events: two halls and three clerks, all of today."""
    on = today.date().isoformat()
    halls: list[dict[str, object]] = [
        {"type": "hall.opened", "data": {"hall": "xian", "name": "演示县政务服务中心", "level": "county"}},
        {
            "type": "hall.opened",
            "data": {"hall": HALL, "name": "演示镇便民服务中心", "level": "town", "parent": "xian"},
        },
    ]
    for actor in STAFF:
        registered = {
            "person": actor.person,
            "name": actor.name,
            "job_number": actor.job_number,
            "hired_on": on,
            "education": "bachelor",
            "filed_on": on,
        }
        assigned = {"person": actor.person, "hall": HALL, "window": actor.window, "from": on}
        halls += [
            {"type": "person.registered", "data": registered},
            {"type": "person.assigned", "data": assigned},
        ]
    return halls


def working_day(start: datetime) -> list[dict[str, object]]:
    """Return the events that make today a working day around `start`, the minute of the late clerk's arrival.

    The shift began a minute ago. The late clerk has the rest of it off from `start` on, so that her day is complete
    when she leaves a minute later; the punctual one is expected from field work in five minutes.
    """
    begins = start - timedelta(minutes=1)
    ends = min(start + timedelta(hours=2), start.replace(hour=23, minute=59))
    on = start.date().isoformat()
    name = "am" if begins.hour < _NOON else "pm" if begins.hour < _EVENING else "night"
    session = {"name": name, "start": f"{begins:%H:%M}", "end": f"{ends:%H:%M}"}
    return [
        {"type": "calendar.day", "data": {"on": on, "working": True, "name": "演示日", "hall": HALL}},
        {
            "type": "shift.set",
            "data": {"hall": HALL, "from": on, "weekdays": [1, 2, 3, 4, 5], "sessions": [session]},
        },
        _leave("L-late", LATE, "time_off", start, ends),
        _leave("L-punctual", PUNCTUAL, "field_work", begins, start + timedelta(minutes=5)),
    ]


def _leave(leave: str, actor: Actor, kind: str, from_at: datetime, to_at: datetime) -> dict[str, object]:
    data = {
        "leave": leave,
        "person": actor.person,
        "kind": kind,
        "from": from_at.isoformat(),
        "to": to_at.isoformat(),
        "filed": True,
    }
    return {"type": "leave.granted", "data": data}
