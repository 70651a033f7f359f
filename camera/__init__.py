"""Turns frames into sightings: who stands before the camera, or nobody, and why.

Knows no staff rules, no web framework, no network and no database, and never writes a frame to disk.
"""
