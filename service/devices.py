"""What the settings make of this machine: processes, sessions and devices."""

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass

from service.errors import ConfigurationError, first_line
from service.inference.device import Device, choose_devices
from service.inference.model_file import ModelFile, read_model_file
from service.inference.precision import in_precision
from service.inference.session import Session, SessionPlan
from service.runtime import Runtime, usable_cpus
from service.settings import Settings

logger = logging.getLogger(__name__)

# Each session on a CPU holds at least 30 MB.
_MOST_CPU_SESSIONS = 8


@dataclass(frozen=True, slots=True)
class Equipment:
    """What judges: a model file, the devices that it runs on, and ONNX Runtime."""

    runtime: Runtime
    model: ModelFile
    devices: list[Device]


def media_workers(settings: Settings) -> int:
    """How many decoding processes these settings ask for."""
    return settings.media.workers or max(2, usable_cpus())


def share_cores(cpus: int, threads: int | None) -> tuple[int, int]:
    """How many sessions run on so many cores, and with how many threads each.

    Several sessions of one thread judge more crops than one session of several threads, which
    wait for one another at each of the network's small steps. threads: what the user asks for, if
    anything.
    """
    each = threads or math.ceil(cpus / _MOST_CPU_SESSIONS)
    return min(_MOST_CPU_SESSIONS, max(1, cpus // each)), each


def session_plan(settings: Settings) -> SessionPlan:
    """How sessions are opened under these settings."""
    inference = settings.inference
    _, threads = share_cores(usable_cpus(), inference.threads)
    # While one thread captures, no other may so much as allocate, on whatever GPU.
    graphs = inference.cuda_graphs and len(inference.devices) == 1
    return SessionPlan(threads, inference.buckets, inference.tensorrt_cache, graphs)


def obtain_model(settings: Settings, runtime: Runtime) -> tuple[ModelFile, list[Device]]:
    """The model file that runs under the settings, and on which devices.

    Raises ConfigurationError where either cannot be had.
    """
    model = read_model_file(settings.model, runtime)
    devices = obtain_devices(settings, model, runtime)
    return in_precision(model, devices[0], settings.precision, runtime), devices


def equip(settings: Settings) -> Equipment:
    """What judges under these settings. Raises ConfigurationError where it cannot be had."""
    runtime = Runtime()
    return Equipment(runtime, *obtain_model(settings, runtime))


def obtain_devices(settings: Settings, model: ModelFile, runtime: Runtime) -> list[Device]:
    """The devices that the settings ask for; "auto" is the CPU where no GPU answers."""
    devices = choose_devices(settings.device, settings.inference.devices, runtime)
    if settings.device == "auto":
        try:
            prove_devices(devices, settings, model, runtime, judging=True)
        except ConfigurationError as error:
            logger.warning("the CPU runs the model: %s", error)
            return [Device("cpu")]
    return devices


def one_for_each_session(devices: Sequence[Device], settings: Settings) -> list[Device]:
    """Each GPU once, and the CPU as often as it has sessions."""
    sessions, _ = share_cores(usable_cpus(), settings.inference.threads)
    return [device for device in devices for _ in range(sessions if device.kind == "cpu" else 1)]


def prove_devices(
    devices: Sequence[Device],
    settings: Settings,
    model: ModelFile,
    runtime: Runtime,
    *,
    judging: bool,
) -> None:
    """Open a session on each device once. Raises ConfigurationError where that fails.

    judging: whether each must judge a blank crop, too, as the pool has its own sessions do when
        they are warmed: TensorRT builds an engine for that.
    """
    for device in devices:
        session = Session(model, device, session_plan(settings), runtime)
        if not judging:
            continue
        try:
            session.run([session.blank()])
        except Exception as error:
            # A GPU may take a model and have no memory, or no code, to run it.
            raise ConfigurationError(
                f"The device '{device.name}' does not run the model: {first_line(error)}"
            ) from error
