"""Structured logs on stderr."""

import contextlib
import json
import logging
import os
import select
import sys
from datetime import UTC, datetime

# A pipe that is writable takes so much at once (POSIX).
_PIECE_BYTES = select.PIPE_BUF
# What every log record has; the rest came in by `extra` and belongs to the event.
_RECORD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {
    "message",
    "asctime",
    "color_message",
}


class JsonFormatter(logging.Formatter):
    """One JSON object a line. Only what is put in the record is written: no file content."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON; an exception becomes one string under `exception`."""
        line: dict[str, object] = {
            "time": _local(record.created).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {key: value for key, value in vars(record).items() if key not in _RECORD_FIELDS}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


def _local(seconds: float) -> datetime:
    """Seconds since 1970 as a time of this machine's zone."""
    return datetime.fromtimestamp(seconds, UTC).astimezone()


class UnhurriedHandler(logging.Handler):
    """Writes lines to a file descriptor that takes them at once, and leaves out the others.

    WHY: lines are written on the event loop. Whoever reads them may stop for a while, or for
    good, and the service must not stop with it. How many were left out is told later.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        if os.isatty(descriptor):
            # A terminal says that it takes more as soon as it takes a byte, and then waits.
            with contextlib.suppress(OSError):
                descriptor = os.open(
                    f"/proc/self/fd/{descriptor}",
                    os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC,
                )
        self._descriptor = descriptor
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLOUT)
        self._left_out = 0
        self._cut = False
        self.left_out = 0
        """How many there were from the beginning."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record's line, or count it."""
        if self._left_out:
            missed = logging.makeLogRecord(
                {
                    "name": __name__,
                    "levelno": logging.WARNING,
                    "levelname": "WARNING",
                    "msg": "log lines were left out: nobody read them",
                    "count": self._left_out,
                }
            )
            if not self._write(missed):
                self._leave_out()
                return
            self._left_out = 0
        if not self._write(record):
            self._leave_out()

    def _leave_out(self) -> None:
        self._left_out += 1
        self.left_out += 1

    def _write(self, record: logging.LogRecord) -> bool:
        try:
            text = self.format(record)
        except Exception as error:  # noqa: BLE001 -- whoever logs badly must not fail by it
            text = json.dumps({"level": "error", "message": f"a log line cannot be told: {error}"})
        line = ("\n" * self._cut + text + "\n").encode("utf-8", "backslashreplace")
        try:
            for start in range(0, len(line), _PIECE_BYTES):
                if not self._poll.poll(0):
                    return False
                piece = line[start : start + _PIECE_BYTES]
                written = os.write(self._descriptor, piece)
                self._cut = start + written < len(line)
                if written < len(piece):  # as on a disk that is nearly full
                    return False
        except OSError:  # a full disk, or nobody at the other end: no reason to stop either
            return False
        return True


def lines_left_out() -> int:
    """How many lines of this process's log were left out so far."""
    handlers = logging.getLogger().handlers
    return sum(each.left_out for each in handlers if isinstance(each, UnhurriedHandler))


def configure_logging(level: str) -> None:
    """Send all logs to stderr as JSON lines."""
    handler = UnhurriedHandler(sys.stderr.fileno())
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # The request log says more than uvicorn's access log.
    logging.getLogger("uvicorn.access").disabled = True
