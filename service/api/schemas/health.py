"""What the probes are told."""

from typing import Literal

from pydantic import BaseModel, Field


class AliveBody(BaseModel):
    """The process answers."""

    status: Literal["alive"] = Field(description="Always `alive`.")


class ReadyBody(BaseModel):
    """Work sent now would be done."""

    status: Literal["ready"] = Field(description="Always `ready`; else the answer is a 503.")
