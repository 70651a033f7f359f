"""A county in a ledger, for tests: sentences such as `punches("P1", "2026-11-02 08:30")` become lines."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

from rules.attendance import Day, day_of
from rules.facts import Facts, gather
from rules.months import Month
from rules.policy import Policy, load_policy
from scoring.replay import read_ledger, replay_month, replay_year
from sync.events import COUNTY_TIME

HALL, TERMINAL, PERSON = "gaogou", "gaogou-t01", "P1"
SESSIONS = [{"name": "am", "start": "08:30", "end": "12:00"}, {"name": "pm", "start": "13:30", "end": "17:30"}]
MONDAY = "2026-11-02"
"""The first working day of a month without holidays, in which 21 days are worked."""


class County:
    """One hall with a morning and an afternoon from Monday to Friday; everything else is said in the test."""

    def __init__(self, *, hall: str = HALL, sessions: list[dict[str, str]] | None = None) -> None:
        self.lines: list[bytes] = []
        self._seq: dict[str, int] = {}
        self.opens(hall)
        self.sets_shift(hall, sessions=sessions)

    def says(
        self,
        type_: str,
        payload: dict[str, Any],
        *,
        at: str = "2026-01-01 00:00:00",
        origin: str = "centre",
        uncertainty_ms: int | None = None,
        id_: str | None = None,
    ) -> str:
        """Add an event and return its id; `at` is county time."""
        seq = self._seq[origin] = self._seq.get(origin, 0) + 1
        id_ = id_ or f"e{len(self.lines) + 1:05}"
        line = {
            "v": 1,
            "id": id_,
            "origin": origin,
            "epoch": "1",
            "seq": seq,
            "type": type_,
            "occurred_at": instant(at),
        }
        if uncertainty_ms is not None:
            line["clock"] = {"source": "rtc", "uncertainty_ms": uncertainty_ms}
        self.lines.append(json.dumps(line | {"data": payload}, ensure_ascii=False, separators=(",", ":")).encode())
        return id_

    def opens(self, hall: str) -> str:
        return self.says("hall.opened", {"hall": hall, "name": hall, "level": "town"})

    def sets_shift(
        self,
        hall: str = HALL,
        *,
        from_: str = "2020-01-01",
        weekdays: tuple[int, ...] = (1, 2, 3, 4, 5),
        sessions: list[dict[str, str]] | None = None,
    ) -> str:
        payload = {"hall": hall, "from": from_, "weekdays": list(weekdays)}
        return self.says("shift.set", payload | {"sessions": SESSIONS if sessions is None else sessions})

    def decides_day(self, on: str, *, working: bool, hall: str | None = None, at: str = "2026-01-01 00:00:00") -> str:
        return self.says("calendar.day", {"on": on, "working": working} | ({"hall": hall} if hall else {}), at=at)

    def hires(self, person: str = PERSON, *, from_: str = "2020-01-01", hall: str = HALL, **more: Any) -> str:
        papers = {"person": person, "name": "林静", "job_number": "1", "hired_on": "2020-01-01", "education": "none"}
        self.says("person.registered", papers | more)
        return self.assigns(person, from_=from_, hall=hall)

    def assigns(self, person: str = PERSON, *, from_: str, hall: str = HALL, at: str = "2026-01-01 00:00:00") -> str:
        return self.says("person.assigned", {"person": person, "hall": hall, "from": from_}, at=at)

    def loses(self, person: str = PERSON, *, on: str) -> str:
        return self.says("person.left", {"person": person, "on": on})

    def punches(
        self, *times: str, person: str = PERSON, hall: str = HALL, uncertainty_ms: int | None = None
    ) -> list[str]:
        """Add a punch at each county time; without a date it is on MONDAY."""
        payload = {"person": person, "hall": hall, "method": "face"}
        full = [time if "-" in time else f"{MONDAY} {time}" for time in times]
        return [
            self.says("punch", payload, at=time, origin=f"{hall}-t01", uncertainty_ms=uncertainty_ms) for time in full
        ]

    def punches_all_month(self, person: str = PERSON, *, but: tuple[str, ...] = ()) -> None:
        """Punch on time on every working day of November 2026, but for these dates."""
        for on in Month(2026, 11).days():
            if on.isoweekday() < 6 and on.isoformat() not in but:
                self.punches(*(f"{on} {time}" for time in ("08:20", "12:05", "13:20", "17:35")), person=person)

    def grants(self, kind: str, from_: str, to: str, *, person: str = PERSON, filed: bool = True, **more: Any) -> str:
        payload = {"leave": f"L{len(self.lines)}", "person": person, "kind": kind, "filed": filed} | more
        return self.says("leave.granted", payload | {"from": instant(from_), "to": instant(to)})

    def finds(self, clause: str, *, person: str = PERSON, on: str = MONDAY, confirmed: bool = True, **more: Any) -> str:
        payload = {"finding": f"F{len(self.lines)}", "person": person, "clause": clause, "on": on, "hall": HALL}
        return self.says("finding.recorded", payload | {"confirmed": confirmed} | more)

    def explains(self, session: str, *, on: str = MONDAY, person: str = PERSON) -> str:
        return self.says("explanation.accepted", {"person": person, "on": on, "session": session, "reason": "外勤"})

    def rates(self, visit: str, grade: int, *, at: str = f"{MONDAY} 10:00", person: str = PERSON, **more: Any) -> str:
        """Open the visit and rate it; return the rating's id."""
        visited = {"visit": visit, "hall": HALL, "window": "1", "person": person}
        self.says("rating.requested", visited | more, at=at, origin=TERMINAL)
        return self.says("rating.given", visited | {"grade": grade, "channel": "button"}, at=at, origin=TERMINAL)

    def reviews(
        self, visit: str, *, valid: bool = True, attributable: bool = True, at: str = "2026-11-03 09:00"
    ) -> str:
        return self.says("rating.reviewed", {"visit": visit, "valid": valid, "attributable": attributable}, at=at)

    def facts(self) -> Facts:
        return gather(read_ledger(self.lines))

    def day(self, on: str = MONDAY, person: str = PERSON) -> Day:
        return day_of(self.facts(), person, date.fromisoformat(on), load_policy())

    def month(self, month: str = "2026-11", as_of: str | None = None, policy: Policy | None = None) -> dict[str, Any]:
        day = date.fromisoformat(as_of) if as_of else None
        return replay_month(self.lines, Month.parse(month), policy or load_policy(), day)

    def year(self, year: int = 2026, as_of: str | None = None) -> dict[str, Any]:
        return replay_year(self.lines, year, load_policy(), date.fromisoformat(as_of) if as_of else None)

    def person(self, person: str = PERSON, **asked: Any) -> dict[str, Any]:
        """Return one person of the month's answer."""
        found: dict[str, Any] = next(each for each in self.month(**asked)["people"] if each["person"] == person)
        return found

    def first_day(self, person: str = PERSON) -> dict[str, Any]:
        """Return the person's November as it stands at the end of its first working day."""
        return self.person(person, as_of=MONDAY)


def instant(text: str) -> str:
    """Return the RFC 3339 form of a county time such as 2026-11-02 08:30."""
    return datetime.fromisoformat(text).replace(tzinfo=COUNTY_TIME).isoformat()


def briefly(lines: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Return (clause, points, date, session) of lines."""
    return [(line["clause"], line["points"], line["on"], line.get("session")) for line in lines]
