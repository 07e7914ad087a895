"""What the handlers share: settings, keys, and the pipeline once there is one."""

import time

from service.api.auth import KeyRing
from service.api.pace import Pace
from service.errors import NotReadyError
from service.pipeline import Pipeline
from service.settings import Settings
from service.telemetry import Telemetry


class Desk:
    """What the handlers need; lives as long as the app.

    pipeline: None until the stages have started.
    draining: set on SIGTERM; readiness then says 503. pace: of all refusals.
    """

    def __init__(self, settings: Settings, telemetry: Telemetry) -> None:
        self.settings = settings
        self.telemetry = telemetry
        self.keys = KeyRing(key.get_secret_value() for key in settings.api_keys)
        self.pipeline: Pipeline | None = None
        self.draining = False
        self.pace = Pace(time.monotonic, lambda: self.draining)
        telemetry.ready.set_function(lambda: float(self.problem() is None))

    def problem(self) -> str | None:
        """Why the service is not ready, or None."""
        if self.draining:
            return "the service is shutting down"
        return "the service is starting" if self.pipeline is None else self.pipeline.problem()

    def opened(self) -> Pipeline:
        """The pipeline; raises NotReadyError before it has started."""
        if self.pipeline is None:
            raise NotReadyError("The service is starting.", retry_after_s=1)
        return self.pipeline

    def working(self) -> Pipeline:
        """The same; raises NotReadyError also where it judges nothing."""
        pipeline = self.opened()
        if pipeline.useless():
            raise NotReadyError("No session judges faces at present.", retry_after_s=1)
        return pipeline
