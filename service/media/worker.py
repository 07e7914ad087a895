"""The program of a media worker: `python -m service.media.worker FD MEMORY_BYTES`."""

import pickle
import signal
import socket
import sys
import traceback

from service.errors import MediaCorruptError, UnmaskError
from service.media.encoding import encode
from service.media.isolation import isolate, shut_in, silence
from service.media.wire import BEGUN, Incoming, receive, send

_TOO_MUCH_MEMORY = MediaCorruptError("Decoding the file needs too much memory")


def main() -> None:
    """Isolate this process, warm up, then do job after job until the service hangs up."""
    descriptor, memory_bytes = int(sys.argv[1]), int(sys.argv[2])
    # The service drains by itself; service managers signal the workers as well.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    isolate(memory_bytes)
    with socket.socket(fileno=descriptor) as connection:
        try:
            _work(connection)  # the warm-up
            silence()
            shut_in()
            while _work(connection):
                pass
        except (EOFError, ConnectionError):
            return  # the service is gone, or done with this worker


def _work(connection: socket.socket) -> bool:
    """Do one job; False when there can be no other."""
    try:
        incoming = receive(connection)
    except MemoryError:
        connection.sendall(BEGUN)
        send(connection, *_error(_TOO_MUCH_MEMORY))
        return False  # the rest of the message is still on its way
    connection.sendall(BEGUN)
    # Outside of what is caught: half an answer must not be followed by another.
    send(connection, *_answer(incoming))
    return True


def _answer(incoming: Incoming) -> tuple[bytes, list[memoryview]]:
    try:
        function, args = pickle.loads(incoming.text)  # noqa: S301 -- made by our own parent
        del incoming
        return encode(["value", function(*args)])
    except UnmaskError as error:
        return _error(error)
    except MemoryError:
        return _error(_TOO_MUCH_MEMORY)
    except Exception:  # noqa: BLE001 -- it is raised again, in the service
        return encode(["defect", traceback.format_exc()])


def _error(error: UnmaskError) -> tuple[bytes, list[memoryview]]:
    kind = type(error).__name__
    return encode(["error", [kind, error.detail, error.limit, error.retry_after_s]])


if __name__ == "__main__":
    main()
