"""What is shown of a file's name can neither forge a line nor command a terminal."""

import pytest

from service.terminal import printable


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
