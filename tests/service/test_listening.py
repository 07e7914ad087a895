"""Addresses: taken alone, shared, and beside a port of one's own."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from pydantic import ValidationError

from service.cli import main
from service.errors import ConfigurationError
from service.listening import bound, every_address, heard, sockets_of
from service.settings import ServerSettings, Settings
from tests.service.running import (
    Running,
    environment,
    free_port,
    metrics_of,
    running_server,
    wait_until_ready,
)

HOST = "127.0.0.1"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="ports are shared on Linux only")


def test_what_is_bound_is_not_heard_yet() -> None:
    with bound(HOST, 0) as found:
        address = found.getsockname()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address)
        found.listen()
        socket.create_connection(address).close()


def test_an_address_is_had_by_one() -> None:
    with bound(HOST, 0) as found:
        found.listen()
        port = found.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"^Nothing can listen on {HOST}:{port}: Addr"):
            bound(HOST, port)


def test_an_address_is_shared_only_by_those_that_say_so() -> None:
    with bound(HOST, 0, shared=True) as found:
        found.listen()
        port = found.getsockname()[1]
        bound(HOST, port, shared=True).close()
        with pytest.raises(ConfigurationError, match="Address already in use"):
            bound(HOST, port)


def test_an_address_is_had_again_at_once_after_connections() -> None:
    with bound(HOST, 0) as found:
        found.listen()
        address = found.getsockname()
        with socket.create_connection(address) as client:
            # Whoever closes first keeps the address waiting for what may still be on its way.
            found.accept()[0].close()
            client.recv(1)
    bound(*address).close()


def test_a_socket_whose_address_went_to_another_is_not_heard() -> None:
    with bound(HOST, 0) as first, bound(HOST, first.getsockname()[1]) as second:
        assert not heard(first)
        first.listen()
        with pytest.raises(OSError, match="in use"):
            second.listen()
        assert heard(first)
        assert not heard(second)
    assert not heard(first)


def test_a_host_stands_for_all_its_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    assert every_address(HOST) == [HOST]
    assert set(every_address("localhost")) <= {HOST, "::1"}
    with pytest.raises(ConfigurationError, match=r"^Nothing can listen on no host: "):
        every_address("no host")

    def two(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, 1, 6, "", (address, 0)) for address in (HOST, "127.0.0.2")]

    with bound("127.0.0.2", 0) as taken:
        taken.listen()
        monkeypatch.setattr("socket.getaddrinfo", two)
        monkeypatch.setenv("UNMASK_PORT", str(taken.getsockname()[1]))
        monkeypatch.setenv("UNMASK_HOST", "localhost")
        assert main(["check"]) == 2


def test_an_address_of_version_6() -> None:
    try:
        found = bound("::1", 0)
    except ConfigurationError as error:
        pytest.skip(f"no IPv6 here: {error}")
    with found:
        assert found.family == socket.AF_INET6
        assert found.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)


@pytest.mark.parametrize("host", ["a..b", "x" * 70])
def test_a_host_that_is_no_name_is_said(host: str) -> None:
    for find in (lambda: bound(host, 0), lambda: every_address(host)):
        with pytest.raises(ConfigurationError, match="Nothing can listen on"):
            find()


def test_a_kernel_without_ipv6_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(*_: object) -> socket.socket:
        raise OSError(97, "Address family not supported by protocol")

    monkeypatch.setattr(socket, "socket", unsupported)
    with pytest.raises(ConfigurationError, match="family not supported"):
        bound("::1", 0)


def test_nowhere_else_is_a_port_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    with pytest.raises(ConfigurationError, match="on Linux only"):
        bound(HOST, 0, shared=True)


def test_a_port_of_ones_own_is_another_one() -> None:
    port, own = free_port(), free_port()
    found = sockets_of(Settings(port=port, server=ServerSettings(own_port=own)))
    assert [each.getsockname()[1] for each in found] == [port, own]
    found[1].listen()
    with pytest.raises(ConfigurationError, match="Address already in use"):
        bound(HOST, own, shared=True)
    for each in found:
        each.close()


def test_nothing_is_kept_open_where_one_of_two_cannot_be_had() -> None:
    with bound(HOST, 0) as taken:
        taken.listen()
        settings = Settings(
            port=free_port(), server=ServerSettings(own_port=taken.getsockname()[1])
        )
        before = len(list(Path("/proc/self/fd").iterdir()))
        with pytest.raises(ConfigurationError, match="Address already in use"):
            sockets_of(settings)
        assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.parametrize(
    ("port", "server", "reason"),
    [
        (8100, ServerSettings(own_port=8100), "must be another one than UNMASK_PORT"),
        (0, ServerSettings(shared_port=True), "cannot be any free port"),
    ],
)
def test_ports_that_make_no_sense_are_refused(
    port: int, server: ServerSettings, reason: str
) -> None:
    with pytest.raises(ValidationError, match=reason):
        Settings(port=port, server=server)


def test_whoever_comes_second_to_an_address_says_so_and_leaves(model_path: Path) -> None:
    """Both have bound it before either listens: two that forgot to say that they share."""
    port = free_port()
    with bound(HOST, port) as taken:
        process = subprocess.Popen(
            [sys.executable, "-m", "service.cli", "serve"],
            env=environment(model_path, PORT=str(port), SERVER__OWN_PORT=str(free_port())),
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        lines = iter(process.stderr.readline, "")
        assert any("Started server process" in line for line in lines)
        taken.listen()
        rest = "".join(lines)
    assert process.wait(60.0) == 3
    assert f"nothing can listen on {HOST}:{port}: another process was quicker" in rest


@dataclass(frozen=True)
class Sharing:
    """Two servers at one port; alone: clients of each one's own port."""

    port: int
    servers: list[Running]
    alone: list[httpx.Client]

    def refuse(self, requests: int) -> None:
        """Post what is no picture, each time on a new connection."""
        for _ in range(requests):
            answer = httpx.post(
                f"http://{HOST}:{self.port}/analyze", files={"file": b"no picture"}, timeout=60.0
            )
            assert answer.status_code == 415

    def refused(self) -> list[int]:
        """How many each server has refused by its own account."""
        wanted = 'unmask_requests_total{code="unsupported_media",status="415",verdict="none"} '
        found = []
        for client in self.alone:
            lines = metrics_of(client).splitlines()
            values = [line.removeprefix(wanted) for line in lines if line.startswith(wanted)]
            found.append(int(float(values[0])) if values else 0)
        return found


@pytest.fixture(scope="module")
def sharing(model_path: Path) -> Iterator[Sharing]:
    port, own = free_port(), [free_port(), free_port()]
    with ExitStack() as stack:
        servers = [
            stack.enter_context(
                running_server(
                    model_path,
                    PORT=str(port),
                    SERVER__SHARED_PORT="true",
                    SERVER__OWN_PORT=str(number),
                    SERVER__UNREADY_S="0.1",
                )
            )
            for number in own
        ]
        alone = [
            stack.enter_context(httpx.Client(base_url=f"http://{HOST}:{number}", timeout=60.0))
            for number in own
        ]
        for server, client in zip(servers, alone, strict=True):
            # At the shared port whoever is ready first says so for both.
            wait_until_ready(server.process, client)
        yield Sharing(port, servers, alone)


def test_requests_are_divided_and_each_process_tells_of_its_own(sharing: Sharing) -> None:
    sharing.refuse(24)
    counts = sharing.refused()
    assert sum(counts) == 24
    assert min(counts) > 0


def test_where_one_has_ended_the_other_answers_all(sharing: Sharing) -> None:
    before = sharing.refused()[1]
    sharing.servers[0].process.send_signal(signal.SIGTERM)
    assert sharing.servers[0].process.wait(60.0) == 0
    sharing.refuse(8)
    sharing.alone.pop(0)
    assert sharing.refused() == [before + 8]
