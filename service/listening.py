"""The addresses a server listens at."""

import socket
import struct
import sys
from contextlib import ExitStack

from service.errors import ConfigurationError
from service.settings import Settings

_INFO_BYTES, _UNACKED_AT = 104, 24
"""Of Linux's `struct tcp_info`, and where in it a listening socket has how many wait."""


def bound(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """A TCP socket with its address, at which nobody is heard before it is told to listen.

    Another process may have bound the address as well by then: see `heard`.

    host: an address, or a name, which stands for its first IPv4 address here.

    shared: whether other processes of the same user may have the address as well, if they say so
        too; the kernel then divides the connections among those that listen (SO_REUSEPORT,
        socket(7)).

    Raises ConfigurationError where the address cannot be had.
    """
    if shared and sys.platform != "linux":
        # Elsewhere the option is missing, or all connections go to one of the processes.
        raise ConfigurationError("UNMASK_SERVER__SHARED_PORT: ports are shared on Linux only.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        found = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:  # a kernel without IPv6
        raise _unheard(in_words(host, port), error) from error
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            found.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        found.bind((host, port))
    except (OSError, UnicodeError) as error:  # a name that cannot be one
        found.close()
        raise _unheard(in_words(host, port), error) from error
    return found


def in_words(host: str, port: int) -> str:
    """An address as URLs have it."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _unheard(address: str, error: OSError | UnicodeError) -> ConfigurationError:
    reason = error.strerror if isinstance(error, OSError) else error
    text = str(reason).partition(" (while")[0]
    return ConfigurationError(f"Nothing can listen on {address}: {text}.")


def takes_every_address(settings: Settings) -> bool:
    """Whether the server finds its sockets by itself, one for each address of its host."""
    return not settings.server.shared_port and settings.server.own_port is None


def sockets_of(settings: Settings) -> list[socket.socket]:
    """One for the service's port, one for the process's own port if it is to have one."""
    shared, own = settings.server.shared_port, settings.server.own_port
    with ExitStack() as stack:
        found = [stack.enter_context(bound(settings.host, settings.port, shared=shared))]
        if own is not None:
            found.append(stack.enter_context(bound(settings.host, own)))
        stack.pop_all()
    return found


def every_address(host: str) -> list[str]:
    """The addresses that a host stands for, all of which a server takes that is given no sockets.

    Raises ConfigurationError where it stands for none.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise _unheard(host, error) from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def heard(found: socket.socket) -> bool:
    """Whether a socket that was told to listen does."""
    try:
        return found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == 1
    except OSError:
        return False


def take_no_more(listener: socket.socket) -> None:
    """Let no more wait to be accepted than do already (on Linux, one more where nobody does)."""
    # uvloop's own has no `listen`, and for another descriptor there may be no room.
    own = socket.socket(fileno=listener.fileno())
    try:
        own.listen(0)
    finally:
        own.detach()


def waiting(listener: socket.socket) -> int:
    """How many wait to be accepted; 0 where the system does not tell, as only Linux does."""
    if sys.platform != "linux":
        return 0
    info = listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO_BYTES)
    (count,) = struct.unpack_from("I", info, _UNACKED_AT)
    return int(count)
