"""A file on its way to the API: streamed, never held in memory, with a progress bar on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from msgspec import Struct
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

from service.cli.failures import WrongUse

_CHUNK: Final = 1 << 16


class Upload(Struct, frozen=True):
    """The bytes of a file, and what they are."""

    chunks: Iterator[bytes]
    media_type: str


@contextmanager
def opened(path: Path, accepted: Sequence[str]) -> Iterator[Upload]:
    """The file at ``path`` as a body of one of the ``accepted`` media types. Raises ``WrongUse``."""
    media_type = _media_type(path, accepted)
    console = Console(stderr=True)
    try:
        file = path.open("rb")
    except OSError as error:
        raise WrongUse(f"{path} can't be read: {error.strerror}") from error
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with file, Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        yield Upload(_chunks(file, path, bar), media_type)


def _media_type(path: Path, accepted: Sequence[str]) -> str:
    """``text/csv`` for a name that ends in ``.csv``, ``application/x-ndjson`` for ``.ndjson``."""
    by_suffix = {f".{media.rpartition('/')[2].removeprefix('x-')}": media for media in accepted}
    if path.suffix.lower() not in by_suffix:
        raise WrongUse(
            f"{path}: the name of the file must end in {' or '.join(by_suffix)}, to tell what it is"
        )
    return by_suffix[path.suffix.lower()]


def _chunks(file: BinaryIO, path: Path, bar: Progress) -> Iterator[bytes]:
    size = path.stat().st_size if path.is_file() else None
    task = bar.add_task(f"Sending {path.name}", total=size)
    while chunk := file.read(_CHUNK):
        yield chunk
        bar.advance(task, len(chunk))
    bar.update(task, description="The service is reading it")
