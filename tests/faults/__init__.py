"""Faults made to happen to real processes, and what they left: `python -m tests.faults`."""
