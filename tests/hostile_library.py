"""A library that lies in wait in a folder, under a name that Python looks for."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[1]
_TRAP = """
#include <fcntl.h>
__attribute__((constructor)) static void run(void) {{ creat("{trace}", 0600); }}
"""


def runs_what_lies_in(folder: Path, program: str) -> bool:
    """Whether a program that is started in a folder, or a process of it, loads a library there.

    Skips the test where there is no compiler, or Python needs no such library.
    """
    trace, script = _lay_trap(folder), folder / "started.py"
    script.write_text(program)
    kept = {name: value for name, value in os.environ.items() if name != "LD_LIBRARY_PATH"}
    given = {**kept, "PYTHONPATH": str(_ROOT)}
    subprocess.run([sys.executable, script], cwd=folder, env=given, check=True, timeout=60)
    return trace.exists()


def _lay_trap(folder: Path) -> Path:
    """Put a libz.so.1 there that works, and leaves a file wherever it is loaded: its path."""
    compiler = shutil.which("cc")
    maps = Path("/proc/self/maps")
    mapped = maps.read_text("utf-8").split() if maps.exists() else []
    own = next((Path(each) for each in mapped if Path(each).name.startswith("libz.so.1")), None)
    if compiler is None or own is None:
        pytest.skip("there is no C compiler, or no shared zlib in use")
    trace, real = folder / "trace", folder / "libq.so.1"
    # Under its own name it would be taken for the trap.
    real.write_bytes(own.read_bytes().replace(b"libz.so.1\0", b"libq.so.1\0"))
    source = folder / "trap.c"
    source.write_text(_TRAP.format(trace=trace))
    links = ["-Wl,-soname,libz.so.1", "-Wl,--no-as-needed", f"-Wl,-rpath,{folder}"]
    command = [compiler, "-shared", "-fPIC", *links, "-o", "libz.so.1", str(source), str(real)]
    subprocess.run(command, cwd=folder, check=True)
    probe = [sys.executable, "-c", "import zlib"]
    subprocess.run(probe, cwd=folder, env={"LD_LIBRARY_PATH": ":"}, check=True)
    if not trace.exists():
        pytest.skip("Python loads its zlib from nowhere else")
    trace.unlink()
    return trace
