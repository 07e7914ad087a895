"""What the settings make of this machine: processes, sessions and devices."""

from collections.abc import Sequence

from service.errors import ConfigurationError
from service.inference.model_file import ModelFile
from service.inference.runtime import Runtime, usable_cpus
from service.inference.session import Device, Session, SessionPlan, choose_devices
from service.settings import Settings


def media_workers(settings: Settings) -> int:
    """How many decoding processes these settings ask for."""
    return settings.media.workers or max(2, usable_cpus())


def session_plan(settings: Settings) -> SessionPlan:
    """How sessions are opened under these settings."""
    return SessionPlan(
        settings.inference.threads or usable_cpus(),
        settings.inference.buckets,
        settings.inference.tensorrt_cache,
    )


def obtain_devices(settings: Settings, model: ModelFile, runtime: Runtime) -> list[Device]:
    """The devices that the settings ask for; "auto" is the CPU where no GPU answers."""
    devices = choose_devices(settings.device, settings.inference.devices, runtime)
    if settings.device == "auto":
        try:
            prove_devices(devices, settings, model, runtime)
        except ConfigurationError:
            return [Device("cpu")]
    return devices


def prove_devices(
    devices: Sequence[Device], settings: Settings, model: ModelFile, runtime: Runtime
) -> None:
    """Open a session on each device once. Raises ConfigurationError where that fails."""
    for device in devices:
        Session(model, device, session_plan(settings), runtime)
