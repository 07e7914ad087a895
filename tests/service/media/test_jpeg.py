"""What precedes the data of a JPEG; what is decoded of it is in `test_pictures`."""

import time

import pytest

from service.media.jpeg import without_end


@pytest.mark.parametrize("filler", [b"\xff", b"\xff\x01"])
def test_what_precedes_a_picture_is_not_walked_through_for_ever(filler: bytes) -> None:
    hostile = b"\xff\xd8" + filler * (40_000_000 // len(filler))
    begun = time.perf_counter()
    assert without_end(hostile) == hostile
    assert time.perf_counter() - begun < 1
