"""The law as data, and what follows from it: pure functions over events, a policy and a day."""
