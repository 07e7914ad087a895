"""What is shown of a file's name can neither forge a line nor command a terminal."""

import os
import pty
import sys

import pytest

from service.terminal import printable, show_progress


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Zoë 写真 (1).jpg", "Zoë 写真 (1).jpg"),
        ("a\nfake.jpg   authentic", "a\\nfake.jpg   authentic"),
        ("\x1b[2K\x1b]0;owned\x07.jpg", "\\x1b[2K\\x1b]0;owned\\x07.jpg"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("\udcff.jpg", "\\udcff.jpg"),
    ],
)
def test_what_does_not_print_is_escaped(name: str, shown: str) -> None:
    assert printable(name) == shown


def test_progress_stays_on_its_line_whatever_a_name_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    controller, terminal = pty.openpty()
    try:
        with os.fdopen(terminal, "w") as stderr, monkeypatch.context() as shown_there:
            shown_there.setattr(sys, "stderr", stderr)
            show_progress(1, 3, "\033[2J" + "a" * 99)
            shown = os.read(controller, 4096).decode()
    finally:
        os.close(controller)
    line = shown.removeprefix("\r\033[K")
    assert line.startswith("[########................] 1 of 3 done, now \\x1b[2Ja")
    assert len(line) == 59, "a full line would begin another"
