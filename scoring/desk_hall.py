"""A hall's page: everybody's sessions today with their punches, who serves at which window, its terminals."""

from __future__ import annotations

from flask import Response

from scoring import registry
from scoring.answers import centre
from scoring.desk import county_now, desk, page, problem
from scoring.desk_county import hall_now, is_silent


@desk.get("/halls/<hall>")
def hall(hall: str) -> Response:
    """Show one hall today."""
    here, now = centre(), county_now()
    facts = here.projection.current()
    known = facts.halls.get(hall)
    if known is None:
        return problem(404, f"没有编号为“{hall}”的机构", "请回到全县页面，从列表中选择；新设的机构要先登记。")
    with here.store.reading() as connection:
        terminals = here.contacts.freshened(registry.terminals(connection))
    shown = hall_now(facts, known, terminals, now)
    serving = sorted((each for each in shown.people if each.window), key=lambda each: each.window)
    windows = [(each.window, each) for each in serving]
    silent = [terminal.origin for terminal in shown.terminals if is_silent(terminal, now)]
    return page("hall.html", shown=shown, windows=windows, silent=silent, now=now)
