"""Strangers on a public server: who is who, whose world is whose, and what each may use.

A *visitor* is a browser: it keeps a random text in a cookie, and a world belongs to the digest of that text.
So neighbours behind one address do not share a world, and whoever changes networks keeps theirs. A program
that keeps no cookies is told apart by its address. What is *used* is counted by address in any case (of
IPv6 the first 64 bits, which one household has): a cookie can be thrown away at no cost.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import secrets
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from starlette.requests import HTTPConnection

from explorer.service.events import Event
from explorer.service.painter import Painter
from explorer.service.removal import remove
from explorer.settings import MEBIBYTE, Settings
from explorer.web.quotas import DAY, Kind, Quotas
from explorer.worlds import owners
from explorer.worlds.atlas import Atlas
from tiles.errors import EarthError

COOKIE = "earth_visitor"
TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")
# What visitors may ask for that changes something. Whose world it is, the route of a job asks itself.
MAKES = re.compile(r"/worlds|/worlds/unpack|/gallery/[^/]+|/preview")
TAKES_HOME = re.compile(r"/worlds/[^/]+/(exports|package)|/jobs/[^/]+")
OF_WORLD = re.compile(r"/worlds/([^/]+)(/.*)?")


class NotYours(EarthError):
    """A visitor would change what belongs to somebody else."""

    code, status = "not_yours", 403


class NoRoom(EarthError):
    """A visitor who has a world already, or the server holds as many as it may."""

    code, status = "no_room", 403


class Visitor:
    """One stranger, for the time of a request or a connection."""

    def __init__(self, visitors: Visitors, id: str, address: str, known: bool) -> None:
        """``known``: whether the browser sent its cookie."""
        self._all, self.id, self.address, self.known = visitors, id, address, known

    def owns(self, world: str) -> bool:
        """Whether a world is theirs; then it counts as a visit, and painting there as theirs."""
        return self._all.visits(self, world)

    def require_own(self, world: str) -> None:
        """Raises NotYours."""
        if not self.owns(world):
            raise NotYours(
                f"world {world[:80]!r} is not yours: visitors may look at it, and change and paint only"
                " what they made themselves. Make a world of your own",
                "not-yours",
            )

    def worlds(self) -> list[str]:
        """The ids of theirs."""
        return [id for id, owner in self._all.owners().items() if owner == self.id]

    def left(self, kind: Kind) -> int:
        """What they may still use today."""
        return self._all.quotas.left(self.address, kind)

    def require(self, kind: Kind, amount: int = 1) -> None:
        """Raises QuotaUsedUp, TooLarge."""
        self._all.quotas.require(self.address, kind, amount)

    def spend(self, amounts: Mapping[Kind, int]) -> None:
        """Use so much, whatever comes of it. Raises QuotaUsedUp, TooLarge."""
        self._all.quotas.take(self.address, amounts)

    def require_room(self) -> None:
        """Raises NoRoom if no world can be made for them."""
        with self._all.room(self):
            pass

    @contextmanager
    def spending(self, amounts: Mapping[Kind, int]) -> Iterator[None]:
        """Use so much for what is done inside; given back if that fails. Raises QuotaUsedUp, TooLarge."""
        self._all.quotas.take(self.address, amounts)
        try:
            yield
        except BaseException:
            self._all.quotas.give_back(self.address, amounts)
            raise

    @contextmanager
    def making(self, samples: int) -> Iterator[None]:
        """Make a world inside, for which ``samples`` windows are painted. Raises NoRoom, QuotaUsedUp."""
        with self._all.room(self), self.spending({"worlds": 1, "tiles": samples}):
            yield

    def may(self, path: str) -> bool:
        """Whether they may change something by a request to ``path``. Raises NotYours."""
        if MAKES.fullmatch(path) or TAKES_HOME.fullmatch(path):
            return True
        if of_world := OF_WORLD.fullmatch(path):
            self.require_own(of_world[1])
            return True
        return False

    def report(self) -> dict[str, Any]:
        """Their worlds, what is left today, and when all of it is there again, as JSON."""
        limits, seconds = self._all.quotas.limits, self._all.quotas.seconds_left(self.address)
        return {
            "worlds": self.worlds(),
            "most_worlds": self._all.settings.visitor_worlds,
            "days": self._all.settings.visitor_days,
            "a_day": limits,
            "left": {kind: self.left(kind) for kind in limits},
            "seconds_left": None if seconds is None else round(seconds),
        }


class Visitors:
    """All strangers of one app."""

    def __init__(self, settings: Settings, atlas: Atlas, painter: Painter) -> None:
        self.settings, self._atlas, self._painter = settings, atlas, painter
        self.quotas = Quotas(
            {
                "worlds": settings.visitor_new_worlds,
                "tiles": settings.visitor_tiles,
                "uploads": settings.visitor_upload_mb * MEBIBYTE,
                "exports": settings.visitor_exports,
            }
        )
        self._lock = threading.Lock()
        self._making: Counter[str] = Counter()  # worlds that visitors are making just now
        self._payers: dict[str, str] = {}  # by id of a world, the address that its painting is counted for
        painter.listen(self._heard)

    def of(self, connection: HTTPConnection) -> Visitor:
        """Who asks."""
        address = counted_address(connection.client.host if connection.client else "")
        token = connection.cookies.get(COOKIE, "")
        known = TOKEN.fullmatch(token) is not None
        return Visitor(self, _digest(token if known else f"address {address}"), address, known)

    def owners(self) -> dict[str, str]:
        """The owner of each world; empty for those that were not made by visitors."""
        return {id: self._atlas.owner(id) for id in self._atlas.names()}

    def visits(self, visitor: Visitor, world: str) -> bool:
        """Whether it is the world of this visitor, who pays for its painting from now on."""
        if self._atlas.owner(world) != visitor.id:
            return False
        owners.note_visit(self._atlas.folder / world)
        with self._lock:
            self._payers[world] = visitor.address
        return True

    @contextmanager
    def room(self, visitor: Visitor) -> Iterator[None]:
        """A place for one more world while it is made. Raises NoRoom."""
        self._remove_left()
        with self._lock:
            self._require_room(visitor)
            self._making[visitor.id] += 1
        try:
            yield
        finally:
            with self._lock:
                self._making[visitor.id] -= 1
                self._making += Counter()  # those that make none any more are forgotten

    def _require_room(self, visitor: Visitor) -> None:
        made, settings = [owner for owner in self.owners().values() if owner], self.settings
        if made.count(visitor.id) + self._making[visitor.id] >= settings.visitor_worlds:
            which = "a world" if settings.visitor_worlds == 1 else f"{settings.visitor_worlds} worlds"
            words = f"you have {which} already, and a visitor may have no more: delete one first"
            raise NoRoom(words, "enough-worlds")
        if len(made) + self._making.total() >= settings.visitors:
            raise NoRoom(
                f"there are {len(made)} worlds of visitors, and there is no room for more: one that is not"
                f" visited for {settings.visitor_days} days makes room. Come back later",
                "visitors-full",
            )

    def _remove_left(self) -> None:
        """End the worlds whose visitors have not come back."""
        folder, most = self._atlas.folder, self.settings.visitor_days * DAY
        for id in self._atlas.names():
            if owners.seconds_away(folder / id) > most:
                with suppress(EarthError):  # such as one that another process paints
                    remove(self._atlas, self._painter, id)

    def _heard(self, event: Event) -> None:
        """On whichever thread something happened."""
        if event.kind not in ("painted", "gone"):
            return
        with self._lock:
            payer = self._payers.get(event.world)
            if event.kind == "gone":
                self._payers.pop(event.world, None)
        if payer is not None and event.kind == "painted":
            self.quotas.count(payer, "tiles", 1)


def new_token() -> str:
    """What a browser is to keep: nobody can guess it."""
    return secrets.token_urlsafe(24)


def counted_address(host: str) -> str:
    """The address that use is counted by; of IPv6 the network of 64 bits.

    >>> counted_address("::ffff:192.0.2.1"), counted_address("2001:db8:1:2:3::4")
    ('192.0.2.1', '2001:db8:1:2::/64')
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))


def _digest(text: str) -> str:
    """What is kept of a cookie: whoever reads it here cannot make the cookie of it."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]
