"""What a finding costs or brings. A recorded finding and the law of its day enter, its magnitude leaves.

Nothing is guessed: a finding that the law does not fit is refused with the reason.
"""

from __future__ import annotations

from decimal import Decimal

from rules.errors import RulesError
from rules.policy import Edition
from rules.policy_text import Clause
from sync.schema import FindingRecorded


class FindingError(RulesError, ValueError):
    """A finding that its clause does not fit."""


def magnitude_of(recorded: FindingRecorded, law: Edition) -> int:
    """Return the points of a finding, without sign. Source: 考核细则, the clause that the finding names.

    Raises FindingError: no such clause, one that is counted automatically, a variant missing or unknown,
    points missing, not whole, outside the range, or on a clause without a range.
    """
    clause = law.clauses.get(recorded.clause)
    if clause is None:
        raise FindingError(law.absence_of(recorded.clause))
    if clause.automatic:
        raise FindingError(f"clause {clause.id} is counted automatically and takes no finding")
    chosen = _chosen_points(recorded, clause)
    if clause.once_per == "session" and recorded.session is None:
        raise FindingError(f"clause {clause.id} counts once a session, and no session is named")
    if _variant(recorded, clause) is not None:
        return clause.variants[_variant(recorded, clause) or ""]
    if clause.range is None:
        return clause.points or 0
    if chosen is None:
        raise FindingError(f"clause {clause.id} leaves the points open, and none are named")
    return chosen


def _variant(recorded: FindingRecorded, clause: Clause) -> str | None:
    known = ", ".join(clause.variants) or "none"
    if recorded.variant is None and clause.variant_required:
        raise FindingError(f"clause {clause.id} needs a variant: {known}")
    if recorded.variant is not None and recorded.variant not in clause.variants:
        raise FindingError(f"clause {clause.id} has no variant {recorded.variant!r}; it has {known}")
    return recorded.variant


def _chosen_points(recorded: FindingRecorded, clause: Clause) -> int | None:
    if recorded.points is None:
        return None
    if clause.range is None:
        raise FindingError(f"clause {clause.id} leaves no points to choose, and {recorded.points} are named")
    if recorded.points != _whole(recorded.points):
        raise FindingError(f"points are {recorded.points}, not a whole number")
    least, most = clause.range
    if not least <= recorded.points <= most:
        raise FindingError(f"points are {recorded.points}, outside {least} to {most} of clause {clause.id}")
    return int(recorded.points)


def _whole(points: int | Decimal) -> int | Decimal:
    return points if isinstance(points, int) else points.to_integral_value()
