"""Each clause, and each of its variants, names the worked case that bears it out. Clauses enter, clauses leave.

A case is named by its sentence, which is an example for a reader as well (3.4 无故中止办理一起,扣15分). Whoever changes
a number need not repeat it, whoever adds a clause or a variant names one. Whether a case of that name exists and
judges the clause is for the tests: a county has the policy, not the tests.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from rules.errors import PolicyError
from rules.policy_text import Clause


def with_inherited_cases(below: Sequence[Clause], above: Iterable[Clause]) -> list[Clause]:
    """Return the clauses of `above`, oldest first, each with the cases that it has from the version before it.

    `below` are the versions over which they are laid. A case that is no longer needed is not inherited.
    """
    latest = {clause.id: clause for clause in _oldest_first(below)}
    filled = []
    for clause in _oldest_first(above):
        latest[clause.id] = _inheriting(clause, latest.get(clause.id))
        filled.append(latest[clause.id])
    return filled


def check_cases(clauses: Iterable[Clause], place: str) -> None:
    """Raise PolicyError, naming `place` and the key, where a case is missing or there is nothing that it could show."""
    for clause in clauses:
        needed = set(clause.variants)
        if missing := needed - clause.variant_cases.keys():
            raise PolicyError(f"{place}: clause {clause.id} has no variant_cases.{min(missing)}: name its worked case")
        if surplus := clause.variant_cases.keys() - needed:
            raise PolicyError(f"{place}: clause {clause.id} has variant_cases.{min(surplus)} without such a variant")
        if _needs_case(clause) and clause.case is None:
            raise PolicyError(f"{place}: clause {clause.id} has no case: name its worked case")
        if clause.case is not None and not _needs_case(clause):
            raise PolicyError(f"{place}: clause {clause.id} has a case, but points in its variants alone")


def _oldest_first(clauses: Iterable[Clause]) -> list[Clause]:
    return sorted(clauses, key=lambda clause: clause.in_force_from)


def _needs_case(clause: Clause) -> bool:
    return clause.points is not None or clause.range is not None or clause.bad_rating is not None


def _inheriting(clause: Clause, before: Clause | None) -> Clause:
    if before is None:
        return clause
    known = {variant: case for variant, case in before.variant_cases.items() if variant in clause.variants}
    case = clause.case or (before.case if _needs_case(clause) else None)
    return msgspec.structs.replace(clause, case=case, variant_cases=known | clause.variant_cases)
