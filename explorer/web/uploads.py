"""Files that come as the body of a request."""

from __future__ import annotations

from pathlib import Path

from anyio import to_thread
from fastapi import Request

from explorer.service.packing import require_room
from explorer.web.permits import spend


async def receive_file(request: Request, path: Path, spare: int) -> None:
    """Write the body at ``path``. Raises DiskFull, before it begins if the body says its length, unless
    the disk has room for it and ``spare`` bytes more, and QuotaUsedUp for more than a visitor may send."""
    said = request.headers.get("content-length", "0")
    length = int(said) if said.isdecimal() else 0
    require_room(path.parent, length, spare)
    spend(request, uploads=length)
    with open(path, "wb") as file:
        async for chunk in request.stream():
            if not length:
                spend(request, uploads=len(chunk))
            await to_thread.run_sync(file.write, chunk)
