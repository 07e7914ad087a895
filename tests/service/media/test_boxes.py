"""What an MP4 says it shows of its video is read from its edit list."""

import struct
from collections.abc import Sequence

import pytest

from service.media.boxes import Box, Edits, boxes, read_edits


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content


def track(handler: bytes, parts: Sequence[tuple[int, int]], version: int = 0) -> bytes:
    """parts: the length of each, in the movie's time units, and where in the track it begins."""
    layout = ">qqI" if version else ">iiI"
    entries = b"".join(struct.pack(layout, *part, 1 << 16) for part in parts)
    edits = struct.pack(">II", version << 24, len(parts)) + entries
    media = box(b"hdlr", bytes(8) + handler + bytes(12))
    return box(b"trak", box(b"edts", box(b"elst", edits)) + box(b"mdia", media))


def movie(*tracks: bytes, scale: int = 1000, version: int = 0) -> bytes:
    times = struct.pack(">QQ" if version else ">II", 7, 9)
    header = struct.pack(">I", version << 24) + times + struct.pack(">II", scale, 0)
    return box(b"ftyp", b"isom") + box(b"moov", box(b"mvhd", header) + b"".join(tracks))


@pytest.mark.parametrize("version", [0, 1])
def test_parts_and_their_length_are_those_of_the_first_video_track(version: int) -> None:
    video = track(b"vide", [(500, 40), (1500, 4000)], version)
    others = track(b"soun", [(9000, 0)]), track(b"vide", [(8000, 0)])
    data = movie(others[0], video, others[1], scale=600, version=version)
    assert read_edits(data) == Edits(parts=2, seconds=2000 / 600)


def test_a_part_that_shows_nothing_is_none() -> None:
    data = movie(track(b"vide", [(300, -1), (700, 0)]))
    assert read_edits(data) == Edits(parts=1, seconds=0.7)


def test_of_many_parts_the_first_few_are_looked_at() -> None:
    assert read_edits(movie(track(b"vide", [(100, 0)] * 20))) == Edits(8, 0.8)


def test_where_no_sense_is_in_it_nothing_is_said() -> None:
    video = track(b"vide", [(500, 40)])
    assert read_edits(movie(video)) == Edits(1, 0.5)
    for data in (
        b"",
        movie(),
        movie(video, scale=0),
        movie(track(b"vide", [(0, 0)])),
        movie(track(b"soun", [(500, 0)])),
        movie(video).replace(b"mvhd", b"free"),
        movie(video).replace(b"\0\0\0\1\0\0\1\xf4", b"\0\0\0\7\0\0\1\xf4"),
    ):
        assert read_edits(data) is None


def test_boxes_of_64_bit_sizes_and_to_the_end_of_the_file_are_found() -> None:
    large = struct.pack(">I4sQ", 1, b"mdat", 16 + 5) + b"12345"
    data = large + box(b"free", b"6") + struct.pack(">I4s", 0, b"mdat") + b"789"
    assert [*boxes(data)] == [
        Box(b"mdat", 16, 21),
        Box(b"free", 29, 30),
        Box(b"mdat", 38, 41),
    ]
    assert [*boxes(data, 21, 30)] == [Box(b"free", 29, 30)]
    assert [*boxes(data, 21, 28)] == []
