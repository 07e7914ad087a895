"""The program of a media worker: `python -m service.media.worker FD MEMORY_BYTES`."""

import pickle
import signal
import socket
import sys
import traceback
from typing import Any

from service.errors import MediaCorruptError, UnmaskError
from service.media.encoding import encode
from service.media.isolation import isolate
from service.media.wire import BEGUN, receive, send

_TOO_MUCH_MEMORY = MediaCorruptError("Decoding the file needs too much memory")


def main() -> None:
    """Isolate this process, warm up, then do job after job until the service hangs up."""
    descriptor, memory_bytes = int(sys.argv[1]), int(sys.argv[2])
    # The service drains by itself on SIGTERM; service managers send it to the workers as well.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    isolate(memory_bytes)
    with socket.socket(fileno=descriptor) as connection:
        try:
            while _work(connection):
                pass
        except (EOFError, ConnectionError):
            return  # the service is gone, or done with this worker


def _work(connection: socket.socket) -> bool:
    """Do one job; False when there can be no other. The first job is the warm-up."""
    try:
        incoming = receive(connection)
    except MemoryError:
        connection.sendall(BEGUN)
        _send(connection, "error", _described(_TOO_MUCH_MEMORY))
        return False  # the rest of the message is still on its way
    connection.sendall(BEGUN)
    try:
        function, args = pickle.loads(incoming.text)  # noqa: S301 -- made by our own parent
        del incoming
        _send(connection, "value", function(*args))
    except UnmaskError as error:
        _send(connection, "error", _described(error))
    except MemoryError:
        _send(connection, "error", _described(_TOO_MUCH_MEMORY))
    except ConnectionError:
        raise
    except Exception:  # noqa: BLE001 -- it is raised again, in the service
        _send(connection, "defect", traceback.format_exc())
    return True


def _send(connection: socket.socket, kind: str, value: object) -> None:
    """kind: "value" of a job, "error" for the client, "defect" of ours, a traceback."""
    # Nothing of a message is sent before all of it is encoded.
    send(connection, *encode([kind, value]))


def _described(error: UnmaskError) -> list[Any]:
    return [type(error).__name__, error.detail, error.limit, error.retry_after_s]


if __name__ == "__main__":
    main()
