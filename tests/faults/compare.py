"""What became of what was promised: ids, lines and exports enter, counts of lost, doubled and altered leave.

It parses and hashes by itself and uses nothing of the product, so that no mutant of the product reaches it.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.faults.fault import Outcome


def promised(ids: Iterable[str], lines: Sequence[bytes]) -> Outcome:
    """Return what of the promised ids (of events, or of visits opened) is missing, and what stands here twice."""
    events = [json.loads(line) for line in lines]
    names = [event["id"] for event in events]
    visits = [event["data"]["visit"] for event in events if event["type"] == "rating.requested"]
    lost = set(ids) - set(names) - set(visits)
    return Outcome(True, lost=len(lost), doubled=_repeats(names) + _repeats(visits) + _repeats(_rated(events)))


def _rated(events: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the visit of each rating: one visit, one rating, so none stands here twice."""
    return [event["data"]["visit"] for event in events if event["type"] == "rating.given"]


def _repeats(names: Iterable[str]) -> int:
    return sum(times - 1 for times in Counter(names).values())


def extends(before: Sequence[bytes], after: Sequence[bytes]) -> Outcome:
    """Return how many lines read earlier are gone or changed; a store only ever grows."""
    held = {_place(line): line for line in after}
    lost = sum(1 for line in before if _place(line) not in held)
    return Outcome(True, lost=lost, altered=sum(1 for line in before if held.get(_place(line), line) != line))


def numbered(lines: Sequence[bytes]) -> Outcome:
    """Return the holes and repeats in the numbers of each (origin, epoch); each begins with 1."""
    held: dict[tuple[str, str], list[int]] = {}
    for line in lines:
        event = json.loads(line)
        held.setdefault((event["origin"], event["epoch"]), []).append(event["seq"])
    lost = sum(max(seqs) - len(set(seqs)) for seqs in held.values())
    return Outcome(True, lost=lost, doubled=sum(_repeats(map(str, seqs)) for seqs in held.values()))


def arrived(ours: Sequence[bytes], theirs: Sequence[bytes]) -> Outcome:
    """Return what of the terminal's lines is missing at the centre, stands there twice, or with other bytes."""
    by_place = {_place(line): line for line in theirs}
    lost = sum(1 for line in ours if _place(line) not in by_place)
    altered = sum(1 for line in ours if by_place.get(_place(line), line) != line)
    doubled = _repeats(str(_place(line)) for line in theirs) + _repeats(json.loads(line)["id"] for line in theirs)
    return Outcome(True, lost=lost, doubled=doubled, altered=altered)


def _place(line: bytes) -> tuple[str, str, int]:
    event = json.loads(line)
    return event["origin"], event["epoch"], event["seq"]


def of_origin(lines: Iterable[bytes], origin: str) -> list[bytes]:
    """Return the lines of one terminal."""
    return [line for line in lines if json.loads(line)["origin"] == origin]


def chained(lines: Iterable[bytes], previous: bytes = bytes(32)) -> list[str]:
    """Return the contract's hash after each line, in hex: h = SHA-256("evt1" ‖ h ‖ line)."""
    made = []
    for line in lines:
        previous = hashlib.sha256(b"evt1" + previous + line).digest()
        made.append(previous.hex())
    return made
