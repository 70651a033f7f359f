"""How fast one terminal may ask: a bucket of tokens for each, in memory. A name enters, the seconds to wait leave.

A terminal that follows Retry-After never notices; one that went mad, or somebody with its key, slows nobody else.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

BURST = 1000
"""So many requests at once: a month's backlog in batches, and whatever a start asks."""
PER_SECOND = 50.0
_MOST_NAMES = 50_000


class Pace:
    """The buckets of all terminals. `clock` gives monotonic seconds. Any thread may call."""

    def __init__(
        self, burst: int = BURST, per_second: float = PER_SECOND, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._burst = burst
        self._per_second = per_second
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, name: str) -> float:
        """Return 0 and count one request, or the seconds until one is free, and count nothing."""
        now_s = self._clock()
        with self._lock:
            tokens, since_s = self._buckets.get(name, (float(self._burst), now_s))
            tokens = min(self._burst, tokens + (now_s - since_s) * self._per_second)
            free = tokens >= 1
            self._buckets[name] = (tokens - free, now_s)
            self._buckets.move_to_end(name)
            if len(self._buckets) > _MOST_NAMES:
                self._buckets.popitem(last=False)
        return 0.0 if free else (1 - tokens) / self._per_second
