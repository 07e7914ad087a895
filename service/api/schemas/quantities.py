"""Values that several parts of an answer have in common.

Ranges are put into the description of the API only: what the service itself has computed is not
checked once more for every answer.
"""

from typing import Annotated

from pydantic import Field, WithJsonSchema

Share = Annotated[float, WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1})]
Grey = Annotated[float, WithJsonSchema({"type": "number", "minimum": 0, "maximum": 255})]
NotNegative = Annotated[float, WithJsonSchema({"type": "number", "minimum": 0})]
Positive = Annotated[float, WithJsonSchema({"type": "number", "exclusiveMinimum": 0})]
Index = Annotated[int, WithJsonSchema({"type": "integer", "minimum": 0})]
Count = Annotated[int, WithJsonSchema({"type": "integer", "minimum": 1})]
Sha256 = Annotated[str, WithJsonSchema({"type": "string", "pattern": "^[0-9a-f]{64}$"})]

Track = Annotated[
    Index,
    Field(
        description="Number of the face, from 0: of a picture by size, largest first; of a clip "
        "by presence (size times time seen), most present first."
    ),
]
DeviceName = Annotated[
    str,
    Field(
        description="Where the model runs: `cpu`, `cuda:N` or `tensorrt:N` with the number of the "
        "GPU, of the first where there are several."
    ),
]
FrameIndex = Annotated[
    Index, Field(description="Number of the frame among all of the upload, from 0.")
]
