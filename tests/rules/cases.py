"""Cases that an official can read: a situation in TOML and what the text makes of it, enter; a county and checks leave.

Unless a case says otherwise: one hall works from Monday to Friday, 08:30 to 12:00 (am) and 13:30 to 17:30 (pm); 林静
(P1) is on its register from Monday 2026-11-02, punches in and out on time, and is judged at the end of that day.
Expected results are worked by hand from the text, never taken from the program.
"""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from rules.policy import Policy, load_policy
from tests.rules.county import MONDAY, PERSON, SESSIONS, TERMINAL, County

FOLDER = Path(__file__).parent / "cases"
_ON_TIME = ["08:30", "12:00", "13:30", "17:30"]
_AT_REST = "2020-01-01"


class Found(Struct, forbid_unknown_fields=True):
    """A finding, confirmed unless it says otherwise; `on` is by default the day of the case."""

    clause: str
    variant: str | None = None
    points: Any = None
    session: str | None = None
    on: date | None = None
    confirmed: bool = True
    revoked: bool = False
    times: int = 1


class Rated(Struct, forbid_unknown_fields=True):
    """A visit and its rating; `review` is 属实 (valid, and the person's doing), 不属实, 非本人 or 未审核."""

    grade: int
    review: str = "属实"
    unsolicited: bool = False
    times: int = 1


class Away(Struct, forbid_unknown_fields=True):
    """Leave; times are `2026-11-02 08:30`. Closed on the day of its end unless it says otherwise, "" is never."""

    kind: str
    from_: str = msgspec.field(name="from")
    to: str
    filed: bool = True
    closed_on: str | None = None


class Certified(Struct, forbid_unknown_fields=True):
    """A certificate of skill."""

    grade: int
    issued_on: date


class Someone(Struct, forbid_unknown_fields=True):
    """A member of staff: papers, and what was found."""

    from_: date | None = msgspec.field(name="from", default=None)
    hired_on: date | None = None
    left_on: date | None = None
    probation_until: date | None = None
    education: str | None = None
    investigated: list[date] = []  # opened on, and perhaps closed on
    certificates: list[Certified] = []
    findings: list[Found] = []
    ratings: list[Rated] = []
    leave: list[Away] = []


class Expected(Struct, forbid_unknown_fields=True):
    """What must come out; what is not said is not looked at."""

    lines: list[str] | None = None  # "1.1 -5 am", with the date behind it where it is not the day of the case
    pending: list[str] | None = None
    total: float | None = None
    base: float | None = None
    bonus: float | None = None
    section: dict[str, float] = {}
    status: str | None = None
    grade: str | None = None
    pay: str | None = None
    no_pay: bool = False
    skill: int | None = None
    seniority: int | None = None
    education: int | None = None
    set_aside: bool = False
    good: list[str] | None = None
    good_max: int | None = None
    headcount: int | None = None
    year: str | None = None
    flags: list[str] | None = None
    excellent: list[str] | None = None
    excellent_max: int | None = None


class Case(Struct, forbid_unknown_fields=True):
    """A named situation; `shows` lists the clauses, variants and boundaries of the policy that it bears out."""

    name: str
    expect: Expected
    shows: list[str] = []
    sessions: dict[str, tuple[str, str]] | None = None
    punches: list[str] | None = None
    uncertainty_ms: int | None = None
    explained: list[str] = []
    days_off: list[date] = []
    nothing_due: bool = False
    person: Someone = msgspec.field(default_factory=Someone)
    others: dict[str, Someone] = {}
    more_people: int = 0
    closing: list[str] | None = None
    month: str = "2026-11"
    judged_on: date | None = None
    months: str | None = None
    policy: str | None = None

    def county(self) -> County:
        """Return the county of the case, everything in it said."""
        county = County(sessions=[] if self.nothing_due or self.months else self._sessions())
        for on in self.days_off:
            county.decides_day(on.isoformat(), working=False)
        settled = self.nothing_due or self.months is not None
        _enter(county, PERSON, self.person, MONDAY if not settled else _AT_REST)
        for name, someone in self.others.items():
            _enter(county, name, someone, _AT_REST)
        for number in range(self.more_people):
            county.hires(f"Q{number:04}")
        if not settled:
            county.punches(*(_ON_TIME if self.punches is None else self.punches), uncertainty_ms=self.uncertainty_ms)
        for session in self.explained:
            county.explains(session)
        if self.closing is not None:
            payload = {"month": self.month, "good": self.closing, "scorecards_sha256": "0"}
            county.says("month.closed", payload, at="2026-12-05 09:00")
        if self.months:
            _live_through(county, self.months)
        return county

    def _sessions(self) -> list[dict[str, str]]:
        if self.sessions is None:
            return SESSIONS
        return [{"name": name, "start": start, "end": end} for name, (start, end) in self.sessions.items()]

    def policy_at(self, folder: Path) -> Policy:
        """Return the policy of the case: the shipped one, or with its overlay, for which `folder` has room."""
        if self.policy is None:
            return load_policy()
        path = folder / "overlay.toml"
        path.write_text(self.policy, encoding="utf-8")
        return load_policy(path)


def read_cases() -> list[Case]:
    """Return every case of the folder, in order of files; an unknown key is an error that names file and key."""
    found: list[Case] = []
    for path in sorted(FOLDER.glob("*.toml")):
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        try:
            found += msgspec.convert(table["case"], list[Case])
        except msgspec.ValidationError as error:
            raise ValueError(f"{path.name}: {error}") from error
    return found


def _enter(county: County, name: str, someone: Someone, from_: str) -> None:
    papers = {"hired_on": someone.hired_on, "probation_until": someone.probation_until, "education": someone.education}
    said = {key: str(value) for key, value in papers.items() if value is not None}
    county.hires(name, from_=str(someone.from_ or from_), **said)
    if someone.left_on:
        county.loses(name, on=str(someone.left_on))
    for certificate in someone.certificates:
        payload = {"person": name, "grade": certificate.grade, "issued_on": str(certificate.issued_on)}
        county.says("certificate.recorded", payload)
    for type_, on in zip(("investigation.opened", "investigation.closed"), someone.investigated, strict=False):
        county.says(type_, {"person": name, "on": str(on)})
    for finding in someone.findings:
        for _ in range(finding.times):
            _find(county, name, finding)
    for place, rated in enumerate(someone.ratings):
        for time in range(rated.times):
            _rate(county, name, f"{name}-{place}-{time}", rated)
    for away in someone.leave:
        _leave(county, name, away)


def _find(county: County, name: str, found: Found) -> None:
    chosen = {"variant": found.variant, "points": found.points, "session": found.session}
    said = {key: value for key, value in chosen.items() if value is not None}
    id_ = f"F{len(county.lines)}"
    on = str(found.on or MONDAY)
    county.finds(found.clause, person=name, on=on, confirmed=found.confirmed, finding=id_, **said)
    if found.revoked:
        county.says("finding.revoked", {"finding": id_})


def _rate(county: County, name: str, visit: str, rated: Rated) -> None:
    more: dict[str, Any] = {"unsolicited": True} if rated.unsolicited else {}
    county.rates(visit, rated.grade, person=name, **more)
    if rated.review != "未审核":
        valid, attributable = {"属实": (True, True), "不属实": (False, True), "非本人": (True, False)}[rated.review]
        county.reviews(visit, valid=valid, attributable=attributable)


def _leave(county: County, name: str, away: Away) -> None:
    leave = f"L{len(county.lines)}"
    county.grants(away.kind, away.from_, away.to, person=name, filed=away.filed, leave=leave)
    closed_on = away.to[:10] if away.closed_on is None else away.closed_on
    if closed_on:
        county.says("leave.closed", {"leave": leave, "on": closed_on})


def _live_through(county: County, signs: str) -> None:
    """Give P1 a year of these months (好 一 差 停 待), beside three people who are never 好.

    Sessions are due and every punch is awaited from a terminal that never reported, so that nothing is charged
    but findings: 6.5 makes 好, 3.4 一般 (85), 1.5 and 3.4 差 (55), leave all month 停, an investigation 待.
    """
    county.sets_shift(sessions=SESSIONS)
    county.says("terminal.assigned", {"terminal": TERMINAL, "hall": "gaogou", "from": _AT_REST})
    for person in ("R1", "R2", "R3"):
        county.hires(person)
    for number, sign in enumerate(signs, 1):
        on, last = f"2026-{number:02}-03", "2027-01-01 00:00" if number == 12 else f"2026-{number + 1:02}-01 00:00"
        for person in ("R1", "R2", "R3"):
            county.finds("3.4", person=person, on=on)
        for clause in {"好": ["6.5"], "一": ["3.4"], "差": ["1.5", "3.4"]}.get(sign, []):
            county.finds(clause, on=on)
        if sign == "停":
            away = Away(kind="sick", from_=f"2026-{number:02}-01 00:00", to=last, closed_on="2026-01-01")
            _leave(county, PERSON, away)
        if sign == "待":
            county.says("investigation.opened", {"person": PERSON, "on": on})
