"""What a proxy in front of the app says of the request: who asks, under which name, scheme and path."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network
from urllib.parse import unquote

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from explorer.settings import PREFIX, Settings, is_loopback, networks

SCHEMES = ("http", "https")
# Said by a proxy, read here and by nobody else: Gradio would believe them whoever sends them.
SAID = re.compile(rb"x-forwarded-.*|forwarded|x-gradio-server")


class Proxy:
    """Puts what a trusted proxy says in the place of what its own connection says.

    X-Forwarded-For, -Host, -Port, -Proto and -Prefix are read if the connection comes from one of
    ``settings.trusted_proxies``, and dropped in any case. ``settings.root_path`` comes before -Prefix.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app, self.root_path = app, settings.root_path
        self.trusted = networks(settings.trusted_proxies)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            headers = Headers(scope=scope)
            address = scope["client"][0] if scope.get("client") else None
            direct = not any(SAID.fullmatch(name) for name, _ in scope["headers"])
            said = headers if address is not None and is_among(address, self.trusted) else Headers({})
            scope = self._seen(scope, said)
            # Only who comes straight from this machine, under a name of this machine, is local.
            scope.setdefault("state", {})["direct"] = direct
        await self.app(scope, receive, send)

    def _seen(self, scope: Scope, said: Mapping[str, str]) -> Scope:
        kept = [(name, value) for name, value in scope["headers"] if not SAID.fullmatch(name)]
        seen = {**scope, "headers": kept, "state": dict(scope.get("state", {}))}
        if client := self._client(said.get("x-forwarded-for", "")):
            seen["client"] = (client, 0)
        if (scheme := _first(said, "x-forwarded-proto").lower()) in SCHEMES:
            seen["scheme"] = scheme if scope["type"] == "http" else scheme.replace("http", "ws")
        if host := _first(said, "x-forwarded-host") or _host_with_port(scope, said):
            seen["headers"] = [pair for pair in kept if pair[0] != b"host"] + [
                (b"host", host.encode("latin-1"))
            ]
            seen["server"] = (host, None)
        prefix = self.root_path or _first(said, "x-forwarded-prefix").rstrip("/")
        return below(seen, prefix) if prefix and PREFIX.fullmatch(prefix) else seen

    def _client(self, chain: str) -> str | None:
        """The last address that no trusted proxy vouches for: those before it, anybody may have written."""
        addresses = [part.strip().strip("[]") for part in chain.split(",") if part.strip()]
        others = [each for each in addresses if not is_among(each, self.trusted)]
        return others[-1] if others else addresses[0] if addresses else None


def below(scope: Scope, prefix: str) -> Scope:
    """The request as one to an app that lies below ``prefix``, whether the proxy cut it off or not."""
    path: str = scope["path"]
    whole = path if path == prefix or path.startswith(prefix + "/") else prefix + path
    raw = scope.get("raw_path") or path.encode()
    if unquote(raw.decode("latin-1")) != whole:
        raw = prefix.encode() + raw
    return {**scope, "path": whole, "raw_path": raw, "root_path": prefix}


def is_among(text: str, trusted: Sequence[IPv4Network | IPv6Network]) -> bool:
    """Whether an address lies in one of the networks; what is no address does not."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return any(mapped in network for network in trusted)


def is_local(address: str | None, host: str, direct: bool) -> bool:
    """Whether a request comes from this machine itself, and not through a proxy on it."""
    own = host == "localhost" or is_loopback(host)
    return direct and own and (address is None or is_loopback(address))


def _first(said: Mapping[str, str], name: str) -> str:
    return said.get(name, "").split(",")[0].strip()


def _host_with_port(scope: Scope, said: Mapping[str, str]) -> str:
    """The Host header with the port that the proxy names, if it says none itself."""
    port, host = _first(said, "x-forwarded-port"), Headers(scope=scope).get("host", "")
    usual = port in ("80", "443")
    bare = host.endswith("]") or ":" not in host
    return f"{host}:{port}" if port.isdecimal() and not usual and host and bare else ""
