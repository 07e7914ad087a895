"""Help says what every argument is and what it is by default."""

import argparse
import math

import pytest

from model_export.cli import COMMANDS, main
from tests.model_export.commands.options import arguments_of


@pytest.mark.parametrize("command", COMMANDS)
def test_every_argument_has_help(command: str) -> None:
    assert [action.dest for action in arguments_of(command) if not action.help] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_defaults_are_shown_where_there_are_any(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "1000")
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    assert end.value.code == 0
    shown = capsys.readouterr().out
    for nothing in ("None", "False", "[]", "inf", argparse.SUPPRESS):
        assert f"default: {nothing}" not in shown
    for action in arguments_of(command):
        lines = [line for line in shown.splitlines() if action.help and action.help in line]
        told = "no limit" if action.default == math.inf else action.default
        silent = action.default is None or isinstance(action.default, bool)
        if not silent and action.default not in ([], argparse.SUPPRESS):
            assert any(f"default: {told}" in line for line in lines), action.dest


def test_the_list_of_commands_tells_where_their_options_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out
    assert "COMMAND --help" in shown
    assert all(summary[:20] in shown for summary in COMMANDS.values())
