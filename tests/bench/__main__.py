"""`make bench`: prints what recognition and intake cost here, each beside its baseline, good or bad."""

from __future__ import annotations

import os
import platform

from tests.bench import fleet, intake, recognition, replay, terminal_store


def main() -> None:
    """Print the tables."""
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    for line in recognition.report():
        print(line, flush=True)
    print("\nIntake: events/s, signature, chain and schema verified, beside the raw store")
    for line in intake.measure():
        print(line, flush=True)
    print("\nTerminals that come back after an outage, all at once, to one server process")
    for line in fleet.measure(400, spread_s=2):
        print(line, flush=True)
    print("\nThe terminal's store beside a raw SQLite commit, synced both")
    for line in terminal_store.measure():
        print(line, flush=True)
    print("\nReplay: 3,000 people, four punches a day; a month also 50,000 ratings and 5,000 findings")
    for line in replay.measure():
        print(line, flush=True)


if __name__ == "__main__":
    main()
