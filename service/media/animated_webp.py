"""An animated WebP to frames sampled evenly in time; FFmpeg, which reads clips, cannot."""

from collections.abc import Iterator
from itertools import accumulate

from service.errors import MediaCorruptError
from service.media.frame import Frame
from service.media.headers import picture_size
from service.media.limits import MediaLimits
from service.media.pictures import check_pixels
from service.media.sampling import check_length, sampled
from service.media.webp import FILE_HEADER, chunks, file_end
from service.media.webp_canvas import Canvas, Piece

# Browsers show frames that ask for less than this for 100 ms; 0 is common in the wild.
_SHORTEST_S, _INSTEAD_S = 0.011, 0.1


class AnimatedWebp:
    """One animated WebP, with the same reading contract as Clip."""

    others = shrunk = False

    def __init__(self, data: bytes, limits: MediaLimits) -> None:
        """Check what the header claims and find the complete frames.

        Raises MediaCorruptError, MediaTooLargeError (limits "pixels", "duration", "frames").
        """
        self.width, self.height = picture_size("webp", data)
        check_pixels(self.width, self.height, limits)
        end = file_end(data)
        # What follows is another file's, and no viewer shows it.
        self._data, self._pieces = data, _pieces(data[:end], limits)
        if not self._pieces:
            raise MediaCorruptError("The animation holds no complete frame")
        self.truncated = end > len(data)
        seconds = (piece.duration_ms / 1000 for piece in self._pieces)
        shown = (each if each >= _SHORTEST_S else _INSTEAD_S for each in seconds)
        self._edges = [*accumulate(shown, initial=0.0)]
        self.duration_s = self._edges[-1]
        self.frames_total = len(self._pieces)
        check_length(self.frames_total, self.duration_s, limits)

    def frames(self, count: int) -> Iterator[Frame]:
        """Give `count` frames (all, of a shorter animation) at evenly spaced times.

        See `sampled`. Each stored frame is decoded at most once. Raises MediaCorruptError where one
        cannot be decoded.
        """
        canvas = Canvas(self._data, self.width, self.height)
        drawn = 0
        for wanted in sampled(self._edges[:-1], self.duration_s, count):
            behind = range(wanted, drawn - 1, -1)
            drawn = next((i for i in behind if canvas.covered_by(self._pieces[i])), drawn)
            for piece in self._pieces[drawn : wanted + 1]:
                canvas.draw(piece)
            drawn = wanted + 1
            time_s, until_s = self._edges[wanted : wanted + 2]
            yield Frame(wanted, time_s, until_s, canvas.rgb())


def _pieces(data: bytes, limits: MediaLimits) -> list[Piece]:
    """All complete frames. MediaCorruptError, MediaTooLargeError (limit "frames")."""
    pieces: list[Piece] = []
    for kind, start, end in chunks(data, FILE_HEADER, len(data)):
        if kind == b"ANMF":
            pieces.append(Piece.read(data, start, end))
            check_length(len(pieces), 0.0, limits)
    return pieces
