"""Exact numbers as they are printed. Fractions enter; numbers and amounts of two decimals leave."""

from __future__ import annotations

from fractions import Fraction


def number(exact: Fraction) -> int | float:
    """Return a whole number as it is, any other to two decimals, halves away from zero."""
    if exact.denominator == 1:
        return exact.numerator
    cents = _half_away(exact * 100)
    return cents // 100 if cents % 100 == 0 else cents / 100


def yuan(exact: Fraction) -> str:
    """Return an amount with two decimals, such as 273.00, halves away from zero."""
    fen = _half_away(exact * 100)
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02}"


def _half_away(exact: Fraction) -> int:
    size = int(abs(exact) + Fraction(1, 2))
    return size if exact >= 0 else -size
