"""A small hall as the feed tells of it: directory events, and punches of its terminal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sync.events import COUNTY_TIME, Event, encode_event, parse_event

DAY = datetime(2026, 10, 8, tzinfo=COUNTY_TIME)
"""A Thursday, an ordinary working day."""
SESSIONS = [
    {"name": "am", "start": "08:30", "end": "12:00"},
    {"name": "pm", "start": "14:00", "end": "17:30"},
]


class County:
    """Collects events; each gets the next number of its origin."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._numbers: dict[str, int] = {}
        self.centre("hall.opened", hall="gaogou", name="高沟镇便民服务中心", level="town")
        self.centre("shift.set", hall="gaogou", **{"from": "2026-01-01"}, weekdays=[1, 2, 3, 4, 5], sessions=SESSIONS)

    def centre(self, type_: str, **payload: object) -> Event:
        return self._add("centre", type_, DAY - timedelta(days=1), payload)

    def clerk(self, person: str, name: str, window: str | None = None) -> None:
        self.centre(
            "person.registered",
            person=person,
            name=name,
            job_number=f"10{person}",
            hired_on="2026-01-01",
            education="none",
        )
        place = {"window": window} if window else {}
        self.centre("person.assigned", person=person, hall="gaogou", **{"from": "2026-01-01"}, **place)

    def punch(self, person: str, time: str) -> str:
        at = DAY + timedelta(hours=int(time[:2]), minutes=int(time[3:5]), seconds=int(time[6:] or 0))
        event = self._add("gaogou-t01", "punch", at, {"person": person, "hall": "gaogou", "method": "pin"})
        return event.id

    def _add(self, origin: str, type_: str, at: datetime, payload: Mapping[str, Any]) -> Event:
        number = self._numbers[origin] = self._numbers.get(origin, 0) + 1
        line = encode_event(
            event_id=f"{origin}-{number:04}",
            origin=origin,
            epoch="e1",
            seq=number,
            type_=type_,
            occurred_at=at,
            payload=payload,
        )
        event = parse_event(line)
        self.events.append(event)
        return event


def at(time: str) -> datetime:
    """Return a time of the day, such as 08:29 or 08:29:30."""
    hours, minutes, *seconds = (int(part) for part in time.split(":"))
    return DAY + timedelta(hours=hours, minutes=minutes, seconds=seconds[0] if seconds else 0)
