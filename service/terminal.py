"""What `unmask analyze` shows: a table, and on a terminal how far it is."""

import shutil
import sys
from pathlib import Path

from service.analysis import Analysis
from service.verdict.findings import Report

_ROW = "{:<28} {:<13} {:>7} {:>6} {:<11} {:>7}  {:<17} {}"
_HEADINGS = ("file", "verdict", "P(fake)", "faces", "method", "mask", "suspect", "warnings")
_BAR_WIDTH = 24


def printable(name: str) -> str:
    """A file's name on one line, with nothing in it that a terminal would obey."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)


def table_head() -> str:
    """The table's headings."""
    return _ROW.format(*_HEADINGS)


def show_progress(done: int, files: int, name: str) -> None:
    """Show a bar and what is being done, on a terminal only."""
    if sys.stderr.isatty():
        filled = _BAR_WIDTH * done // files
        bar = "#" * filled + "." * (_BAR_WIDTH - filled)
        text = f"[{bar}] {done} of {files} done, now {printable(name)}"
        room = shutil.get_terminal_size().columns - 1
        print(f"\r\033[K{text[:room]}", end="", flush=True, file=sys.stderr)


def wipe_progress() -> None:
    """Make room for a line."""
    # Before every line of the table: both may go to the same terminal.
    if sys.stderr.isatty():
        print("\r\033[K", end="", flush=True, file=sys.stderr)


def table_row(path: Path, analysis: Analysis) -> str:
    """One file's line of the table."""
    report = analysis.report
    fake = "-" if report.fake_probability is None else f"{report.fake_probability:.3f}"
    area = "-" if report.mask is None else f"{report.mask.area_fraction:.2%}"
    return _ROW.format(
        printable(path.name)[:28],
        report.verdict,
        fake,
        len(report.faces),
        report.method.name,
        area,
        _when(report),
        ", ".join(report.warnings),
    ).rstrip()


def _when(report: Report) -> str:
    """When any face looks manipulated: "1.2-3.4 s"."""
    intervals = sorted({(i.start_s, i.end_s) for face in report.faces for i in face.intervals})
    text = ", ".join(f"{start:.1f}-{end:.1f}" for start, end in intervals)
    return f"{text} s" if text else "-"
