"""Everything that can go wrong with a request, and its one mapping to RFC 9457 problem details."""

from typing import ClassVar


class UnmaskError(Exception):
    """Base of all errors a client may see.

    code: stable, machine-readable; part of the API.
    status: the HTTP status it maps to.
    title: one short sentence for people.
    limit: which limit was passed ("bytes", "pixels", "duration", "frames"), where one was.
    retry_after_s: when to come back, for the Retry-After header (RFC 9110, 10.2.3).
    The detail says what is particular to the case; it never holds a path, a traceback or a
    library's words.
    """

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "The service failed"

    def __init__(
        self, detail: str = "", *, limit: str | None = None, retry_after_s: int | None = None
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.limit = limit
        self.retry_after_s = retry_after_s


class InvalidRequestError(UnmaskError):
    """The request itself is malformed: no file, an empty file, an unknown parameter value."""

    code, status, title = "invalid_request", 400, "The request is not valid"


class UnauthorizedError(UnmaskError):
    """No key, or an unknown one."""

    code, status, title = "unauthorized", 401, "A valid API key is needed"


class NotAcceptableError(UnmaskError):
    """The Accept header allows none of the media types this service answers with."""

    code, status, title = "not_acceptable", 406, "No acceptable media type is offered"


class MediaTooLargeError(UnmaskError):
    """Too many bytes, pixels, frames or seconds; the detail says which and the limit."""

    code, status, title = "media_too_large", 413, "The file exceeds a limit"


class UnsupportedMediaError(UnmaskError):
    """The bytes are no picture or clip format this service reads."""

    code, status, title = "unsupported_media", 415, "The media type is not supported"


class CodedBodyError(UnsupportedMediaError):
    """The body is compressed or otherwise coded on its way, which the answer says is not read."""


class MediaCorruptError(UnmaskError):
    """The format is known but nothing can be decoded, or decoding killed its worker."""

    code, status, title = "media_corrupt", 422, "The file cannot be decoded"


class DecodeTimeoutError(UnmaskError):
    """Decoding took longer than the wall-clock limit."""

    code, status, title = "decode_timeout", 422, "Decoding took too long"


class OverloadedError(UnmaskError):
    """More work is waiting than the service accepts."""

    code, status, title = "overloaded", 503, "The service is overloaded"


class NotReadyError(UnmaskError):
    """The service is starting, stopping, or has lost a part that it needs."""

    code, status, title = "not_ready", 503, "The service is not ready"


class DeadlineExceededError(UnmaskError):
    """The request's deadline passed before its result was ready."""

    code, status, title = "deadline_exceeded", 504, "The deadline has passed"


class ConfigurationError(Exception):
    """The service cannot start as configured. Never reaches a client; ends the start."""


def first_line(error: BaseException) -> str:
    """What an error says, for a sentence about it; its type where it says nothing."""
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__
