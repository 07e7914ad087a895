"""What the command line takes."""

import argparse
from importlib.metadata import version
from pathlib import Path
from typing import get_args

from service.inference.device import DeviceKind

_OF_ANALYZE = (
    "In the table `mask` is the manipulated share of the frame, `suspect` when a clip looks "
    "manipulated. DIR gets FILE.mask.png and FILE.overlay.jpg of the most incriminating frame, of "
    "a clip also FILE.overlay.webp; nothing where there is no face. Of files with the same name "
    "the second becomes FILE-2."
)


def parser() -> argparse.ArgumentParser:
    """Of `unmask` and its commands."""
    whole = argparse.ArgumentParser(
        prog="unmask",
        description="Was a face in a picture or clip manipulated, how, and where? "
        "Settings are read from the environment (UNMASK_...).",
    )
    whole.add_argument("--version", action="version", version=f"unmask {version('unmask')}")
    commands = whole.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="answer HTTP requests")
    serve.add_argument("--host", help="address to listen on (UNMASK_HOST)")
    serve.add_argument("--port", type=int, help="port to listen on (UNMASK_PORT)")
    analyze = commands.add_parser(
        "analyze", help="analyse files without a server", epilog=_OF_ANALYZE
    )
    analyze.add_argument("files", nargs="+", type=Path, metavar="FILE")
    analyze.add_argument(
        "--json",
        action="store_true",
        help="one JSON report a line, of a file that failed an object of file, code and detail",
    )
    analyze.add_argument("--out", type=Path, metavar="DIR", help="write masks and overlays here")
    analyze.add_argument(
        "--max-frames",
        type=_count,
        help="frames of a clip to analyse; default: UNMASK_MEDIA__FRAMES, at most __MAX_FRAMES",
    )
    analyze.add_argument(
        "--max-faces", type=_count, help="faces to keep; default and most: UNMASK_FACES__MAX_FACES"
    )
    check = commands.add_parser("check", help="tell whether the service could start")
    for command in (serve, analyze, check):
        command.add_argument("--model", type=Path, help="ONNX model file (UNMASK_MODEL)")
        command.add_argument("--device", choices=get_args(DeviceKind), help="(UNMASK_DEVICE)")
    return whole


def _count(text: str) -> int:
    number = int(text) if text.lstrip("-").isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 1 on")
    return number
