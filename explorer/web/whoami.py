"""What whoever asks may do here."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from explorer.web.permits import visitor_of

router = APIRouter(tags=["server"])


@router.get("/whoami")
def show(request: Request) -> dict[str, Any]:
    """Your role: view, visit or edit. Of a visitor also their ``worlds``, what they may use ``a_day``
    (uploads in bytes), what is ``left`` of it, and the ``seconds_left`` until the count begins anew."""
    visitor = visitor_of(request)
    report = {} if visitor is None else visitor.report()
    return {"role": request.state.role, **report}
