"""Every setting of the app, with its default; each can be set in the environment as EARTH_NAME."""

from __future__ import annotations

import ipaddress
import json
import os
import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from explorer.space import space_settings
from tiles.recipe import MOST_SCALE, MOST_STEPS, MOST_TOGETHER

MEBIBYTE = 2**20
PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)+")
SHORTEST = 8  # characters of a password
HOST = re.compile(r"(?!-)[a-z0-9_.-]{1,253}")
EVERY_ADDRESS = ("0.0.0.0", "::")


def _listed(value: Any) -> Any:
    """A list written plainly (``a, b``) or as JSON (``["a", "b"]``)."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except ValueError:
            raise ValueError('write it as a,b or as ["a", "b"]') from None
    return [part.strip() for part in value.split(",") if part.strip()]


def _each(check: Callable[[str], str]) -> AfterValidator:
    return AfterValidator(lambda values: [check(value.strip()) for value in values])


def _host(text: str) -> str:
    """A host name or an address, without a port."""
    plain = text.lower().removeprefix("[").removesuffix("]")
    if plain != "*" and not HOST.fullmatch(plain) and not is_address(plain):
        raise ValueError(f"{text[:60]!r} is no host name: write it as in maps.example.org, without a port")
    return plain


def _origin(text: str) -> str:
    """Scheme, host and port of other sites' pages."""
    plain = text.lower().rstrip("/")
    parts = urlsplit(plain)
    if plain != "*" and (
        parts.scheme not in ("http", "https") or plain != f"{parts.scheme}://{parts.netloc}"
    ):
        raise ValueError(f"{text[:60]!r} is no origin: write it as in https://maps.example.org:8443")
    if any(letter in plain for letter in " ;'\"@"):
        raise ValueError(f"{text[:60]!r} is no origin")
    return plain


def _network(text: str) -> str:
    """An address, or a network as in 10.0.0.0/8."""
    try:
        return str(ipaddress.ip_network(text)) if "/" in text else str(ipaddress.ip_address(text))
    except ValueError:
        raise ValueError(f"{text[:60]!r} is no address or network: write it as in 10.0.0.0/8") from None


def _prefix(text: str) -> str:
    plain = "/" + text.strip("/") if text.strip("/") else ""
    if plain and not PREFIX.fullmatch(plain):
        raise ValueError(f"{text[:60]!r} is no path: write it as in /earth")
    return plain


def _password(secret: SecretStr) -> SecretStr:
    if 0 < len(secret.get_secret_value()) < SHORTEST:
        raise ValueError(f"it must have at least {SHORTEST} characters")
    return secret


Listed = NoDecode, BeforeValidator(_listed)
Hosts = Annotated[list[str], *Listed, _each(_host)]
Origins = Annotated[list[str], *Listed, _each(_origin)]
Networks = Annotated[list[str], *Listed, _each(_network)]
Prefix = Annotated[str, AfterValidator(_prefix)]
Password = Annotated[SecretStr, AfterValidator(_password)]


class Settings(BaseSettings):
    """Read from the environment; the command line's options come before it."""

    model_config = SettingsConfigDict(env_prefix="EARTH_", frozen=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Options come before the environment, and that before what fits a Space."""
        return init_settings, env_settings, InitSettingsSource(settings_cls, space_settings(os.environ))

    host: str = Field(
        "127.0.0.1", description="address to listen on; others than loopback open it to the network"
    )
    port: int = Field(7860, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    worlds: Path = Field(Path("worlds"), description="folder that holds the worlds")
    model: str = Field(
        "terra",
        description="model of new worlds: terra, text2earth, a hub's owner/name[@revision], or a folder",
    )
    dtype: Literal["auto", "float32", "float16", "bfloat16"] = Field(
        "auto",
        description="what a Stable Diffusion model computes in; auto: float16 on a GPU, else float32",
    )
    batch: int = Field(
        0,
        ge=0,
        le=MOST_TOGETHER,
        description="windows that a Stable Diffusion model paints together; 0: 4 on a GPU, else 1",
    )
    offload: Literal["auto", "always", "never"] = Field(
        "auto",
        description="a Stable Diffusion model's components take turns on the GPU; auto: where they must",
    )
    compile: bool = Field(
        False, description="compile a Stable Diffusion model: a minute at the start, then faster on a GPU"
    )
    steps: int = Field(25, ge=1, le=MOST_STEPS, description="steps of a Stable Diffusion model")
    guidance_scale: float = Field(
        4.0, ge=1, le=MOST_SCALE, description="how closely a Stable Diffusion model follows prompts"
    )
    sampler: Literal["euler", "ddim", "dpm++2m", "lcm"] = Field(
        "dpm++2m", description="sampler of a Stable Diffusion model: euler, ddim, dpm++2m or lcm"
    )
    level_scale: float = Field(
        0.0,
        ge=0,
        le=MOST_SCALE,
        description="guidance by the ground resolution alone, for Text2Earth; 0: that of prompts",
    )
    picture_scale: float = Field(
        1.5,
        ge=0,
        le=MOST_SCALE,
        description="how closely an edit by instruction keeps to the land it changes",
    )
    parent_strength: float = Field(
        0.6, gt=0, le=1, description="how much of a coarser zoom a Stable Diffusion model paints anew"
    )
    adapters: Annotated[list[str], *Listed] = Field(
        [],
        description="LoRA files merged into a Stable Diffusion model, each as NAME or NAME:WEIGHT; a NAME is "
        "a file, or a hub's owner/name[/file.safetensors][@revision]",
    )
    controlnet: str = Field(
        "",
        description="a ControlNet beside a Stable Diffusion model, so that pictures guide it: a folder, or a "
        "hub's owner/name[@revision]",
    )
    guide: str = Field(
        "",
        max_length=200,
        description="what pictures that ControlNet follows, in words; empty: what its card says",
    )
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="where the model runs")
    executor: Literal["local", "ray"] = Field(
        "local", description="where windows are painted: local, in this process, or ray, by a Ray cluster"
    )
    ray_address: str = Field(
        "",
        description="Ray cluster to join, such as 10.0.0.5:6379; without one it is started on this machine",
    )
    painters: int = Field(
        0, ge=0, le=10_000, description="painters of a Ray cluster; 0: as many as it has room for"
    )
    painter_cpus: int = Field(
        0,
        ge=0,
        le=1024,
        description="cores and threads of each painter; 0: as many as the app itself would use",
    )
    allow_mixed: bool = Field(
        False, description="let painters on another kind of machine than a world's first paint it too"
    )
    cache_mb: int = Field(2048, ge=1, description="encoded tiles kept for each world, in MiB")
    wait_seconds: float = Field(
        60, gt=0, le=600, description="longest that a tile request with ?wait is held"
    )
    queue_tiles: int = Field(256, ge=1, description="tile requests with ?wait held at once; past it 503")
    decode_tiles: int = Field(
        256, ge=1, description="uncached tiles waiting to be decoded at once; past it 503"
    )
    want_tiles: int = Field(1024, ge=1, description="most tiles one map may want at a time")
    maps: int = Field(200, ge=1, description="most maps open at once; one past it is told so")
    readers: int = Field(
        0, ge=0, le=64, description="processes beside the app's own that answer requests for painted tiles"
    )
    connections: int = Field(1000, ge=10, description="most connections open at once; past it 503")
    body_bytes: int = Field(65536, ge=1024, description="largest body of a request that sends no file")
    upload_mb: int = Field(512, ge=1, description="largest file that can be sent to the app, in MiB")
    export_pixels: int = Field(1_600_000_000, ge=1, description="most pixels of one export")
    export_tiles: int = Field(100_000, ge=1, description="most base tiles under one export")
    edit_tiles: int = Field(256, ge=1, description="most tiles of one edit")
    picture_tiles: int = Field(256, ge=1, description="most tiles that a picture put on the map may cover")
    picture_pixels: int = Field(100_000_000, ge=1, description="most pixels of such a picture")
    picture_mb: int = Field(64, ge=1, description="largest file of such a picture, in MiB")
    spare_mb: int = Field(512, ge=0, description="free disk, in MiB, that exports and uploads leave")
    allowed_hosts: Hosts = Field(
        ["127.0.0.1", "localhost", "::1"],
        description="host names under which the app answers, besides the one it listens on; * for any",
    )
    allowed_origins: Origins = Field(
        [],
        description="other sites, such as https://notebook.example.org, whose pages may read tiles and "
        "their descriptions and have tiles painted; * for any",
    )
    frame_ancestors: Origins = Field(
        [], description="other sites that may show the app in a frame; * for any"
    )
    root_path: Prefix = Field(
        "",
        description="path below which a proxy serves the app, such as /earth; X-Forwarded-Prefix says it too",
    )
    trusted_proxies: Networks = Field(
        ["127.0.0.1", "::1"],
        description="addresses or networks of proxies whose X-Forwarded headers are believed",
    )
    password: Password = Field(
        SecretStr(""), description="with it, only who has it may use the app, and edit"
    )
    view_password: Password = Field(SecretStr(""), description="a second password, which is for looking only")
    others_may: Literal["auto", "nothing", "view", "visit", "edit"] = Field(
        "auto",
        description="what requests from other machines may do: nothing, view what is painted, visit (look, "
        "and paint and edit in a world of their own), or edit every world; auto is view, and nothing where "
        "there is a password",
    )
    visitor_worlds: int = Field(1, ge=1, description="most worlds of one visitor at a time")
    visitor_new_worlds: int = Field(
        10, ge=1, description="most worlds that visitors from one address may make a day"
    )
    visitor_tiles: int = Field(
        1000, ge=1, description="most tiles painted a day for visitors from one address"
    )
    visitor_upload_mb: int = Field(
        64, ge=1, description="most MiB of files a day from visitors at one address"
    )
    visitor_exports: int = Field(
        20, ge=1, description="most exports and world files a day for visitors from one address"
    )
    visitor_export_pixels: int = Field(64_000_000, ge=1, description="most pixels of one export of a visitor")
    visitor_days: int = Field(
        7, ge=1, description="days after a visitor's last visit until their world makes room for others"
    )
    visitors: int = Field(100, ge=1, description="most worlds of visitors at a time; past it none is made")

    @model_validator(mode="after")
    def _viewers_need_an_editor(self) -> Self:
        if self.view_password.get_secret_value() and not self.locked:
            raise ValueError("EARTH_VIEW_PASSWORD needs EARTH_PASSWORD beside it")
        return self

    @property
    def locked(self) -> bool:
        """Whether there is a password."""
        return bool(self.password.get_secret_value())

    @property
    def model_options(self) -> dict[str, Any]:
        """How Stable Diffusion models are used."""
        named = ("steps", "guidance_scale", "sampler", "picture_scale", "parent_strength")
        names = (*named, "adapters", "controlnet", "guide", "dtype", "batch", "offload", "compile")
        return {name: getattr(self, name) for name in names} | {"level_scale": self.level_scale or None}

    @property
    def cache_bytes(self) -> int:
        return self.cache_mb * MEBIBYTE

    @property
    def upload_bytes(self) -> int:
        return self.upload_mb * MEBIBYTE

    @property
    def picture_bytes(self) -> int:
        return self.picture_mb * MEBIBYTE

    @property
    def spare_bytes(self) -> int:
        return self.spare_mb * MEBIBYTE

    @property
    def hosts(self) -> list[str]:
        """Names accepted in a request's Host header."""
        own = socket.gethostname() if self.everywhere else self.host
        return [*self.allowed_hosts, own.lower()]

    @property
    def everywhere(self) -> bool:
        """Whether the app listens on all addresses of the machine."""
        return self.host in EVERY_ADDRESS

    @property
    def local(self) -> bool:
        """Whether only this machine can reach the app."""
        return self.host == "localhost" or (is_address(self.host) and is_loopback(self.host))

    def url(self, port: int) -> str:
        """The address to open in a browser."""
        host = "127.0.0.1" if self.host == "0.0.0.0" else "::1" if self.host == "::" else self.host
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def networks(written: list[str]) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """Addresses and networks, each as a network."""
    return [ipaddress.ip_network(each) for each in written]


def is_address(text: str) -> bool:
    """Whether ``text`` is an IPv4 or IPv6 address, and no name."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_loopback(text: str) -> bool:
    """Whether an address is one of this machine for itself; what is no address is not."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)
