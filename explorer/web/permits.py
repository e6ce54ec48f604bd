"""What whoever asks may do, for routes, the feed and the page's controls.

``connection``: a request or a WebSocket, also as Gradio wraps it. ``Access`` has put there its ``role`` and,
with the role "visit", its ``visitor``.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal

from starlette.requests import HTTPConnection

from explorer.service.jobs import Job
from explorer.web.quotas import Kind
from explorer.web.visitors import NotYours, Visitor
from explorer.worlds.world import World
from tiles.errors import EarthError

Asking = HTTPConnection | Any
Limit = Literal["", "look", "theirs", "used-up"]  # the page has words for each
NO_EDIT = (
    "you may look here, but change nothing: log in as one who may edit (the page /login), or ask for the"
    " setting EARTH_OTHERS_MAY (nothing, view, visit or edit), which decides about requests from other"
    " machines"
)
NO_TOOLS = "tools are for those who may edit: visitors have the page and the routes of their own world"


class NotAllowed(EarthError):
    """Something that whoever asks may not do."""

    code, status = "not_allowed", 403


def visitor_of(connection: Asking) -> Visitor | None:
    """The visitor who asks; None for those who may edit or only look."""
    visitor: Visitor | None = getattr(connection.state, "visitor", None)
    return visitor


def may_edit(connection: Asking) -> bool:
    """Whether who asks may change every world."""
    return getattr(connection.state, "role", "view") == "edit"


def require_edit(connection: Asking) -> None:
    """Raises NotAllowed."""
    if not may_edit(connection):
        raise NotAllowed(NO_TOOLS) if visitor_of(connection) else NotAllowed(NO_EDIT, "only-look")


def require_change(connection: Asking, world: str) -> None:
    """Raises NotAllowed, NotYours unless who asks may change this world."""
    visitor = visitor_of(connection)
    if visitor is None:
        require_edit(connection)
    else:
        visitor.require_own(world)


def why_not_painted(connection: Asking, world: World) -> Limit:
    """Why nothing is painted of a world for who asks; empty where it is."""
    visitor = visitor_of(connection)
    if visitor is None:
        return "" if may_edit(connection) else "look"
    if not visitor.owns(world.id):
        return "theirs"
    return "" if visitor.left("tiles") else "used-up"


def making(connection: Asking, samples: int) -> AbstractContextManager[None]:
    """A new world is made inside; raises NotAllowed, NoRoom, QuotaUsedUp."""
    visitor = visitor_of(connection)
    if visitor is None:
        require_edit(connection)
        return nullcontext()
    return visitor.making(samples)


def require_room(connection: Asking) -> None:
    """Raises NoRoom where ``making`` would."""
    if visitor := visitor_of(connection):
        visitor.require_room()


def spend(connection: Asking, **amounts: int) -> None:
    """Use so much, whatever comes of it. Raises QuotaUsedUp, TooLarge."""
    if visitor := visitor_of(connection):
        visitor.spend(_wanted(amounts))


def spending(connection: Asking, **amounts: int) -> AbstractContextManager[None]:
    """What is done inside uses so much; given back if it fails. Raises QuotaUsedUp, TooLarge."""
    visitor = visitor_of(connection)
    return nullcontext() if visitor is None else visitor.spending(_wanted(amounts))


def _wanted(amounts: dict[str, int]) -> dict[Kind, int]:
    return {kind: amount for kind, amount in amounts.items() if amount}  # type: ignore[misc]


def require_painting(connection: Asking, world: World, tiles: int) -> None:
    """So many tiles of a world may be painted for who asks; they are counted as they are painted. Raises
    NotAllowed, NotYours, QuotaUsedUp, TooLarge."""
    require_change(connection, world.id)
    if visitor := visitor_of(connection):
        visitor.require("tiles", tiles)


def owner(connection: Asking) -> str:
    """Whose a new world or job is; empty for those who may edit."""
    visitor = visitor_of(connection)
    return visitor.id if visitor else ""


def require_job(connection: Asking, job: Job) -> None:
    """Raises NotYours for a job that a visitor did not ask for."""
    visitor = visitor_of(connection)
    if visitor is not None and job.owner != visitor.id:
        raise NotYours(f"job {job.id} is not yours")
