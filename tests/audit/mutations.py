"""The mutation trial: whatever is changed in an export, the verifier finds it; an export left alone is never accused.

``python -m tests.audit.mutations --trials 10000`` tries it on histories of its own, on an embedded database.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any, Final, TypeAlias

import click
from msgspec import Struct

from service.audit import layout
from service.audit import verify as verifier
from service.audit.tree import TILE_WIDTH
from service.audit.verify import Wrong, verify
from service.composition import assembled
from service.database.embedded import EmbeddedPostgres
from service.database.migrate import migrate
from service.settings import Settings
from tests.audit.forging import Copy, files_of, join, read, rewrite, split, stranger, under
from tests.audit.histories import export, public_keys, random_world, store
from tests.http.conftest import MASTER_KEY, MovableClock

Mutation: TypeAlias = Callable[[Copy, Random], str]
"""Changes the export somewhere; answers what and where."""


class Sample(Struct, frozen=True):
    """An export, and the keys that an auditor knows."""

    directory: Path
    keys: list[str]


# --- What may be done to files ---------------------------------------------------------------------------------------


def change_byte(copy: Copy, choice: Random) -> str:
    """One byte of one file."""
    file = _file(copy, choice)
    content = bytearray(file.read_bytes())
    at = choice.randrange(len(content))
    content[at] ^= choice.randrange(1, 256)
    file.write_bytes(content)
    return f"byte {at} of {file}"


def truncate(copy: Copy, choice: Random) -> str:
    """The end of a file is gone."""
    file = _file(copy, choice)
    content = file.read_bytes()
    kept = choice.randrange(len(content))
    file.write_bytes(content[:kept])
    return f"{file} ends at {kept}"


def delete_file(copy: Copy, choice: Random) -> str:
    """A file is gone."""
    file = _file(copy, choice)
    file.unlink()
    return f"without {file}"


def swap_files(copy: Copy, choice: Random) -> str:
    """Two files have each other's content."""
    one, other = _file(copy, choice), _file(copy, choice)
    while one.read_bytes() == other.read_bytes():
        other = _file(copy, choice)
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)
    return f"{one} and {other} swapped"


# --- What may be done to events --------------------------------------------------------------------------------------


def change_field(copy: Copy, choice: Random) -> str:
    """One field of one event says something else."""
    entries = list(copy.entries)
    number = choice.randrange(len(entries))
    entries[number] = _with_another_field(entries[number], choice)
    return _put(copy, entries, number)


def delete_event(copy: Copy, choice: Random) -> str:
    """One event is gone from its bundle."""
    bundle = _bundle(copy, choice)
    entries = split(bundle.read_bytes())
    number = choice.randrange(len(entries))
    del entries[number]
    bundle.write_bytes(join(entries))
    return f"entry {number} of {bundle} deleted"


def swap_events(copy: Copy, choice: Random) -> str:
    """Two events of a bundle change places."""
    bundle = _bundle(copy, choice)
    entries = split(bundle.read_bytes())
    one, other = choice.sample(range(len(entries)), 2)
    entries[one], entries[other] = entries[other], entries[one]
    bundle.write_bytes(join(entries))
    return f"entries {one} and {other} of {bundle} swapped"


# --- What may be done by who knows how exports are made, but has another key -----------------------------------------


def resign(copy: Copy, choice: Random) -> str:
    """Everything is as it was, but signed by another key, which the manifest names."""
    signer, public = stranger(copy.origin)
    rewrite(copy, copy.entries, signer, under(copy.manifest, public))
    return "signed by another key"


def resign_quietly(copy: Copy, choice: Random) -> str:
    """Signed by another key, while the manifest still names the right one."""
    signer, _ = stranger(copy.origin)
    rewrite(copy, copy.entries, signer, copy.manifest)
    return "signed by another key, quietly"


def forge(copy: Copy, choice: Random) -> str:
    """An event is changed or gone, and all hashes and signatures are made anew."""
    signer, public = stranger(copy.origin)
    entries = list(copy.entries)
    number = choice.randrange(len(entries))
    if choice.random() < 0.5:
        del entries[number]
    else:
        entries[number] = _with_another_field(entries[number], choice)
    rewrite(copy, entries, signer, under(copy.manifest, public))
    return f"event {number} forged"


OFTEN: Final[tuple[Mutation, ...]] = (
    *(change_byte, change_byte, change_byte, truncate, delete_file, swap_files),
    *(change_field, change_field, change_field, delete_event, swap_events),
)
SELDOM: Final[tuple[Mutation, ...]] = (resign, resign_quietly, forge)


# --- The trial -------------------------------------------------------------------------------------------------------


def trial(sample: Sample, mutation: Mutation, choice: Random, scratch: Path) -> str | None:
    """Change a copy of the export; answers what was changed if the verifier did not notice."""
    shutil.copytree(sample.directory, scratch)
    try:
        done = mutation(read(scratch), choice)
        try:
            verify(str(scratch), sample.keys)
        except Wrong:
            return None
        return done
    finally:
        shutil.rmtree(scratch)


def trials(
    samples: Sequence[Sample], count: int, seed: int, scratch: Path
) -> Iterable[tuple[str, str | None]]:
    """So many trials on exports in turn: the kind of each, and what was not noticed."""
    choice = Random(seed)
    for number in range(count):
        # To make all hashes anew takes a hundred times as long as to change a byte.
        mutation = choice.choice(SELDOM if number % 20 == 0 else OFTEN)
        sample = samples[number % len(samples)]
        yield mutation.__name__, trial(sample, mutation, choice, scratch / str(number))


def remember_signatures() -> None:
    """Of ten thousand copies the signatures are the same: let each be computed once."""
    verifier.has_signed = lru_cache(maxsize=None)(verifier.has_signed)


async def make_samples(dsn: str, directory: Path, seeds: Iterable[int], steps: int) -> list[Sample]:
    """Exports of as many histories; each is sealed in two parts, so that it has checkpoints."""
    samples = []
    async with assembled(Settings(), dsn, MASTER_KEY, MovableClock()) as liftoff:
        for seed in seeds:
            world = random_world(seed, steps)
            await store(liftoff, world)
            await liftoff.sealing.catch_up()
            await export(liftoff, world.workspace_id, directory / f"first-{seed}")
            whole = directory / f"second-{seed}"
            await export(liftoff, world.workspace_id, whole)
            samples.append(Sample(whole, await public_keys(liftoff, world.workspace_id)))
    return samples


def _file(copy: Copy, choice: Random) -> Path:
    """A file, half of the time by its size: most of an export is entries, most of its files are not."""
    files = files_of(copy.directory)
    sizes = [path.stat().st_size for path in files] if choice.random() < 0.5 else None
    return choice.choices(files, sizes)[0]


def _bundle(copy: Copy, choice: Random) -> Path:
    return choice.choice(files_of(copy.directory / "tile/entries"))


def _with_another_field(entry: bytes, choice: Random) -> bytes:
    """A leaf that differs in one column, or in one field of the payload."""
    row: list[Any] = json.loads(entry)
    payload = row[-1]
    if isinstance(payload, dict) and payload and choice.random() < 0.5:
        name = choice.choice(sorted(payload))
        payload[name] = _another(payload[name], choice)
    else:
        column = choice.randrange(len(row))
        row[column] = _another(row[column], choice)
    return json.dumps(row, separators=(",", ":"), ensure_ascii=False).encode()


def _another(value: Any, choice: Random) -> Any:
    match value:
        case bool():
            return not value
        case int():
            return value + choice.choice([-1, 1])
        case str() if value:
            at = choice.randrange(len(value))
            return value[:at] + chr(ord(value[at]) ^ 1) + value[at + 1 :]
        case list() | dict() if value:
            return type(value)()
        case _:
            return "something"


def _put(copy: Copy, entries: Sequence[bytes], number: int) -> str:
    """Write the bundle of an event back."""
    part = entries[number // TILE_WIDTH * TILE_WIDTH :][:TILE_WIDTH]
    (copy.directory / layout.bundle(number // TILE_WIDTH, len(part))).write_bytes(join(part))
    return f"a field of event {number}"


@click.command()
@click.option("--trials", "count", default=10_000, show_default=True)
@click.option("--seed", default=1, show_default=True)
def main(count: int, seed: int) -> None:
    """Try so many mutations; exit code 1 when one was not found, or an untouched export was accused."""
    remember_signatures()
    with tempfile.TemporaryDirectory(prefix="liftoff-mutations-") as name:
        directory = Path(name)
        directory.chmod(0o755)  # the server of a run as root runs as another user
        with EmbeddedPostgres(directory / "database") as dsn:
            asyncio.run(migrate(dsn))
            samples = asyncio.run(make_samples(dsn, directory, range(1, 6), 800))
        for sample in samples:
            verify(str(sample.directory), sample.keys)
        click.echo(f"{len(samples)} untouched exports: no alarm")
        started, tried, missed = time.monotonic(), Counter[str](), []
        for kind, unnoticed in trials(samples, count, seed, directory):
            tried[kind] += 1
            if unnoticed is not None:
                missed.append(unnoticed)
        for kind, number in sorted(tried.items()):
            click.echo(f"{number:7} {kind.replace('_', ' ')}")
        click.echo(f"{count} mutations, {len(missed)} not found, {time.monotonic() - started:.0f} s")
        for unnoticed in missed:
            click.echo(f"NOT FOUND: {unnoticed}")
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
