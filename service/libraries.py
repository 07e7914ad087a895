"""Where the processes that this one starts look for shared libraries."""

import re
from collections.abc import Mapping

_NAME = "LD_LIBRARY_PATH"
_SEPARATOR = re.compile("[:;]")  # ld.so(8)


def library_path(environment: Mapping[str, str]) -> dict[str, str]:
    """The variable that names their folders, without the folder that a process is started in.

    WHY: an empty part stands for that one, and importing cv2 puts a colon at the end. In a folder
    of pictures from anywhere, whatever is called libz.so.1 would run.
    """
    if _NAME not in environment:
        return {}
    return {_NAME: ":".join(filter(None, _SEPARATOR.split(environment[_NAME])))}
