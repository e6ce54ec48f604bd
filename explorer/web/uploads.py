"""Files that come as the body of a request."""

from __future__ import annotations

from pathlib import Path

from anyio import to_thread
from fastapi import Request

from explorer.service.packing import require_room


async def receive_file(request: Request, path: Path, spare: int) -> None:
    """Write the body at ``path``. Raises DiskFull, before it begins if the body says its length, unless
    the disk has room for it and ``spare`` bytes more."""
    said = request.headers.get("content-length", "0")
    require_room(path.parent, int(said) if said.isdecimal() else 0, spare)
    with open(path, "wb") as file:
        async for chunk in request.stream():
            await to_thread.run_sync(file.write, chunk)
