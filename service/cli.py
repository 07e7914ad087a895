"""The command `unmask`."""

import argparse
import asyncio
import io
import json
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError
from pydantic_settings import SettingsError

from service.analysis import Analysis, Options
from service.arguments import parser
from service.devices import Equipment, equip, prove_devices
from service.errors import ConfigurationError, UnmaskError
from service.faces.finder import face_finder
from service.files import analyze_file, distinct_names, read_file, write_pictures
from service.listening import bound, every_address, in_words, sockets_of, takes_every_address
from service.logs import configure_logging
from service.media.process import WorkerDefectError
from service.opening import open_pipeline
from service.settings import Settings, ignored_variables
from service.startup import end_when_told, occupy_standard_streams, seal_memory
from service.telemetry import Telemetry
from service.terminal import printable, show_progress, table_head, table_row, wipe_progress

logger = logging.getLogger(__name__)

_NOBODY_LISTENS = 128 + signal.SIGPIPE
"""What a shell says of a command that died of writing to nobody."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit code. 1: a file failed; 2: the configuration is wrong."""
    occupy_standard_streams()
    seal_memory()
    end_when_told()
    chosen = parser().parse_args(arguments)
    try:
        settings = _settings(chosen)
        if chosen.command == "serve":
            return _serve(settings)
        if chosen.command == "check":
            return _check(settings)
        return asyncio.run(_analyze(settings, chosen))
    except ConfigurationError as error:
        _complain(f"unmask: {error}")
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever reads has heard enough, such as `head`.
        _tell_nobody()
        return _NOBODY_LISTENS


def _settings(chosen: argparse.Namespace) -> Settings:
    for name in ignored_variables(os.environ):
        _complain(f"unmask: warning: {name} is no setting and is ignored")
    given = {
        name: getattr(chosen, name)
        for name in ("host", "port", "model", "device")
        if getattr(chosen, name, None) is not None
    }
    try:
        return Settings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        name = "UNMASK_" + "__".join(str(part) for part in first["loc"]).upper()
        if first["type"] == "extra_forbidden":
            raise ConfigurationError(f"{name} is no setting.") from error
        reason = first["msg"].removeprefix("Value error, ")
        raise ConfigurationError(f"{name} is wrong: {reason}.") from error
    except SettingsError as error:
        raise ConfigurationError(
            f"The environment is wrong: {error}. Lists are JSON: UNMASK_INFERENCE__BUCKETS=[1,2,4]."
        ) from error


def _serve(settings: Settings) -> int:
    from service.server import serve  # noqa: PLC0415 - `analyze` needs no HTTP

    # Wrong settings deserve one sentence; inside the server they would end in a traceback.
    _try_addresses(settings)
    configure_logging(settings.log_level)
    equipment = _probe(settings, judging=False)
    logger.info("starting on http://%s", in_words(settings.host, settings.port))
    return serve(settings, equipment)


def _check(settings: Settings) -> int:
    _try_addresses(settings)
    found = _probe(settings, judging=True)
    _tell(
        f"unmask: ready to start with {printable(found.model.label)} on "
        f"{', '.join(device.name for device in found.devices)}, "
        f"ONNX Runtime {found.runtime.version}"
    )
    return 0


def _try_addresses(settings: Settings) -> None:
    """Raise ConfigurationError where nothing can listen at them."""
    if takes_every_address(settings):
        for address in every_address(settings.host):
            bound(address, settings.port).close()
        return
    for found in sockets_of(settings):
        found.close()


def _probe(settings: Settings, *, judging: bool) -> Equipment:
    """Open the model on its devices once, see `prove_devices`. Raises ConfigurationError."""
    found = equip(settings)
    face_finder(settings.faces.plan())
    prove_devices(found.devices, settings, found.model, found.runtime, judging=judging)
    return found


async def _analyze(settings: Settings, chosen: argparse.Namespace) -> int:
    failures, options = 0, Options(chosen.max_frames, chosen.max_faces)
    names = distinct_names(chosen.files)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A file may have a name that its encoding cannot hold.
        sys.stdout.reconfigure(errors="backslashreplace")
    async with open_pipeline(settings, Telemetry()) as pipeline:
        if not chosen.json:
            _tell(table_head())
        for number, path in enumerate(chosen.files):
            show_progress(number, len(chosen.files), path.name)
            try:
                upload = read_file(path, settings.media.max_bytes)
                analysis = await analyze_file(pipeline, upload, options, settings.server.deadline_s)
                if chosen.out is not None:
                    await write_pictures(
                        pipeline,
                        upload,
                        analysis,
                        options,
                        deadline_s=settings.server.deadline_s,
                        target=chosen.out / names[number],
                    )
            except (UnmaskError, WorkerDefectError) as error:
                failures += 1
                wipe_progress()
                if isinstance(error, UnmaskError):
                    failure = error
                else:
                    logger.error("%s cannot be analysed", printable(path.name), exc_info=error)
                    failure = UnmaskError("The file cannot be analysed.")
                _print_failure(path, failure, as_json=chosen.json)
                continue
            wipe_progress()
            if chosen.json:
                _tell(_as_json(path, analysis))
            else:
                _tell(table_row(path, analysis))
    return 1 if failures else 0


def _as_json(path: Path, analysis: Analysis) -> str:
    from service.api.presenter import report_body  # noqa: PLC0415 - only --json needs the schemas

    body = report_body(analysis, inline_masks=True).model_dump(mode="json")
    return json.dumps({"file": str(path), **body})


def _print_failure(path: Path, error: UnmaskError, *, as_json: bool) -> None:
    if as_json:
        _tell(json.dumps({"file": str(path), "code": error.code, "detail": error.detail}))
    else:
        _tell(f"{printable(path.name)[:28]:<28} {error.code}: {error.detail}")


def _complain(line: str) -> None:
    try:
        print(line, file=sys.stderr, flush=True)
    except OSError:
        # A log that is full, or that nobody reads, is no reason not to start. Nor to fail: what is
        # left in the stream would be tried again at the end.
        sys.stderr = os.fdopen(2, "w", closefd=False)


def _tell(line: str) -> None:
    # At once: whoever reads a pipe waits for it, or has gone.
    try:
        print(line, flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        _tell_nobody()
        raise ConfigurationError(f"Nothing can be written to stdout: {error.strerror}.") from error


def _tell_nobody() -> None:
    # Else Python would complain once more at its end.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
