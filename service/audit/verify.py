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
import marshal
import os
import sys
from base64 import b64decode, b64encode
from bisect import bisect
from collections import Counter, deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager, suppress
from hashlib import sha256, sha512
from io import FileIO
from itertools import repeat
from multiprocessing import get_context
from stat import S_ISREG
from sys import intern
from typing import Any, Final, NamedTuple
from uuid import UUID

FORMAT: Final = "liftoff-audit/1"
WIDTH: Final = 256
LARGEST_FILE: Final = WIDTH * (2 + 0xFFFF)
LARGEST_PAYLOAD: Final = 64 * 1024 * 1024
AT_ONCE: Final = 16
AHEAD: Final = 8
"""Bundles that are read at a time (4,096 events), and how often as many are read ahead for each helper, at most."""
WORTH_HELP: Final = 20_000
"""Fewer events are read sooner than a helper has begun."""


class Wrong(Exception):
    """What does not hold, and in which file or event."""

    def __init__(self, words: str, where: str = "") -> None:
        super().__init__(f"{where}: {words}" if where else words)
        self.words, self.where = words, where


def wrong_at(where: str, error: Exception) -> Wrong:
    """The error as what is wrong there, unless it says itself where; nothing that a file holds is another error."""
    if isinstance(error, Wrong):
        return error if error.where else Wrong(error.words, where)
    return Wrong(f"it is not as it should be ({type(error).__name__}: {error})", where)


@contextmanager
def at(where: str) -> Iterator[None]:
    """Whatever goes wrong inside is wrong there."""
    try:
        yield
    except Exception as error:
        raise wrong_at(where, error) from None


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
        self.path = path or os.curdir
        self.read_files: set[str] = set()

    def read(self, name: str, at_most: int = LARGEST_FILE) -> bytes:
        """The content of a file."""
        path = f"{self.path}/{name}"
        try:
            found = os.lstat(path)
            if not S_ISREG(found.st_mode) or found.st_size > at_most:
                raise Wrong(f"it is missing, or no file of at most {at_most} bytes", name)
            self.read_files.add(name)
            with FileIO(path) as file:
                return file.readall()
        except OSError as error:
            raise Wrong(f"it is missing, or can't be read ({error.strerror})", name) from None

    def require_nothing_else(self, below: str = "") -> None:
        """Every file there was read."""
        with os.scandir(f"{self.path}/{below}") as entries:
            for entry in entries:
                name = f"{below}{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    self.require_nothing_else(f"{name}/")
                elif name not in self.read_files:
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
    entries, end = [], 0
    while end < len(bundle) - 1:
        begin = end + 2
        end = begin + (bundle[end] << 8 | bundle[end + 1])
        entries.append(bundle[begin:end])
    if end != len(bundle) or len(entries) != width:
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
    """The tree above its bundles, as it grows. ``levels``: what is in no complete tile yet, above it, and so on.

    Each tile that is complete is compared with its file.
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

    def grow(self, root: bytes, level: int = 0) -> None:
        """Add the root of a whole bundle or, at a higher level, of a whole tile."""
        self.bundles += level == 0
        if level == len(self.levels):
            self.levels.append([])
        hashes = self.levels[level]
        hashes.append(root)
        if len(hashes) == WIDTH:
            self._compare(level, hashes)
            self.levels[level] = []
            self.grow(root_of(hashes), level + 1)

    def close(self) -> None:
        """Compare what is left at the right edge."""
        for level, hashes in enumerate(self.levels):
            if hashes:
                self._compare(level, hashes)

    def _compare(self, level: int, hashes: list[bytes]) -> None:
        require_tile(self.folder, level + 1, self.bundles // WIDTH**level - len(hashes), hashes)


# --- Kinds of things, as the manifest tells of them ------------------------------------------------------------------

News = tuple[Any, ...]
"""What was told of the fields that a kind's causes ask for, in their order; ``...`` where nothing was."""
Send = tuple[Any, ...]
"""What an event tells of a send: its id and, if it is intended, step and attempt; ``()`` if it tells of none."""
UNTOLD: Final = repeat(...)


class State(NamedTuple):
    """A status, and what is known of the fields that causes ask for. There are few, so things share them.

    ``after``: the states that events were found to lead to from here, by their type and news.
    """

    status: str
    known: News
    after: dict[tuple[str, News], State]


class Kind:
    """A kind of thing with a status: what its events tell, and where they lead."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.prefix: str = told["streams"]
        if self.prefix.partition("-")[1:] != ("-", ""):
            raise Wrong(f"no stream begins with {self.prefix} and then a name")
        self.births, self.deaths = frozenset(told["births"]), frozenset(told["deaths"])
        self.terminal = frozenset(told.get("terminal", ()))
        self.counts_leads = frozenset(told.get("counts_leads", ()))
        self.sends: dict[str, str] = told.get("sends", {})
        self.asked = sorted({name for cause in told["causes"] for name in cause["given"]})
        self.marks = {type_: self._news(fields) for type_, fields in told["marks"].items()}
        self.moves = {(arrow["trigger"], arrow["source"]): arrow["target"] for arrow in told["arrows"]}
        self.causes: dict[str, list[tuple[str, News, bool]]] = {}
        for cause in told["causes"]:
            told_so = (cause["trigger"], self._news(cause["given"]), cause["required"])
            self.causes.setdefault(cause["event"], []).append(told_so)
        self.heard: dict[News, News] = {}
        self.states: dict[tuple[str, News], State] = {}
        self.initial = State(told["initial"], self._news({}), {})

    def told(self, type_: str, payload: dict[str, Any]) -> tuple[News, Send]:
        """What an event tells."""
        news = tuple(map(payload.get, self.asked, UNTOLD))
        if "change" in payload and (change := payload["change"]):
            news = over(news, self._news(change))
        news = self.heard.setdefault(news, news)  # the same for all: cheaper to hand over, and to keep
        effect = self.sends.get(type_)
        if effect == "intend":
            return news, (payload["send_id"], intern(payload["node_id"]), payload["attempt"])
        return news, (payload["send_id"],) if effect else ()

    def follow(self, state: State, type_: str, news: News) -> State:
        """The state after an event: the first of its causes that applies goes through the status table."""
        status, known = state.status, over(over(state.known, news), self.marks.get(type_, self.initial.known))
        for trigger, given, required in self.causes.get(type_, ()):
            if over(known, given) == known:
                target = self.moves.get((trigger, status))
                if target is None and required:
                    raise Wrong(f"{type_} can't happen while the status is {status}")
                status = target or status
                break
        after = self.states.setdefault((status, known), State(status, known, {}))
        return state.after.setdefault((type_, news), after)

    def _news(self, fields: dict[str, Any]) -> News:
        return tuple(map(fields.get, self.asked, UNTOLD))


def over(known: News, news: News) -> News:
    """What is known once there is news."""
    return tuple([old if new is ... else new for old, new in zip(known, news, strict=True)])


# --- Bundles: all that can be said of one without the others, so that other processes may help -----------------------

Fact = tuple[int, int, str, bytes, str, News, Send, dict[str, Any]]
"""An event as the history takes it: position, version, stream, id, type, news, send, and what else may matter: its
payload, but for a lead's, and with the leads that a roster's event names by their ids alone."""


class Bundle(NamedTuple):
    """A bundle that was read, and the names of the files it was read from.

    ``first`` is the number of its first event. ``roots`` has the bundle's own root with its leaves up to a size of the
    tree, by that size: for each checkpoint that ends in it, and for all leaves. ``wrong`` is what is wrong with the
    event after the last fact or, where there are no roots, with the bundle, and where.
    """

    first: int
    roots: dict[int, bytes]
    facts: list[Fact]
    files: set[str]
    wrong: tuple[str, str] | None


class Reader:
    """Reads the bundles of an export."""

    def __init__(self, path: str, manifest: Manifest) -> None:
        self.path, self.manifest = path, manifest
        self.workspace: str = manifest.told["workspace_id"]
        lifecycles, events = manifest.told["lifecycles"], manifest.told["events"].items()
        self.lead, self.rosters = Kind(lifecycles["lead"]), lifecycles["lead"]["rosters"]
        self.kinds = {kind.prefix: kind for kind in map(Kind, lifecycles.values())}
        self.kinds[self.rosters] = self.lead
        self.types = {name: (intern(name), told["schema"], told["names_leads"]) for name, told in events}

    def read(self, start: int) -> Bundle:
        """The bundle that begins with the event of this number."""
        folder, roots, facts, wrong = Folder(self.path), dict[int, bytes](), list[Fact](), None
        try:
            for row in rows_of(self._entries(folder, start, roots)):
                facts.append(self._fact(folder, row))
        except Exception as error:
            found = wrong_at(f"event {start + len(facts)}" if roots else "the export", error)
            wrong = (found.words, found.where)
        return Bundle(start, roots, facts, folder.read_files, wrong)

    def hand_over(self, starts: Sequence[int]) -> bytes:
        """Several bundles for another process, in what is read most cheaply there."""
        return marshal.dumps([tuple(self.read(start)) for start in starts])

    def _entries(self, folder: Folder, start: int, roots: dict[int, bytes]) -> list[bytes]:
        end, checkpoints = min(start + WIDTH, self.manifest.size), self.manifest.checkpoints
        entries: list[bytes] = []
        if self.manifest.first <= start <= self.manifest.last:
            entries = entries_of(folder, tile_path("entries", start // WIDTH, end - start), end - start)
            hashes = [sha256(b"\x00" + entry).digest() for entry in entries]
            require_tile(folder, 0, start, hashes)
        else:
            stored = folder.read(tile_path(0, start // WIDTH, end - start))
            hashes = [stored[n : n + 32] for n in range(0, 32 * (end - start), 32)]
        ends = {end, *checkpoints[bisect(checkpoints, start) : bisect(checkpoints, end)]}
        roots.update((size, root_of(hashes[: size - start])) for size in sorted(ends))
        return entries

    def _fact(self, folder: Folder, row: list[Any]) -> Fact:
        if len(row) != 14 or row[0] not in ("v1", "v1-detached") or row[1] != self.workspace:
            raise Wrong("it is no event of this workspace")
        form, _, stream, version, position, id_, type_, schema, _, _, _, _, _, payload = row
        type_, newest, names_leads = self.types.get(type_, (type_, 0, None))
        if not 0 < schema <= newest:
            raise Wrong(f"no event of type {type_} and version {schema} is known to the manifest")
        if form == "v1-detached":
            digest, length = payload
            content = folder.read(f"payload/{digest[:2]}/{digest}", LARGEST_PAYLOAD)
            if sha256(content).hexdigest() != digest or len(content) != length:
                raise Wrong(f"the file {digest} is not the payload it was")
            payload = value_of(content)
        if not isinstance(payload, dict):
            raise Wrong("its payload is no JSON object")
        event_id = bytes.fromhex(id_.replace("-", ""))
        if len(event_id) != 16:
            raise Wrong(f"{id_} is no id")
        prefix = stream[: stream.find("-") + 1]
        kind = self.kinds.get(prefix)
        news, send = kind.told(type_, payload) if kind is not None else ((), ())
        if prefix == self.lead.prefix and "compensates" not in payload:
            payload = {}
        elif prefix == self.rosters and names_leads:
            leads = [lead if isinstance(lead, str) else lead["lead_id"] for lead in payload[names_leads]]
            payload = {**payload, names_leads: leads}
        return position, version, stream, event_id, type_, news, send, payload


def rows_of(entries: list[bytes]) -> Iterable[Any]:
    """What the leaves of a bundle are as JSON; the first that is none is an error when it is its turn.

    It is cheaper to read them all as one array. A word that nobody could know stands between them: they are one value
    each, with nothing around it, when each second value is that word, and each value before and after it is bracketed.
    """
    word = os.urandom(16).hex()
    between = f',"{word}",'.encode()
    array = b"[%b]" % between.join(entries)
    with suppress(Wrong, ValueError, RecursionError):
        values: list[Any] = value_of(array)
        bracketed = array[:2] + array[-2:] == b"[[]]" and array.count(b"]%b[" % between) == len(entries) - 1
        if bracketed and len(values) == 2 * len(entries) - 1 and values[1::2] == [word] * (len(entries) - 1):
            return values[::2]
    return map(value_of, entries)


def value_of(content: bytes) -> Any:
    """The one JSON value that the content is, with nothing around it."""
    text = content.decode()
    value, end = SCAN(text)
    if end != len(text):
        raise Wrong("there is more than one value in it")
    return value


def no_number(constant: str) -> None:
    """Refuse what only Python takes for JSON."""
    raise Wrong(f"it holds {constant}, which is no JSON")


SCAN: Final = json.JSONDecoder(parse_constant=no_number).raw_decode


def read_ahead(reader: Reader, starts: Sequence[int], helpers: int) -> Generator[Bundle]:
    """The bundles in their order, read by so many helpers, and here as long as they are behind; never far ahead."""
    pool = ProcessPoolExecutor(helpers, mp_context=get_context("spawn"), initializer=gc.disable)
    left = deque(starts[n : n + AT_ONCE] for n in range(0, len(starts), AT_ONCE))
    under_way: deque[Future[bytes] | list[Bundle]] = deque()
    try:
        while left or under_way:
            waiting = sum(isinstance(part, Future) and not part.done() for part in under_way)
            for _ in range(min(len(left), 2 * helpers + 1 - waiting)):
                under_way.append(pool.submit(reader.hand_over, left.popleft()))
            first = under_way[0]
            if isinstance(first, Future) and not first.done() and left and len(under_way) < AHEAD * helpers:
                under_way.append([reader.read(start) for start in left.popleft()])
                continue
            under_way.popleft()
            yield from first if isinstance(first, list) else map(Bundle._make, marshal.loads(first.result()))
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


class Thing:
    """A campaign or a sender after the events so far. All but its state is a campaign's."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.leads = 0
        self.total: int | None = None
        self.counts: Counter[str] = Counter()


class Lead:
    """A lead after the events so far. ``open``: send id, step, attempt, whether it was deferred; ``sent``: steps."""

    __slots__ = ("campaign", "open", "reached", "sent", "state")

    def __init__(self, state: State, campaign: Thing) -> None:
        self.state, self.campaign = state, campaign
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
        self.kinds = {kind.prefix: kind for kind in kinds.values()}
        self.things = {each: dict[str, Thing]() for each in self.kinds if each != self.lead.prefix}
        self.leads: dict[str, Lead] = {}
        self.campaigns = self.things[self.campaign.prefix]
        self.rosters: str = manifest["lifecycles"]["lead"]["rosters"]
        self.naming = {name: told["names_leads"] for name, told in manifest["events"].items()}
        self.complete = manifest["first"] == 0
        self.versions: dict[str, int] = {}
        self.event_ids: set[bytes] = set()
        self.position = self.sends = 0

    def take(self, fact: Fact) -> None:
        """Fold one event."""
        position, version, stream, event_id, type_, news, send, payload = fact
        if position <= self.position:
            raise Wrong(f"its position {position} is not behind {self.position}, that of the event before")
        expected = self.versions.get(stream, 0 if self.complete else version - 1) + 1
        if version != expected:
            raise Wrong(f"it is version {version} of {stream}, where {expected} comes next")
        if event_id in self.event_ids:
            raise Wrong(f"its id {UUID(bytes=event_id)} was used before")
        self.position, self.versions[stream] = position, version
        for other in payload.get("compensates", ()) if payload and self.complete else ():
            if bytes.fromhex(other.replace("-", "")) not in self.event_ids:
                raise Wrong(f"it compensates {other}, which is no event before it")
        if stream.startswith(self.lead.prefix):
            self._tell_lead(stream, type_, news, send)
        else:
            self._judge(stream, type_, news, send, payload)
        self.event_ids.add(event_id)

    def _judge(self, stream: str, type_: str, news: News, send: Send, payload: dict[str, Any]) -> None:
        """An event of any stream but a lead's own."""
        prefix, dash, subject = stream.partition("-")
        if (kind := self.kinds.get(prefix + dash)) is not None:
            self._tell(kind, subject, type_, news, payload)
        elif prefix + dash == self.rosters and (named := self.naming[type_]):
            for lead_id in payload[named]:
                if type_ in self.lead.births:
                    self._enlist(lead_id, subject)
                else:
                    self._tell_lead(self.lead.prefix + lead_id, type_, news, send)

    def _tell(self, kind: Kind, subject: str, type_: str, news: News, payload: dict[str, Any]) -> None:
        """An event about a campaign or a sender."""
        things = self.things[kind.prefix]
        if type_ in kind.births:
            if subject in things:
                raise Wrong(f"{kind.prefix}{subject} begins a second time")
            things[subject] = Thing(kind.initial)
        if (thing := things.get(subject)) is None:
            self._require_partial(f"{kind.prefix}{subject} has not begun")
            return
        thing.state = kind.follow(thing.state, type_, news)
        if type_ in kind.counts_leads:
            thing.total, skipped = payload["total"], payload["skipped"]
            if payload["total"] + skipped != thing.leads:
                raise Wrong(f"it counts {thing.total} + {skipped} leads, where {thing.leads} are")
        if thing.state.status == kind.initial.status:
            thing.total = None

    def _enlist(self, lead_id: str, campaign_id: str) -> None:
        campaign, stream = self.campaigns.get(campaign_id), self.lead.prefix + lead_id
        if campaign is None:
            self._require_partial(f"the campaign {campaign_id} has not begun")
        elif stream in self.leads:
            raise Wrong(f"the lead {lead_id} begins a second time")
        else:
            self.leads[stream] = Lead(self.lead.initial, campaign)
            campaign.leads += 1

    def _tell_lead(self, stream: str, type_: str, news: News, send: Send) -> None:
        if (lead := self.leads.get(stream)) is None:
            self._require_partial(f"the lead {stream[len(self.lead.prefix) :]} has not begun, or was removed")
            return
        if send:
            self._send(self.lead.sends[type_], lead, send)
        before = lead.state
        lead.state = after = before.after.get((type_, news)) or self.lead.follow(before, type_, news)
        if after is not before and after.status != before.status and after.status not in lead.reached:
            lead.reached += (after.status,)
            lead.campaign.counts[after.status] += 1
        if type_ in self.lead.deaths:
            del self.leads[stream]
            lead.campaign.leads -= 1

    def _send(self, effect: str, lead: Lead, send: Send) -> None:
        """A send is intended before it has an outcome, and no step of the sequence is sent twice."""
        send_id, opened = send[0], lead.open
        if effect == "intend":
            _, node, attempt = send
            if lead.state.status in self.lead.terminal:
                raise Wrong(f"something is sent to a lead that is {lead.state.status}")
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

    Answers what was found to hold, a line each, however many helpers. Raises ``Wrong`` for the first that does not.
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
        promised = {size: root_at(folder, manifest, size, keys) for size in manifest.checkpoints}
        history = follow(folder, manifest, promised, helpers if manifest.size >= WORTH_HELP else 0)
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


def follow(folder: Folder, manifest: Manifest, promised: dict[int, bytes], helpers: int) -> History:
    """Take the history bundle by bundle: hold it against tiles and the promised roots, and fold it."""
    tree, history, reader = Tree(folder), History(manifest.told), Reader(folder.path, manifest)
    with closing(bundles(reader, range(0, manifest.size, WIDTH), helpers)) as found:
        for bundle in found:
            folder.read_files |= bundle.files
            roots = {size: tree.root(root) for size, root in bundle.roots.items()}
            if bundle.first + WIDTH in roots:
                tree.grow(bundle.roots[bundle.first + WIDTH])
            for size, root in roots.items():
                if promised.get(size, root) != root:
                    raise Wrong(f"the first {size} events do not come to the root of their checkpoint")
            for number, fact in enumerate(bundle.facts, bundle.first):
                try:
                    history.take(fact)
                except Exception as error:
                    raise wrong_at(f"event {number}", error) from None
            if bundle.wrong is not None:
                raise Wrong(*bundle.wrong)
    tree.close()
    return history


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
        lines.append(f"campaign {campaign_id} ({campaign.state.status})")
        lines.append(f"  leads {campaign.leads}{launched}{counted}")
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 when all holds, else 1."""
    parser = argparse.ArgumentParser(description="Verify an exported history of Liftoff, offline.")
    parser.add_argument("directory", metavar="DIR", help="what 'liftoff audit export' wrote")
    trusted = "a key to trust, as 'liftoff audit public-key' prints it; repeat it after a rotation"
    parser.add_argument("--key", action="append", default=[], metavar="PUBLIC", help=trusted)
    helping = "processes that help with a long history; as a rule one for each further core, up to 4"
    parser.add_argument("--helpers", type=int, default=min(4, (os.cpu_count() or 1) - 1), help=helping)
    given = parser.parse_args(arguments)
    try:
        lines = verify(given.directory, given.key, given.helpers)
    except Wrong as wrong:
        print(f"WRONG  {wrong}")
        return 1
    print(*(f"holds  {line}" for line in lines), sep="\n")
    if not given.key:
        print("note   no --key was given: the keys found in the export itself were trusted")
    return 0


if __name__ == "__main__":
    gc.disable()  # among a million things that have no cycles, none is worth looking for
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sys.exit(main())
