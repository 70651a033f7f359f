"""Each fault a few times: what `make faults` does at length. A row that is impossible here says why."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.fault import Fault, run
from tests.faults.rows import ROWS
from tests.faults.table import remarks, table

_LONG_ALONE = {"6", "10a"}
"""Rows whose fewest runs take long enough to be left to `make faults`."""
_SHORT = [fault for fault in ROWS if fault.key not in _LONG_ALONE]
_DEADLINE_S = 200.0


@pytest.mark.faults
@pytest.mark.timeout(300)
@pytest.mark.parametrize("fault", _SHORT, ids=lambda fault: fault.key)
def test_a_fault_breaks_no_promise(fault: Fault, tmp_path: Path) -> None:
    if why := fault.needs():
        pytest.skip(why)
    tally = run(fault, fault.short, tmp_path, _DEADLINE_S)
    assert tally.held, f"{table([tally])}\n{remarks([tally])}"
