"""What `menshen` says to the person at the terminal: plain lines, and a spinner while something takes time.

Printing never fails: a district must outlive the terminal that it was started from.
"""

import contextlib
import io
import os
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class _Lossy(io.RawIOBase):
    """A file descriptor whose loss is no error: what cannot be written is dropped."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)

    def write(self, data: "ReadableBuffer", /) -> int:
        try:
            return os.write(self._descriptor, data)
        except OSError:
            return memoryview(data).nbytes


class Terminal:
    """One of the process's output streams: standard output, or standard error for complaints."""

    def __init__(self, descriptor: int = 1) -> None:
        stream = io.TextIOWrapper(io.BufferedWriter(_Lossy(descriptor)), encoding="utf-8", line_buffering=True)
        self._console = Console(file=stream, soft_wrap=True, markup=False, highlight=False)

    @property
    def console(self) -> Console:
        """The stream for whatever draws more than lines."""
        return self._console

    def say(self, line: str) -> None:
        """Print one line as it is."""
        self._console.print(line)

    @contextlib.contextmanager
    def step(self, doing: str, done: str) -> Iterator[None]:
        """Show what is being done while the body runs, and how long it took once it has succeeded."""
        began = time.monotonic()
        with self._console.status(f"{doing} …"):
            yield
        self.say(f"  {done:<40} {time.monotonic() - began:5.1f} s")
