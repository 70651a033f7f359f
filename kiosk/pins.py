"""Clocking in by job number and PIN, the equal way: hashes from the roster enter, a person or a refusal leaves.

A wrong PIN is answered slowly by argon2id, and five in a row lock the number for a minute.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from kiosk.errors import KioskError

_TRIES = 5
_LOCKED_S = 60.0


class PinRefusedError(KioskError, PermissionError):
    """A number and PIN that open nothing; the message is what the clerk reads."""


@dataclass(slots=True)
class PinDesk:
    """Checks PINs and counts failures. `now_s` is a monotonic clock in seconds."""

    now_s: Callable[[], float]
    _hasher: PasswordHasher = field(default_factory=PasswordHasher)
    _failures: dict[str, tuple[int, float]] = field(default_factory=dict)

    def check(self, job_number: str, pin: str, hashes: Mapping[str, str]) -> None:
        """Return if `pin` is right for `job_number`; else raise PinRefusedError.

        `hashes` gives the argon2id hash of each job number that has one.
        """
        count, last_s = self._failures.get(job_number, (0, 0.0))
        if count >= _TRIES and self.now_s() - last_s < _LOCKED_S:
            raise PinRefusedError("输错次数过多，请一分钟后再试，或用人脸打卡")
        try:
            self._hasher.verify(hashes[job_number], pin)
        except (KeyError, VerificationError, InvalidHashError) as error:
            if job_number in hashes:
                previous = 0 if count >= _TRIES else count
                self._failures[job_number] = (previous + 1, self.now_s())
            raise PinRefusedError("工号或密码不对，请再试一次") from error
        self._failures.pop(job_number, None)
