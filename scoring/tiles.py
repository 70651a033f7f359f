"""The tree over all lines, kept in tiles of 256 hashes: hashes of leaves enter, any node of the tree is found again.

A tile of level 0 holds leaves; one of level n holds the roots of 256 whole tiles below. So a proof over any number of
lines reads two tiles a level, and a line costs 32 bytes once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache

from sqlalchemy import Connection, select, text

from scoring import tables
from scoring.errors import StoreAlteredError
from sync import merkle

_HASH_BYTES = 32
_HEIGHT = 8
WIDTH = 1 << _HEIGHT
"""How many hashes a whole tile holds."""
Tile = tuple[int, int, bytes]
"""A tile's level, its number on that level, and its hashes one behind the other."""

_PUT = text("""
    INSERT INTO log_tile (level, number, hashes) VALUES (:level, :number, :hashes)
    ON CONFLICT (level, number) DO UPDATE SET hashes = excluded.hashes
""")


class Builder:
    """Appends leaves behind the first `size` of a tree; what it made is taken by `whole` and, at the end, `open`."""

    def __init__(self, connection: Connection, size: int) -> None:
        self._sizes: list[int] = []
        self._open: list[bytearray] = []
        self._whole: list[Tile] = []
        nodes = stored_nodes(connection)
        self.tree = merkle.Growth(size, peaks(size, nodes))
        while size:
            kept = size % WIDTH
            self._sizes.append(size)
            self._open.append(bytearray(read_tile(connection, len(self._open), size // WIDTH, kept)))
            size //= WIDTH

    def add(self, leaf: bytes) -> None:
        """Take in the hash of one more leaf."""
        self.tree.add(leaf)
        self._put(0, leaf)

    def _put(self, level: int, entry: bytes) -> None:
        if level == len(self._open):
            self._open.append(bytearray())
            self._sizes.append(0)
        self._open[level] += entry
        self._sizes[level] += 1
        if len(self._open[level]) == WIDTH * _HASH_BYTES:
            hashes = bytes(self._open[level])
            self._whole.append((level, self._sizes[level] // WIDTH - 1, hashes))
            self._open[level] = bytearray()
            self._put(level + 1, merkle.root_of(split(hashes)))

    def whole(self) -> list[Tile]:
        """Return the tiles that became whole since this was asked last."""
        taken, self._whole = self._whole, []
        return taken

    def open(self) -> list[Tile]:
        """Return the tiles at the tree's right edge, as far as they are filled."""
        filled = enumerate(zip(self._sizes, self._open, strict=True))
        return [(level, size // WIDTH, bytes(hashes)) for level, (size, hashes) in filled if hashes]


def write_tiles(connection: Connection, tiles: Sequence[Tile]) -> None:
    """Keep tiles; one at the right edge takes the place of its shorter self."""
    if tiles:
        rows = [{"level": level, "number": number, "hashes": hashes} for level, number, hashes in tiles]
        connection.execute(_PUT, rows)


def read_tile(connection: Connection, level: int, number: int, least: int) -> bytes:
    """Return the first `least` hashes of a tile, one behind the other; StoreAlteredError where they are not there."""
    where = (tables.log_tile.c.level == level) & (tables.log_tile.c.number == number)
    found = connection.scalar(select(tables.log_tile.c.hashes).where(where)) if least else b""
    wanted = least * _HASH_BYTES
    if found is None or len(found) < wanted:
        raise StoreAlteredError(f"tile {level}/{number} of the log is missing or short: run verify")
    return bytes(found)[:wanted]


def stored_nodes(connection: Connection) -> merkle.Nodes:
    """Return the complete subtrees of the stored tree; each tile is read once."""

    @cache
    def tile(level: int, number: int) -> bytes:
        where = (tables.log_tile.c.level == level) & (tables.log_tile.c.number == number)
        return bytes(connection.scalar(select(tables.log_tile.c.hashes).where(where)) or b"")

    def node(height: int, index: int) -> bytes:
        level, within = divmod(height, _HEIGHT)
        number, place = divmod(index << within, WIDTH)
        hashes = tile(level, number)[place * _HASH_BYTES : (place + (1 << within)) * _HASH_BYTES]
        if len(hashes) != _HASH_BYTES << within:
            raise StoreAlteredError(f"tile {level}/{number} of the log is missing or short: run verify")
        return merkle.root_of(split(hashes))

    return node


def stored_leaves(connection: Connection, start: int, end: int) -> Iterator[bytes]:
    """Yield the stored hashes of leaves `start` to before `end`, as many of them as there are without a hole."""
    while start < end:
        number, place = divmod(start, WIDTH)
        try:
            hashes = read_tile(connection, 0, number, min(WIDTH, end - number * WIDTH))
        except StoreAlteredError:
            return
        yield from split(hashes[place * _HASH_BYTES :])
        start = (number + 1) * WIDTH


def peaks(size: int, nodes: Callable[[int, int], bytes]) -> list[bytes]:
    """Return the roots of the complete subtrees that a tree of `size` leaves consists of, the largest first."""
    heights = [height for height in range(size.bit_length() - 1, -1, -1) if size >> height & 1]
    return [nodes(height, (size >> height) - 1) for height in heights]


def split(hashes: bytes) -> list[bytes]:
    """Return hashes that lie one behind the other, each by itself."""
    return [hashes[place : place + _HASH_BYTES] for place in range(0, len(hashes), _HASH_BYTES)]
