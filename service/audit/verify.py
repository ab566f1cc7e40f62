"""Verifies an exported history: ``python verify.py DIR [--key PUBLIC]``. Exit code 0: all of it holds; 1: it does not.

This file stands alone: it shares no code with the service, imports the standard library only, and is written from the
specifications: RFC 6962 (Merkle trees), RFC 8032 (Ed25519), C2SP's signed-note, tlog-checkpoint and tlog-tiles. What is
legal for a campaign, a lead or a sender it takes from the tables in the export's manifest, which is signed too.

Read it from the end: ``verify`` is the table of contents.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
from base64 import b64decode, b64encode
from collections import Counter, deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager, suppress
from hashlib import sha256, sha512
from multiprocessing import get_context
from pathlib import Path
from sys import intern
from typing import Any, Final, NamedTuple
from uuid import UUID

FORMAT: Final = "liftoff-audit/1"
WIDTH: Final = 256
LARGEST_FILE: Final = WIDTH * (2 + 0xFFFF)
LARGEST_PAYLOAD: Final = 64 * 1024 * 1024
AT_ONCE: Final = 16
"""Bundles that a helper reads at a time: 4,096 events."""
WORTH_HELP: Final = 20_000
"""Fewer events are read sooner than a helper has begun."""


class Wrong(Exception):
    """What does not hold, and in which file or event."""

    def __init__(self, words: str, where: str = "") -> None:
        super().__init__(words, where)
        self.words, self.where = words, where

    def __str__(self) -> str:
        return f"{self.where}: {self.words}" if self.where else self.words


@contextmanager
def at(where: str) -> Iterator[None]:
    """Whatever goes wrong inside is wrong there; nothing that a file holds is a reason to fail otherwise."""
    try:
        yield
    except Wrong as wrong:
        raise wrong if wrong.where else Wrong(wrong.words, where) from None
    except Exception as error:
        raise Wrong(f"it is not as it should be ({type(error).__name__}: {error})", where) from None


# --- Ed25519 (RFC 8032, 5.1): only verification, so time may depend on what is public anyway -------------------------

P: Final = 2**255 - 19
ORDER: Final = 2**252 + 27742317777372353535851937790883648493
D: Final = -121665 * pow(121666, -1, P) % P
Point = tuple[int, int, int, int]


def add(one: Point, other: Point) -> Point:
    """The sum of two points in extended coordinates."""
    a, b = (one[1] - one[0]) * (other[1] - other[0]) % P, (one[1] + one[0]) * (other[1] + other[0]) % P
    c, d = 2 * one[3] * other[3] * D % P, 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def combine(m: int, one: Point, n: int, other: Point) -> Point:
    """``m`` times one point and ``n`` times another, added."""
    both = add(one, other)
    total: Point = (0, 1, 1, 0)
    for bit in range(max(m, n).bit_length() - 1, -1, -1):
        total = add(total, total)
        if chosen := (m >> bit & 1) + 2 * (n >> bit & 1):
            total = add(total, (one, other, both)[chosen - 1])
    return total


def point_of(data: bytes) -> Point | None:
    """The point that 32 bytes encode; None if they encode none."""
    y = int.from_bytes(data, "little") & (1 << 255) - 1
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    sign = data[31] >> 7
    if y >= P or (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


BASE: Final = point_of((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def has_signed(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether ``signature`` (64 bytes) is the key's for the message."""
    key, r, s = point_of(public_key), point_of(signature[:32]), int.from_bytes(signature[32:], "little")
    if key is None or r is None or BASE is None or s >= ORDER or len(signature) != 64:
        return False
    challenge = int.from_bytes(sha512(signature[:32] + public_key + message).digest(), "little") % ORDER
    x, y, z, _ = combine(s, BASE, challenge, (P - key[0], key[1], 1, P - key[3]))
    return not ((x - r[0] * z) % P or (y - r[1] * z) % P)


# --- Signed notes and checkpoints (C2SP) -----------------------------------------------------------------------------


class Key(NamedTuple):
    """A key that may sign: its name, its id, and the public key."""

    name: str
    id: bytes
    public: bytes


def key_of(text: str) -> Key:
    """The key in its text form, ``name+id+key``."""
    name, _, rest = text.partition("+")
    id_, _, data = rest.partition("+")
    decoded = unbase64(data)
    key_id = sha256(name.encode() + b"\n" + decoded).digest()[:4]
    if len(decoded) != 33 or decoded[0] != 1 or id_ != key_id.hex():
        raise Wrong(f"{text!r} is no Ed25519 key in the form name+id+key")
    return Key(name, key_id, decoded[1:])


def unbase64(text: str) -> bytes:
    """The bytes; only their one proper encoding is taken."""
    data = b64decode(text, validate=True)
    if b64encode(data).decode() != text:
        raise Wrong(f"{text[:60]!r} is not base64 as it is written")
    return data


def signed_text(note: bytes, keys: Sequence[Key]) -> str:
    """The text of a note that one of the keys has signed; signatures of others count for nothing."""
    text, _, lines = note.decode().rpartition("\n\n")
    if not text or not lines.endswith("\n") or any(c < " " and c != "\n" for c in text + lines):
        raise Wrong("it is no signed note")
    known = {(key.name, key.id): key for key in keys}
    vouched: set[tuple[str, bytes]] = set()
    for line in lines[:-1].split("\n"):
        dash, _, rest = line.partition(" ")
        name, _, signature = rest.partition(" ")
        if dash != "—" or not name:
            raise Wrong(f"{line[:60]!r} is no signature line")
        data = unbase64(signature)
        signer = (name, data[:4])
        if signer in known:
            if signer in vouched or not has_signed(known[signer].public, f"{text}\n".encode(), data[4:]):
                raise Wrong(f"the signature of {name} is wrong")
            vouched.add(signer)
    if not vouched:
        raise Wrong("it is signed by no key that is trusted")
    return f"{text}\n"


# --- Files (C2SP tlog-tiles) -----------------------------------------------------------------------------------------


class Folder:
    """The files of an export. What was never asked for does not belong there."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self.read_files: set[str] = set()

    def read(self, name: str, at_most: int = LARGEST_FILE) -> bytes:
        """The content of a file."""
        path = self.path / name
        try:
            if path.is_symlink() or not path.is_file() or path.stat().st_size > at_most:
                raise Wrong(f"it is missing, or no file of at most {at_most} bytes", name)
            self.read_files.add(name)
            return path.read_bytes()
        except OSError as error:
            raise Wrong(f"it can't be read ({error.strerror})", name) from None

    def require_nothing_else(self) -> None:
        """Every file there was read."""
        for path in self.path.rglob("*"):
            name = path.relative_to(self.path).as_posix()
            if name not in self.read_files and (path.is_symlink() or not path.is_dir()):
                raise Wrong("it does not belong to the export", name)


def tile_path(level: int | str, index: int, width: int) -> str:
    """Where a tile, or with level ``entries`` a bundle, lies."""
    groups = [f"{index % 1000:03}"]
    while index := index // 1000:
        groups.insert(0, f"x{index % 1000:03}")
    return f"tile/{level}/{'/'.join(groups)}" + (f".p/{width}" if width < WIDTH else "")


def entries_of(folder: Folder, name: str, width: int) -> list[bytes]:
    """The leaves in a bundle, each behind its length in two bytes."""
    bundle = folder.read(name)
    entries, begin = [], 0
    while begin < len(bundle):
        end = begin + 2 + int.from_bytes(bundle[begin : begin + 2], "big")
        entries.append(bundle[begin + 2 : end])
        begin = end
    if begin != len(bundle) or len(entries) != width:
        raise Wrong(f"it does not hold {width} whole entries", name)
    return entries


# --- The Merkle tree (RFC 6962, 2.1) ---------------------------------------------------------------------------------


def root_of(hashes: list[bytes]) -> bytes:
    """The root over complete subtrees of one size, the last of which may be smaller."""
    while len(hashes) > 1:
        odd = hashes[-1:] if len(hashes) % 2 else []
        pairs = zip(hashes[::2], hashes[1::2], strict=False)
        hashes = [sha256(b"\x01" + left + right).digest() for left, right in pairs] + odd
    return hashes[0]


def require_tile(folder: Folder, level: int, first: int, hashes: Sequence[bytes]) -> None:
    """The tile whose first hash has this number in its level holds these hashes."""
    name = tile_path(level, first // WIDTH, len(hashes))
    stored = folder.read(name)
    if stored != b"".join(hashes):
        differs = next((n for n, h in enumerate(hashes) if stored[32 * n : 32 * n + 32] != h), len(hashes))
        what = f"hash {differs}" if level else f"event {first + differs}"
        raise Wrong(f"{what} is not what the leaves come to", name)


class Tree:
    """The tree above its bundles, as it grows; each tile that is complete is compared with its file.

    ``levels[0]``: the roots of bundles that are not in a complete tile yet, ``levels[1]`` the roots of such tiles ...
    """

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.bundles = 0
        self.levels: list[list[bytes]] = []

    def root(self, below: bytes) -> bytes:
        """The root with one more bundle, which has this root itself."""
        for level in self.levels:
            below = root_of([*level, below])
        return below

    def grow(self, bundle: bytes) -> None:
        """Add the root of a whole bundle."""
        self.bundles += 1
        self._put(0, bundle)

    def close(self) -> None:
        """Compare what is left at the right edge."""
        for level, hashes in enumerate(self.levels):
            if hashes:
                self._compare(level, hashes)

    def _put(self, level: int, hashed: bytes) -> None:
        if level == len(self.levels):
            self.levels.append([])
        hashes = self.levels[level]
        hashes.append(hashed)
        if len(hashes) == WIDTH:
            self._compare(level, hashes)
            self.levels[level] = []
            self._put(level + 1, root_of(hashes))

    def _compare(self, level: int, hashes: list[bytes]) -> None:
        require_tile(self.folder, level + 1, self.bundles // WIDTH**level - len(hashes), hashes)


# --- Bundles: all that can be said of one without the others, so that other processes may help -----------------------

Fact = tuple[int, int, str, int, str, Any]
"""An event as the history takes it: position, version, stream, id (as a number), type, payload."""


class Bundle(NamedTuple):
    """A bundle that was read, and the names of the files it was read from.

    ``first`` is the number of its first event. ``roots`` has the bundle's own root with its leaves up to a size of the
    tree, by that size: for each checkpoint that ends in it, and for all leaves. ``wrong`` is what is wrong with the
    event after the last fact or, where there are no roots, with the bundle.
    """

    first: int
    roots: dict[int, bytes]
    facts: list[Fact]
    files: set[str]
    wrong: Wrong | None


class Reader:
    """Reads the bundles of an export."""

    def __init__(self, path: str, manifest: Manifest) -> None:
        self.path = path
        self.manifest = manifest
        self.workspace: str = manifest.told["workspace_id"]
        self.schemas = {name: told["schema"] for name, told in manifest.told["events"].items()}

    def read(self, start: int) -> Bundle:
        """The bundle that begins with the event of this number."""
        folder, roots, facts = Folder(self.path), dict[int, bytes](), list[Fact]()
        wrong = None
        try:
            with at("the export"):
                self._read(folder, start, roots, facts)
        except Wrong as found:
            wrong = found
        return Bundle(start, roots, facts, folder.read_files, wrong)

    def read_some(self, starts: Sequence[int]) -> list[Bundle]:
        """Several bundles."""
        return [self.read(start) for start in starts]

    def _read(self, folder: Folder, start: int, roots: dict[int, bytes], facts: list[Fact]) -> None:
        width = min(WIDTH, self.manifest.size - start)
        entries: list[bytes] = []
        if self.manifest.first <= start <= self.manifest.last:
            entries = entries_of(folder, tile_path("entries", start // WIDTH, width), width)
            hashes = [sha256(b"\x00" + entry).digest() for entry in entries]
            require_tile(folder, 0, start, hashes)
        else:
            stored = folder.read(tile_path(0, start // WIDTH, width))
            hashes = [stored[n : n + 32] for n in range(0, 32 * width, 32)]
        ends = {size for size in self.manifest.checkpoints if start < size <= start + width}
        roots.update((size, root_of(hashes[: size - start])) for size in sorted(ends | {start + width}))
        decoder = Decoder(folder, self.workspace, self.schemas)
        for entry in entries:
            with at(f"event {start + len(facts)}"):
                facts.append(decoder.fact(entry))


class Decoder:
    """Turns leaves into facts."""

    def __init__(self, folder: Folder, workspace: str, schemas: dict[str, int]) -> None:
        self.folder = folder
        self.workspace = workspace
        self.schemas = schemas
        self.scan = json.JSONDecoder(parse_constant=_no_number).raw_decode

    def fact(self, entry: bytes) -> Fact:
        """What a leaf says."""
        row = self._decode(entry)
        form, workspace, stream, version, position, event_id, type_, schema, *_, payload = row
        if len(row) != 14 or form not in ("v1", "v1-detached") or workspace != self.workspace:
            raise Wrong("it is no event of this workspace")
        if not 0 < schema <= self.schemas.get(type_, 0):
            raise Wrong(f"no event of type {type_} and version {schema} is known to the manifest")
        if form == "v1-detached":
            payload = self._detached(*payload)
        if not isinstance(payload, dict):
            raise Wrong("its payload is no JSON object")
        return position, version, stream, int(event_id.replace("-", ""), 16), type_, payload

    def _detached(self, digest: str, length: int) -> Any:
        name = f"payload/{digest[:2]}/{digest}"
        content = self.folder.read(name, LARGEST_PAYLOAD)
        if sha256(content).hexdigest() != digest or len(content) != length:
            raise Wrong(f"{name} is not the payload it was")
        return self._decode(content)

    def _decode(self, content: bytes) -> Any:
        text = content.decode()
        value, end = self.scan(text)
        if end != len(text):
            raise Wrong("there is more than one value in it")
        return value


def _no_number(constant: str) -> None:
    raise Wrong(f"it holds {constant}, which is no JSON")


def read_ahead(reader: Reader, starts: Sequence[int], helpers: int) -> Generator[Bundle]:
    """The bundles in their order, read by so many helpers, who are never far ahead of who asks."""
    pool = ProcessPoolExecutor(helpers, mp_context=get_context("spawn"), initializer=gc.disable)
    parts = [starts[n : n + AT_ONCE] for n in range(0, len(starts), AT_ONCE)]
    try:
        under_way = deque(pool.submit(reader.read_some, part) for part in parts[: 2 * helpers])
        for part in parts[2 * helpers :]:
            yield from under_way.popleft().result()
            under_way.append(pool.submit(reader.read_some, part))
        for last in under_way:
            yield from last.result()
    finally:
        pool.shutdown(cancel_futures=True)


def bundles(reader: Reader, starts: Sequence[int], helpers: int) -> Generator[Bundle]:
    """The bundles in their order."""
    read = 0
    if helpers:
        with suppress(BrokenProcessPool), closing(read_ahead(reader, starts, helpers)) as ahead:
            for bundle in ahead:
                read += 1
                yield bundle
    # All of them, or what is left when somebody has killed a helper.
    yield from map(reader.read, starts[read:])


# --- The history -----------------------------------------------------------------------------------------------------


class Kind:
    """A kind of thing with a status, as the manifest tells of it."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.prefix: str = told["streams"]
        self.initial: str = told["initial"]
        self.births, self.deaths = frozenset(told["births"]), frozenset(told["deaths"])
        self.terminal = frozenset(told.get("terminal", ()))
        self.counts_leads = frozenset(told.get("counts_leads", ()))
        self.sends: dict[str, str] = told.get("sends", {})
        self.marks: dict[str, dict[str, Any]] = told["marks"]
        self.moves = {(arrow["trigger"], arrow["source"]): arrow["target"] for arrow in told["arrows"]}
        self.causes: dict[str, list[tuple[str, dict[str, Any], bool]]] = {}
        for cause in told["causes"]:
            told_so = (cause["trigger"], cause["given"], cause["required"])
            self.causes.setdefault(cause["event"], []).append(told_so)
        self.remembered = frozenset(name for cause in told["causes"] for name in cause["given"])


NOTHING: Final[dict[str, Any]] = {}


class Thing:
    """A campaign or a sender after the events so far. ``known``: what its causes ask for. The rest is a campaign's."""

    def __init__(self, status: str) -> None:
        self.status = status
        self.known = NOTHING
        self.leads = 0
        self.total: int | None = None
        self.counts: Counter[str] = Counter()


class Lead:
    """A lead after the events so far. ``open``: send id, step, attempt, whether it was deferred; ``sent``: steps."""

    __slots__ = ("campaign", "known", "open", "reached", "sent", "status")

    def __init__(self, status: str, campaign: Thing) -> None:
        self.status = status
        self.known = NOTHING
        self.campaign = campaign
        self.reached: tuple[str, ...] = ()
        self.open: tuple[str, str, int, bool] | None = None
        self.sent: tuple[str, ...] = ()


class History:
    """Folds the events, and refuses the first that can't have happened.

    Where the export begins later than the history, what is told of things that began earlier is not judged.
    """

    def __init__(self, manifest: dict[str, Any]) -> None:
        kinds = {name: Kind(told) for name, told in manifest["lifecycles"].items()}
        self.lead, self.campaign = kinds["lead"], kinds["campaign"]
        self.things: dict[str, dict[str, Thing]] = {
            kind.prefix: {} for kind in kinds.values() if kind is not self.lead
        }
        self.leads: dict[str, Lead] = {}
        self.campaigns = self.things[self.campaign.prefix]
        self.kinds = {kind.prefix: kind for kind in kinds.values()}
        self.naming = {name: told["names_leads"] for name, told in manifest["events"].items()}
        self.rosters: str = manifest["lifecycles"]["lead"]["rosters"]
        self.complete = manifest["first"] == 0
        self.shared: dict[tuple[tuple[str, Any], ...], dict[str, Any]] = {}
        self.versions: dict[str, int] = {}
        self.event_ids: set[int] = set()
        self.position = 0
        self.sends = 0

    def take(self, fact: Fact) -> None:
        """Fold one event."""
        position, version, stream, number, type_, payload = fact
        if position <= self.position:
            raise Wrong(f"its position {position} is not behind {self.position}, that of the event before")
        expected = self.versions.get(stream, 0 if self.complete else version - 1) + 1
        if version != expected:
            raise Wrong(f"it is version {version} of {stream}, where {expected} comes next")
        if number in self.event_ids:
            raise Wrong(f"its id {UUID(int=number)} was used before")
        self.position, self.versions[stream] = position, version
        self._judge(stream, type_, payload)
        self.event_ids.add(number)

    def _judge(self, stream: str, type_: str, payload: dict[str, Any]) -> None:
        if "compensates" in payload:
            self._require_events(payload["compensates"])
        if stream.startswith(self.lead.prefix):
            self._tell_lead(stream[len(self.lead.prefix) :], type_, payload)
            return
        prefix, dash, subject = stream.partition("-")
        prefix += dash
        if (kind := self.kinds.get(prefix)) is not None:
            self._tell(kind, subject, type_, payload)
        elif prefix == self.rosters:
            named = self.naming[type_]
            for lead in payload[named] if named else ():
                lead_id = lead if isinstance(lead, str) else lead["lead_id"]
                if type_ in self.lead.births:
                    self._enlist(lead_id, subject)
                else:
                    self._tell_lead(lead_id, type_, payload)

    def _require_events(self, compensated: Sequence[str]) -> None:
        for event_id in compensated:
            if self.complete and int(event_id.replace("-", ""), 16) not in self.event_ids:
                raise Wrong(f"it compensates {event_id}, which is no event before it")

    def _tell(self, kind: Kind, subject: str, type_: str, payload: dict[str, Any]) -> None:
        """An event about a campaign or a sender."""
        things = self.things[kind.prefix]
        if type_ in kind.births:
            if subject in things:
                raise Wrong(f"{kind.prefix}{subject} begins a second time")
            things[subject] = Thing(kind.initial)
        thing = things.get(subject)
        if thing is None:
            self._require_partial(f"{kind.prefix}{subject} has not begun")
            return
        self._move(kind, thing, type_, payload)
        if type_ in kind.counts_leads:
            thing.total = payload["total"]
            if payload["total"] + payload["skipped"] != thing.leads:
                told = f"{payload['total']} + {payload['skipped']}"
                raise Wrong(f"it counts {told} leads, where {thing.leads} are")
        if thing.status == kind.initial:
            thing.total = None

    def _enlist(self, lead_id: str, campaign_id: str) -> None:
        campaign = self.campaigns.get(campaign_id)
        if campaign is None:
            self._require_partial(f"the campaign {campaign_id} has not begun")
        elif lead_id in self.leads:
            raise Wrong(f"the lead {lead_id} begins a second time")
        else:
            self.leads[lead_id] = Lead(self.lead.initial, campaign)
            campaign.leads += 1

    def _tell_lead(self, lead_id: str, type_: str, payload: dict[str, Any]) -> None:
        lead = self.leads.get(lead_id)
        if lead is None:
            self._require_partial(f"the lead {lead_id} has not begun, or was removed")
            return
        effect = self.lead.sends.get(type_)
        if effect is not None:
            self._send(effect, lead, payload)
        before = lead.status
        self._move(self.lead, lead, type_, payload)
        if lead.status != before and lead.status not in lead.reached:
            lead.reached += (lead.status,)
            lead.campaign.counts[lead.status] += 1
        if type_ in self.lead.deaths:
            del self.leads[lead_id]
            lead.campaign.leads -= 1

    def _send(self, effect: str, lead: Lead, payload: dict[str, Any]) -> None:
        """A send is intended before it has an outcome, and no step of the sequence is sent twice."""
        send_id, opened = payload["send_id"], lead.open
        if effect == "intend":
            node, attempt = intern(payload["node_id"]), payload["attempt"]
            if lead.status in self.lead.terminal:
                raise Wrong(f"something is sent to a lead that is {lead.status}")
            if node in lead.sent:
                raise Wrong(f"the step {node} is sent to the lead a second time")
            if (send_id, node, attempt - 1, True) != (opened or (send_id, node, 0, True)):
                raise Wrong(f"the send {send_id} begins while another is open, or out of turn")
            lead.open = (send_id, node, attempt, False)
            return
        if opened is None or opened[0] != send_id or opened[3]:
            raise Wrong(f"it tells the outcome of the send {send_id}, which was not intended")
        if effect == "defer":
            lead.open = (*opened[:3], True)
        elif effect in ("deliver", "end"):
            lead.open = None
        if effect == "deliver":
            lead.campaign.counts["contacted"] += not lead.sent
            lead.sent += (opened[1],)
            self.sends += 1

    def _move(self, kind: Kind, thing: Thing | Lead, type_: str, payload: dict[str, Any]) -> None:
        """Follow the first cause that applies through the status table."""
        if not kind.remembered.isdisjoint(payload):
            self._remember(kind, thing, payload)
        if change := payload.get("change"):
            self._remember(kind, thing, change)
        if mark := kind.marks.get(type_):
            self._remember(kind, thing, mark)
        for trigger, given, required in kind.causes.get(type_, ()):
            if not given or given.items() <= thing.known.items():
                target = kind.moves.get((trigger, thing.status))
                if target is None and required:
                    raise Wrong(f"{type_} can't happen while the status is {thing.status}")
                thing.status = target or thing.status
                return

    def _remember(self, kind: Kind, thing: Thing | Lead, told: dict[str, Any]) -> None:
        """Keep what causes may ask for. Most things know the same, and share it."""
        for name in kind.remembered:
            if name in told and thing.known.get(name, kind) != told[name]:
                known = {**thing.known, name: told[name]}
                thing.known = self.shared.setdefault(tuple(known.items()), known)

    def _require_partial(self, words: str) -> None:
        if self.complete:
            raise Wrong(words)


# --- All of it -------------------------------------------------------------------------------------------------------


class Manifest(NamedTuple):
    """What the export says of itself, once it is vouched for."""

    told: dict[str, Any]
    origin: str
    size: int
    first: int
    last: int
    checkpoints: list[int]


def verify(path: str, trusted: Sequence[str] = (), helpers: int = 0) -> list[str]:
    """Verify the export at ``path`` with the trusted keys, or else with those it names itself.

    So many processes help to read it; what is found does not depend on them.

    Answers what was found to hold, a line each. Raises ``Wrong``, and nothing else, for the first that does not.
    """
    with at("the export"):
        folder = Folder(path)
        content = folder.read("manifest.json")
        with at("manifest.json"):
            manifest = manifest_of(content)
            keys = [key_of(text) for text in trusted or [told["key"] for told in manifest.told["keys"]]]
        with at("manifest.note"):
            digest = b64encode(sha256(content).digest()).decode()
            if signed_text(folder.read("manifest.note"), keys) != f"{manifest.origin}/manifest\n{digest}\n":
                raise Wrong("it vouches for another manifest.json")
        checkpoints = {size: root_at(folder, manifest, size, keys) for size in manifest.checkpoints}
        history = History(manifest.told)
        follow(folder, manifest, checkpoints, history, helpers if manifest.size >= WORTH_HELP else 0)
        folder.require_nothing_else()
        return report(manifest, history)


def manifest_of(content: bytes) -> Manifest:
    """The manifest, whose numbers fit together."""
    told = json.loads(content)
    if told["format"] != FORMAT:
        raise Wrong(f"its format is {told['format']}, where this program knows {FORMAT}")
    size, first, last, checkpoints = (told[name] for name in ("size", "first", "last", "checkpoints"))
    if not all(type(number) is int for number in (size, first, last, *checkpoints)):
        raise Wrong("its sizes are no whole numbers")
    whole = first % WIDTH == 0 and (last == size - 1 or (last + 1) % WIDTH == 0)
    in_order = checkpoints == sorted({*checkpoints, size}) and checkpoints[0] > 0
    if not 0 <= first <= last < size or not whole or not in_order:
        raise Wrong("its sizes do not fit together")
    return Manifest(told, told["origin"], size, first, last, checkpoints)


def root_at(folder: Folder, manifest: Manifest, size: int, keys: Sequence[Key]) -> bytes:
    """The root that the checkpoint of this size promises."""
    name = "checkpoint" if size == manifest.size else f"checkpoints/{size}"
    with at(name):
        lines = signed_text(folder.read(name), keys).split("\n")
        if lines[:2] != [manifest.origin, str(size)] or len(lines) != 4:
            raise Wrong(f"it is no checkpoint of the first {size} events of {manifest.origin}")
        return unbase64(lines[2])


def follow(
    folder: Folder, manifest: Manifest, checkpoints: dict[int, bytes], history: History, helpers: int
) -> None:
    """Take the history bundle by bundle: hold it against tiles and checkpoints, and fold it."""
    tree, reader = Tree(folder), Reader(str(folder.path), manifest)
    with closing(bundles(reader, range(0, manifest.size, WIDTH), helpers)) as found:
        for bundle in found:
            folder.read_files |= bundle.files
            if bundle.wrong is not None and not bundle.roots:
                raise bundle.wrong
            roots = {size: tree.root(root) for size, root in bundle.roots.items()}
            if bundle.first + WIDTH in roots:
                tree.grow(bundle.roots[bundle.first + WIDTH])
            for size, root in roots.items():
                if checkpoints.get(size, root) != root:
                    raise Wrong(f"the first {size} events do not come to the root of their checkpoint")
            fold(history, bundle)
            if bundle.wrong is not None:
                raise bundle.wrong
    tree.close()


def fold(history: History, bundle: Bundle) -> None:
    """Fold the events of a bundle."""
    number = bundle.first
    try:
        for number, fact in enumerate(bundle.facts, bundle.first):  # noqa: B007 - named for the errors
            history.take(fact)
    except Exception as error:
        with at(f"event {number}"):
            raise error


def report(manifest: Manifest, history: History) -> list[str]:
    """What was found to hold."""
    things = "".join(f", {prefix[:-1]}s {len(found)}" for prefix, found in history.things.items())
    lines = [
        f"events {manifest.first} to {manifest.last} of {manifest.size}: no hole, every leaf in its tile",
        f"{len(manifest.checkpoints)} checkpoints, each the beginning of the next, all signed",
        f"{len(history.versions)} streams without a hole, every transition legal",
        f"{history.sends} sends: intended before their outcome, no step twice to a lead",
        f"re-folded: leads {len(history.leads)}{things}",
    ]
    if not history.complete:
        lines.append("what is told of things that began before these events was not judged")
    for campaign_id, campaign in history.campaigns.items():
        launched = "" if campaign.total is None else f", launched {campaign.total}"
        counted = "".join(f", {name} {count}" for name, count in sorted(campaign.counts.items()))
        lines.append(f"campaign {campaign_id} ({campaign.status})")
        lines.append(f"  leads {campaign.leads}{launched}{counted}")
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 when all holds, else 1."""
    parser = argparse.ArgumentParser(description="Verify an exported history of Liftoff, offline.")
    parser.add_argument("directory", metavar="DIR", help="what 'liftoff audit export' wrote")
    parser.add_argument(
        "--key",
        action="append",
        default=[],
        metavar="PUBLIC",
        help="the key to trust, as 'liftoff audit public-key' prints it; repeat it after a rotation",
    )
    parser.add_argument(
        "--helpers",
        type=int,
        default=min(4, (os.cpu_count() or 1) - 1),
        metavar="N",
        help="processes that help with a long history; as a rule one for each further core, up to 4",
    )
    given = parser.parse_args(arguments)
    try:
        lines = verify(given.directory, given.key, given.helpers)
    except Wrong as wrong:
        print(f"WRONG  {wrong}")
        return 1
    for line in lines:
        print(f"holds  {line}")
    if not given.key:
        print("note   no --key was given: the keys found in the export itself were trusted")
    return 0


if __name__ == "__main__":
    gc.disable()  # among a million things that have no cycles, none is worth looking for
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sys.exit(main())
