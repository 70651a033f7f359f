"""A county made up by chance, for measuring: how many people, which months enter; the lines of a ledger leave."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from chinese_calendar import is_workday

from sync.events import COUNTY_TIME

PEOPLE, RATINGS, FINDINGS, YEAR = 3000, 50_000, 5000, 2026
_PER_HALL = 8
_DUE = (8 * 60 + 30, 12 * 60, 13 * 60 + 30, 17 * 60 + 30)
_SESSIONS = [{"name": "am", "start": "08:30", "end": "12:00"}, {"name": "pm", "start": "13:30", "end": "17:30"}]
_CLAUSES: tuple[dict[str, Any], ...] = (
    {"clause": "1.1", "variant": "off_post"},
    {"clause": "2.2"},
    {"clause": "2.4", "points": 3},
    {"clause": "3.1"},
    {"clause": "4.4", "variant": "unopened", "session": "am"},
    {"clause": "5.1"},
    {"clause": "6.2", "variant": "letter"},
    {"clause": "6.4"},
)


class CountyLedger:
    """A county made up by chance, but the same for the same seed: its lines, month by month."""

    def __init__(self, people: int = PEOPLE, seed: int = 1) -> None:
        self.people = [f"P{number:05}" for number in range(people)]
        self._chance = random.Random(seed)
        self._seq: dict[str, int] = {}
        self._count = 0

    def directory(self) -> Iterator[bytes]:
        """Yield halls with a shift and a terminal each, and everybody's papers."""
        at = datetime(YEAR, 1, 1, tzinfo=COUNTY_TIME)
        for hall in dict.fromkeys(map(self._hall, range(len(self.people)))):
            opened = {"hall": hall, "name": f"{hall}便民服务站", "level": "village"}
            yield self._line("centre", "hall.opened", at, opened)
            shift = {"hall": hall, "from": "2020-01-01", "weekdays": [1, 2, 3, 4, 5], "sessions": _SESSIONS}
            yield self._line("centre", "shift.set", at, shift)
            assigned = {"terminal": f"{hall}-t01", "hall": hall, "from": "2020-01-01"}
            yield self._line("centre", "terminal.assigned", at, assigned)
        for number, person in enumerate(self.people):
            papers = {"person": person, "name": "林静", "job_number": str(number), "hired_on": "2020-01-01"}
            yield self._line("centre", "person.registered", at, papers | {"education": "bachelor"})
            assignment = {"person": person, "hall": self._hall(number), "from": "2020-01-01"}
            yield self._line("centre", "person.assigned", at, assignment)

    def month(self, number: int, *, punches_alone: bool = False) -> Iterator[bytes]:
        """Yield four punches a person and working day, and else ratings, findings, leave, and terminals' reports."""
        first_on = date(YEAR, number, 1)
        days = [first_on + timedelta(days=day) for day in range(31)]
        working = [on for on in days if on.month == number and is_workday(on)]
        for on in working:
            for place in range(len(self.people)):
                yield from self._punches(place, datetime(on.year, on.month, on.day, tzinfo=COUNTY_TIME))
        if punches_alone:
            return
        share = len(self.people) / PEOPLE
        for visit in range(int(RATINGS * share)):
            yield from self._rating(f"v{number}-{visit}", self._chance.choice(working))
        for finding in range(int(FINDINGS * share)):
            yield self._finding(f"F{number}-{finding}", self._chance.choice(working))
        for leave in range(int(len(self.people) * 0.1)):
            yield from self._leave(f"L{number}-{leave}", working)
        for hall in dict.fromkeys(map(self._hall, range(len(self.people)))):
            at = datetime(YEAR + number // 12, number % 12 + 1, 1, 1, tzinfo=COUNTY_TIME)
            report = {"terminal": f"{hall}-t01", "through": at.isoformat()}
            yield self._line("centre", "terminal.reported", at, report)

    def _hall(self, place: int) -> str:
        return f"h{place // _PER_HALL:04}"

    def _punches(self, place: int, midnight_at: datetime) -> Iterator[bytes]:
        for kind, minute in enumerate(_DUE):
            luck = self._chance.random()
            if luck < 0.004:
                continue
            off = self._chance.randrange(0, 25) if luck > 0.02 else -self._chance.randrange(1, 20)
            seconds = (minute + (off if kind % 2 else -off)) * 60 + self._chance.randrange(60)
            yield self._punch(place, midnight_at + timedelta(seconds=seconds))

    def _punch(self, place: int, at: datetime) -> bytes:
        hall = self._hall(place)
        payload = {"person": self.people[place], "hall": hall, "method": "face", "score": 0.93}
        return self._line(f"{hall}-t01", "punch", at, payload)

    def _rating(self, visit: str, on: date) -> Iterator[bytes]:
        place = self._chance.randrange(len(self.people))
        at = datetime(on.year, on.month, on.day, 9, tzinfo=COUNTY_TIME)
        at += timedelta(seconds=self._chance.randrange(3 * 3600))
        hall = self._hall(place)
        visited = {"visit": visit, "hall": hall, "window": "1", "person": self.people[place]}
        yield self._line(f"{hall}-t01", "rating.requested", at, visited)
        grade = self._chance.choices((5, 4, 3, 2, 1), (80, 15, 3, 1, 1))[0]
        given = visited | {"grade": grade, "channel": "button"}
        yield self._line(f"{hall}-t01", "rating.given", at + timedelta(seconds=5), given)
        if grade <= 2:
            review = {"visit": visit, "valid": True, "attributable": self._chance.random() < 0.5}
            yield self._line("centre", "rating.reviewed", at + timedelta(hours=5), review)

    def _finding(self, finding: str, on: date) -> bytes:
        place = self._chance.randrange(len(self.people))
        found = {"finding": finding, "person": self.people[place], "on": on.isoformat(), "hall": self._hall(place)}
        at = datetime(on.year, on.month, on.day, 15, tzinfo=COUNTY_TIME)
        return self._line("centre", "finding.recorded", at, found | self._chance.choice(_CLAUSES) | {"confirmed": True})

    def _leave(self, leave: str, working: list[date]) -> Iterator[bytes]:
        place, on = self._chance.randrange(len(self.people)), self._chance.choice(working[:-2])
        at = datetime(on.year, on.month, on.day, tzinfo=COUNTY_TIME)
        kind = self._chance.choice(("personal", "sick", "annual", "field_work"))
        span = {"from": (at + timedelta(hours=8)).isoformat(), "to": (at + timedelta(hours=12)).isoformat()}
        granted = {"leave": leave, "person": self.people[place], "kind": kind, "filed": True} | span
        yield self._line("centre", "leave.granted", at, granted)
        closed_on = on + timedelta(days=1)
        yield self._line("centre", "leave.closed", at, {"leave": leave, "on": closed_on.isoformat()})

    def _line(self, origin: str, type_: str, at: datetime, payload: dict[str, Any]) -> bytes:
        self._count += 1
        seq = self._seq[origin] = self._seq.get(origin, 0) + 1
        id_ = f"0192f1c2-{self._count >> 16 & 0xFFFF:04x}-7{self._count & 0xFFF:03x}-8000-{self._count:012x}"
        line: dict[str, Any] = {"v": 1, "id": id_, "origin": origin, "epoch": "7f3a9c21", "seq": seq, "type": type_}
        line["occurred_at"] = at.isoformat(timespec="milliseconds")
        if origin != "centre":
            clock = {"source": "ntp", "uncertainty_ms": 12, "boot_id": "5f6f4a52-6c56-4f0e-9bb4-4c9dd8fd4e0c"}
            line["clock"] = clock | {"boottime_ns": 812_345_678_901 + self._count}
        return json.dumps(line | {"data": payload}, ensure_ascii=False, separators=(",", ":")).encode()


def write_ledger(
    path: Path, people: int = PEOPLE, months: Iterable[int] = (11,), *, punches_alone: bool = False
) -> int:
    """Write a county's ledger and return how many lines it has."""
    county = CountyLedger(people)
    lines = 0
    with path.open("wb") as out:
        for part in (county.directory(), *(county.month(number, punches_alone=punches_alone) for number in months)):
            for line in part:
                out.write(line + b"\n")
                lines += 1
    return lines
