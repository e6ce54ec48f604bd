"""Every setting of the app, with its default; each can be set in the environment as EARTH_NAME."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

MEBIBYTE = 2**20


class Settings(BaseSettings):
    """Read from the environment; the command line's options come before it."""

    model_config = SettingsConfigDict(env_prefix="EARTH_", frozen=True)

    host: str = Field(
        "127.0.0.1", description="address to listen on; others than loopback open it to the network"
    )
    port: int = Field(7860, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    worlds: Path = Field(Path("worlds"), description="folder that holds the worlds")
    model: str = Field(
        "terra", description="model of new worlds: a shipped name or a folder with a bundle.json"
    )
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="where the model runs")
    cache_mb: int = Field(2048, ge=1, description="encoded tiles kept for each world, in MiB")
    wait_seconds: float = Field(
        60, gt=0, le=600, description="longest that a tile request with ?wait is held"
    )
    queue_tiles: int = Field(256, ge=1, description="tile requests with ?wait held at once; past it 503")
    decode_tiles: int = Field(
        256, ge=1, description="uncached tiles waiting to be decoded at once; past it 503"
    )
    want_tiles: int = Field(1024, ge=1, description="most tiles one map may want at a time")
    body_bytes: int = Field(65536, ge=1024, description="largest request body accepted by our own routes")
    upload_mb: int = Field(512, ge=1, description="largest file that can be sent to the app, in MiB")
    export_pixels: int = Field(1_600_000_000, ge=1, description="most pixels of one export")
    export_tiles: int = Field(100_000, ge=1, description="most base tiles under one export")
    edit_tiles: int = Field(256, ge=1, description="most tiles of one edit")
    picture_tiles: int = Field(256, ge=1, description="most tiles that a picture put on the map may cover")
    picture_pixels: int = Field(100_000_000, ge=1, description="most pixels of such a picture")
    picture_mb: int = Field(64, ge=1, description="largest file of such a picture, in MiB")
    spare_mb: int = Field(512, ge=0, description="free disk, in MiB, that an export leaves")
    allowed_hosts: list[str] = Field(
        ["127.0.0.1", "localhost", "::1", "testserver"],
        description="host names under which the app answers, besides the one it listens on",
    )

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
        """Names accepted in a request's Host header; anything goes if it listens on all addresses."""
        return ["*"] if self.host in ("0.0.0.0", "::") else [*self.allowed_hosts, self.host]
