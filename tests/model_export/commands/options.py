"""Every argument of every command of `unmask-model`."""

import argparse
import importlib

from model_export.cli import COMMANDS


def arguments_of(command: str) -> list[argparse.Action]:
    """The command's positional arguments and options."""
    parser = argparse.ArgumentParser()
    module = importlib.import_module(f"model_export.commands.{command.replace('-', '_')}")
    module.configure(parser)
    # argparse offers no public way to list them.
    return parser._actions


def all_arguments() -> list[tuple[str, argparse.Action]]:
    """(command, argument) for all commands."""
    return [(command, action) for command in COMMANDS for action in arguments_of(command)]
