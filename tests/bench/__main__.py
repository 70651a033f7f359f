"""`make bench`: prints what recognition and intake cost here, each beside its baseline, good or bad."""

from __future__ import annotations

import os
import platform

from tests.bench import recognition, replay
from tests.scoring import bench_intake


def main() -> None:
    """Print the tables."""
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    print("Recognition: one 640x480 frame to a vector, one thread, ms (median of 15)")
    stock = recognition.measure("stock")
    plain, mirrored = recognition.measure("ours-plain"), recognition.measure("ours")
    rows = {"stock face_recognition": stock, "YuNet + warp + dlib": plain, "the same, mirrored": mirrored}
    for name, found in rows.items():
        ratio = stock["ms"] / found["ms"]
        print(f"  {name:24} {found['ms']:8.1f}  spread {found['spread_ms']:6.1f}  {ratio:5.2f} x the stock speed")
    print("\nIntake: events/s, signature, chain and schema verified, beside the raw store")
    for row in bench_intake.measure():
        print(f"  {row.name:24} {row.value:10,} {row.unit:9} {row.note}")
    print("\nReplay: 3,000 people, four punches a day; a month also 50,000 ratings and 5,000 findings")
    for line in replay.measure():
        print(line, flush=True)


if __name__ == "__main__":
    main()
