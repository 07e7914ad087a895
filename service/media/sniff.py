"""What an upload is, by its first bytes; the type a client declares is never trusted."""

from dataclasses import dataclass
from typing import Literal

from service.errors import InvalidRequestError, UnsupportedMediaError
from service.media.png import announces_frames, chunks, lacks_frames


@dataclass(frozen=True, slots=True)
class MediaFormat:
    """A format this service reads.

    name: as in MediaInfo.format.
    family: which decoder takes it. "animation" is a picture format that may hold many frames,
        or just one.
    """

    name: str
    family: Literal["picture", "animation", "clip"]


_BY_PREFIX: tuple[tuple[bytes, MediaFormat], ...] = (
    (b"\xff\xd8\xff", MediaFormat("jpeg", "picture")),
    (b"II*\x00", MediaFormat("tiff", "picture")),
    (b"MM\x00*", MediaFormat("tiff", "picture")),
    (b"GIF87a", MediaFormat("gif", "animation")),
    (b"GIF89a", MediaFormat("gif", "animation")),
)
# Two letters are no proof of a bitmap: its header must have one of the known sizes as well.
_BMP_HEADERS = frozenset({12, 40, 52, 56, 64, 108, 124})
_VP8X_ANIMATED = 0x02
# Far more chunks than any PNG has before its picture.
_MOST_PNG_CHUNKS = 4096
# Brands of still pictures (HEIF, AVIF) in the container that MP4 uses: no decoder here.
_STILL_BRANDS = frozenset({b"heic", b"heix", b"heif", b"mif1", b"msf1", b"avif", b"avis", b"crx "})
# QuickTime files older than the ftyp box start with one of these, and some files of today with
# room left free.
_QUICKTIME_BOXES = frozenset({b"moov", b"mdat", b"wide", b"pnot", b"free", b"skip"})


def sniff(data: bytes) -> MediaFormat:
    """Tell the format of an upload from its bytes.

    Raises InvalidRequestError for no bytes at all, UnsupportedMediaError for anything unknown.
    """
    if not data:
        raise InvalidRequestError("The file is empty")
    for prefix, media_format in _BY_PREFIX:
        if data.startswith(prefix):
            return media_format
    found = _png(data) or _bmp(data) or _riff(data) or _iso(data) or _matroska(data)
    if found is None:
        raise UnsupportedMediaError(
            "The file is none of JPEG, PNG, WebP, BMP, TIFF (no BigTIFF), GIF, MP4, MOV, WebM, MKV "
            "and AVI"
        )
    return found


def _png(data: bytes) -> MediaFormat | None:
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return None
    announced, before = False, 0
    # An animation says so before its picture, which need not be part of it.
    for kind, end in chunks(data, _MOST_PNG_CHUNKS):
        if kind == b"IDAT":
            break
        announced |= kind == b"acTL" and announces_frames(data, end)
        before += 1
    if before == _MOST_PNG_CHUNKS:
        return None
    # Stills made of one by a program that knows none may say so, too: viewers go by the frames.
    animated = announced and not lacks_frames(data, _MOST_PNG_CHUNKS)
    return MediaFormat("png", "animation" if animated else "picture")


def _bmp(data: bytes) -> MediaFormat | None:
    known = data[:2] == b"BM" and int.from_bytes(data[14:18], "little") in _BMP_HEADERS
    return MediaFormat("bmp", "picture") if known else None


def _riff(data: bytes) -> MediaFormat | None:
    if data[:4] != b"RIFF":
        return None
    if data[8:12] == b"AVI ":
        return MediaFormat("avi", "clip")
    if data[8:12] == b"WEBP":
        animated = data[12:16] == b"VP8X" and len(data) > 20 and data[20] & _VP8X_ANIMATED
        return MediaFormat("webp", "animation" if animated else "picture")
    return None


def _iso(data: bytes) -> MediaFormat | None:
    kind, brand = data[4:8], data[8:12]
    if kind == b"ftyp" and brand not in _STILL_BRANDS:
        return MediaFormat("mov" if brand == b"qt  " else "mp4", "clip")
    if kind in _QUICKTIME_BOXES:
        return MediaFormat("mov", "clip")
    return None


def _matroska(data: bytes) -> MediaFormat | None:
    if data[:4] != b"\x1a\x45\xdf\xa3":
        return None
    # The document type is a short string element (id 0x4282) somewhere in the EBML header.
    return MediaFormat("webm" if b"\x42\x82\x84webm" in data[:128] else "mkv", "clip")
