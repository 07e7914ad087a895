"""The body of a request, limited while it streams in."""

from collections.abc import AsyncGenerator, Callable

from fastapi import Request
from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from service.errors import CodedBodyError, InvalidRequestError, MediaTooLargeError
from service.media.upload import Upload

# Boundaries, part headers and small fields around the file of a multipart body.
_ENVELOPE_BYTES = 64 * 1024
_MOST_FIELDS = 8

OPENAPI_BODY = {
    "requestBody": {
        "required": True,
        "description": "One picture or clip: a multipart field `file`, beside which there may be "
        f"up to {_MOST_FIELDS} others of up to {_ENVELOPE_BYTES // 1024} KiB, without a file name, "
        "or the raw bytes.",
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {
                            "type": "string",
                            "format": "binary",
                            "description": "The picture or clip.",
                        }
                    },
                }
            },
            **{
                kind: {"schema": {"type": "string", "format": "binary"}}
                for kind in ("image/*", "video/*", "application/octet-stream")
            },
        },
    }
}


async def read_upload(request: Request, max_bytes: int, hold: Callable[[int], None]) -> Upload:
    """Read the one file of a request into memory.

    hold: told of the bytes of each piece before it is kept; what it raises ends the reading.

    Raises CodedBodyError before any of the body is read; MediaTooLargeError as soon as the limit is
    passed, before the rest has arrived; InvalidRequestError for an empty file or a malformed form.
    """
    _expect_no_coding(request.headers)
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if declared == "multipart/form-data":
        upload = await _read_form(request, max_bytes, hold)
    else:
        chunks = [chunk async for chunk in _limited(request, max_bytes, max_bytes, hold)]
        upload = Upload(b"".join(chunks))
    if not upload.data:
        raise InvalidRequestError("The file is empty.")
    if len(upload.data) > max_bytes:
        raise _too_large(max_bytes)
    return upload


def _expect_no_coding(headers: Headers) -> None:
    """Raise CodedBodyError unless the body is what it says (RFC 9110, 8.4)."""
    codings = ",".join(headers.getlist("content-encoding")).split(",")
    if any(coding.strip().lower() not in ("", "identity") for coding in codings):
        raise CodedBodyError("Bodies with a Content-Encoding are not read: send the file as it is.")


class _Form(MultiPartParser):
    """A form whose field `file` is a file whether or not it has a name.

    WHY: a file's name is the sender's choice (RFC 7578, section 4.2), which generated clients often
    leave out; a field without one would be decoded as text.
    """

    def on_headers_finished(self) -> None:
        """The headers of a field have been read."""
        stated = self._current_part.content_disposition or b""
        options = parse_options_header(stated)[1]
        if options.get(b"name") == b"file" and b"filename" not in options:
            self._current_part.content_disposition = stated + b'; filename=""'
        super().on_headers_finished()


def _only_boundary(content_type: str) -> Headers:
    """A form's media type without whatever else it says. Raises InvalidRequestError without one.

    WHY: RFC 7578 knows no charset, but the parser looks up any that is named, in a cache that
    forgets none, and some of Python's take seconds.
    """
    boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
    if not boundary or b'"' in boundary or b"\\" in boundary:
        raise InvalidRequestError("The form has no boundary.")
    return Headers(raw=[(b"content-type", b'multipart/form-data; boundary="%b"' % boundary)])


async def _read_form(request: Request, max_bytes: int, hold: Callable[[int], None]) -> Upload:
    parser = _Form(
        _only_boundary(request.headers["content-type"]),
        _limited(request, max_bytes + _ENVELOPE_BYTES, max_bytes, hold),
        max_files=1,
        max_fields=_MOST_FIELDS,
        max_part_size=_ENVELOPE_BYTES,
    )
    # The upload stays in memory: it is limited, and a picture of a person never meets a disk.
    parser.spool_max_size = max_bytes + _ENVELOPE_BYTES
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError) as error:
        raise InvalidRequestError(
            "The form is malformed, or has several files, more than "
            f"{_MOST_FIELDS} other fields, or one of more than {_ENVELOPE_BYTES // 1024} KiB."
        ) from error
    try:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise InvalidRequestError(
                "The multipart form has no file in its field 'file', or ends before the file does."
            )
        return Upload(await file.read())
    finally:
        await form.close()


async def _limited(
    request: Request, most: int, told: int, hold: Callable[[int], None]
) -> AsyncGenerator[bytes, None]:
    """The body's chunks, up to `most` bytes; `told` is the limit a client is told of."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > most:
        raise _too_large(told)
    received = 0
    async for chunk in request.stream():
        received += len(chunk)
        if received > most:
            raise _too_large(told)
        hold(len(chunk))
        yield chunk


def _too_large(max_bytes: int) -> MediaTooLargeError:
    return MediaTooLargeError(f"The file is larger than {max_bytes} bytes.", limit="bytes")
