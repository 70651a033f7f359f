"""The demonstration: a county of its own, one terminal, and a scene that plays through the ordinary interfaces."""
