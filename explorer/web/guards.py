"""What stands around the routes: who may ask, how much may be sent, and how failures are said."""

from __future__ import annotations

import errno
import logging

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from explorer.settings import Settings
from explorer.web.access import Access
from explorer.web.head import Head
from explorer.web.headers import SecurityHeaders
from explorer.web.keys import Keys
from explorer.web.limits import BodyLimit, limits
from explorer.web.middleware import KnownHost, SameSite, refusal
from explorer.web.phrases import failure, page_language, worded
from explorer.web.proxy import Proxy
from explorer.web.sharing import Sharing
from explorer.web.visitors import Visitors
from tiles.errors import DiskFull, EarthError

log = logging.getLogger(__name__)
CODES = {404: "not_found", 405: "method_not_allowed", 413: "body_too_large"}
OWN = (
    "/worlds",
    "/gallery",
    "/jobs",
    "/healthz",
    "/metrics",
    "/docs",
    "/openapi.json",
    "/login",
    "/logout",
    "/whoami",
)


def guard(app: FastAPI, settings: Settings, keys: Keys, visitors: Visitors) -> FastAPI:
    """The app with its guards; ``keys`` knows its passwords, ``visitors`` its strangers."""
    app.add_exception_handler(EarthError, _earth_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(OSError, _system_error)
    app.add_exception_handler(Exception, _unexpected)
    # The last one added is the first that a request meets.
    app.add_middleware(Head, paths=OWN)
    app.add_middleware(BodyLimit, usual=settings.body_bytes, limits=limits(settings))
    app.add_middleware(SameSite)
    app.add_middleware(Access, settings=settings, keys=keys, visitors=visitors)
    app.add_middleware(Sharing, origins=settings.allowed_origins)
    # Both names are looked at: the connection's own, and the one that a proxy says it was asked by.
    app.add_middleware(KnownHost, names=settings.hosts, addresses=settings.everywhere)
    app.add_middleware(Proxy, settings=settings)
    app.add_middleware(KnownHost, names=settings.hosts, addresses=settings.everywhere)
    app.add_middleware(SecurityHeaders, frame_ancestors=settings.frame_ancestors)
    return app


async def _earth_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, EarthError)
    headers = {"Retry_After": str(error.retry_after)} if error.retry_after else {}
    return refusal(error.status, error.code, failure(error, page_language(request)), **headers)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    parts = []
    for wrong in error.errors()[:5]:
        where = ".".join(str(part) for part in wrong["loc"][1:]) or "body"
        parts.append(f"{where[:80]}: {wrong['msg']}")
    words = worded(page_language(request), "bad_request", "; ".join(parts))
    return refusal(422, "bad_request", words)


async def http_error(request: Request, error: Exception) -> Response:
    """A failure of Starlette's in our shape."""
    assert isinstance(error, HTTPException)
    code = CODES.get(error.status_code, "http_error")
    headers = {name.replace("-", "_"): value for name, value in (error.headers or {}).items()}
    return refusal(error.status_code, code, str(error.detail), **headers)


async def _system_error(request: Request, error: Exception) -> Response:
    """A full disk is said to be one, wherever it is met."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return await _earth_error(request, DiskFull("the disk is full: nothing was changed"))
    return await _unexpected(request, error)


async def _unexpected(request: Request, error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return refusal(500, "internal", "something went wrong here; the log of the app says what")
