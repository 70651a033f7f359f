"""From a grade and a person's papers to yuan. Exact numbers enter and leave; only printing rounds.

Source: 实施意见 四(四)3 and 四(六)3(1).
"""

from __future__ import annotations

from datetime import MAXYEAR, date
from fractions import Fraction

from msgspec import Struct

from rules.grading import POOR
from rules.months import Month
from rules.policy import Edition
from rules.records import Person


class Allowances(Struct, frozen=True):
    """The month's allowances, in whole yuan."""

    skill: int
    seniority: int
    education: int


def bonus_pay_of(person: Person, total: Fraction, grade: str | None, month: Month, law: Edition) -> Fraction | None:
    """Return the month's bonus in yuan, exact; None without a grade and on probation at the month's end.

    Source: 实施意见 四(六)3(1): base x total / 100, nothing for 差.
    """
    if grade is None or ("bonus" not in law.paid_on_probation and _on_probation(person, month.last_on)):
        return None
    return Fraction(0) if grade == POOR else law.bonus_base_yuan * total / 100


def allowances_of(person: Person, month: Month, law: Edition) -> Allowances:
    """Return the allowances as they stand on the month's first day. Source: 实施意见 四(四)3(2) to (4)."""
    day = month.first_on
    on_probation = _on_probation(person, day)

    def paid(kind: str, yuan: int) -> int:
        return 0 if on_probation and kind not in law.paid_on_probation else yuan

    return Allowances(
        skill=paid("skill", _skill(person, day, law)),
        seniority=paid("seniority", _seniority(person, day, law)),
        education=paid("education", law.education_yuan.get(person.education, 0)),
    )


def anniversary(of: date, years: int) -> date | None:
    """Return the day so many years later, 28 February for the 29th; None beyond the calendar."""
    if of.year + years > MAXYEAR:
        return None
    try:
        return of.replace(year=of.year + years)
    except ValueError:
        return date(of.year + years, 2, 28)


def _on_probation(person: Person, day: date) -> bool:
    return person.probation_until is not None and person.probation_until >= day


def _skill(person: Person, day: date, law: Edition) -> int:
    held = [certificate.grade for certificate in person.certificates if certificate.issued_on < day]
    return law.skill_yuan_by_grade.get(min(held), 0) if held else 0


def _seniority(person: Person, day: date, law: Edition) -> int:
    if not person.certificates:
        return 0
    since = max(person.hired_on, min(certificate.issued_on for certificate in person.certificates))
    yuan = 0
    for years in sorted(law.seniority_yuan_by_years):
        reached_on = anniversary(since, years)
        if reached_on is not None and reached_on < day:
            yuan = law.seniority_yuan_by_years[years]
    return yuan
