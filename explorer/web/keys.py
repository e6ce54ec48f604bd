"""Passwords, and what stands for one: a browser's session, a token in an address."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import time
from collections import OrderedDict
from typing import Literal

from itsdangerous import BadData, URLSafeSerializer, URLSafeTimedSerializer

from explorer.settings import Settings
from tiles.errors import EarthError

Role = Literal["nothing", "view", "visit", "edit"]
ROLES: tuple[Role, ...] = ("nothing", "view", "visit", "edit")  # each may do what those before it may
SESSION_SECONDS = 30 * 24 * 3600
GUESSES, WINDOW = 10, 60  # wrong passwords from one address, and the seconds in which they count
ADDRESSES = 10_000  # whose guesses are remembered at once


class TooManyGuesses(EarthError):
    """Wrong passwords again and again from one address."""

    code, status, retry_after = "too_many_guesses", 429, WINDOW


class Keys:
    """Knows which role a password, a session or a token gives.

    Sessions and tokens are signed by a key made of the passwords (scrypt), so that they end when a
    password changes and none of them helps to guess it.
    """

    def __init__(self, settings: Settings) -> None:
        edit, view = settings.password.get_secret_value(), settings.view_password.get_secret_value()
        roles: list[tuple[Role, str]] = [("edit", edit), ("view", view)]
        self._passwords = [(role, _digest(word)) for role, word in roles if word]
        self._guesses: OrderedDict[str, list[float]] = OrderedDict()
        key = _key(f"{len(edit)}:{edit}{view}") if settings.locked else os.urandom(32)
        how = {"digest_method": hashlib.sha256}
        self._sessions = URLSafeTimedSerializer(key, salt="session", signer_kwargs=how)
        self._tokens = URLSafeSerializer(key, salt="token", signer_kwargs=how)

    def of_password(self, word: str, address: str) -> Role:
        """Compares in constant time. Raises TooManyGuesses."""
        self._refuse_many(address)
        given, found = _digest(word), "nothing"
        for role, digest in self._passwords:
            if hmac.compare_digest(given, digest) and found == "nothing":
                found = role
        if found == "nothing":
            self._note(address)
        return found  # type: ignore[return-value]

    def of_header(self, header: str, address: str) -> Role:
        """The role of an Authorization header: Basic, with any user's name, or Bearer."""
        scheme, _, rest = header.partition(" ")
        if scheme.lower() == "bearer":
            return self.of_password(rest.strip(), address)
        if scheme.lower() != "basic":
            return "nothing"
        try:
            user_and_word = base64.b64decode(rest.strip(), validate=True).decode()
        except (binascii.Error, ValueError):
            return "nothing"
        return self.of_password(user_and_word.partition(":")[2], address)

    def session(self, role: Role) -> str:
        """A signed text for a browser to keep."""
        return str(self._sessions.dumps(role))

    def of_session(self, text: str) -> Role:
        try:
            role = self._sessions.loads(text, max_age=SESSION_SECONDS)
        except BadData:
            return "nothing"
        return role if role in ("view", "edit") else "nothing"

    def token(self, role: Role) -> str:
        """A signed text for addresses of tiles. It holds until a password changes."""
        return str(self._tokens.dumps(role))

    def of_token(self, text: str, address: str) -> Role:
        """The role of ``?token=``: one made here, or a password. Raises TooManyGuesses."""
        try:
            role = self._tokens.loads(text)
        except BadData:
            return self.of_password(text, address)
        return role if role in ("view", "edit") else "nothing"

    def _refuse_many(self, address: str) -> None:
        since = time.monotonic() - WINDOW
        recent = [when for when in self._guesses.get(address, ()) if when > since]
        if len(recent) >= GUESSES:
            raise TooManyGuesses("too many wrong passwords: try again in a minute")

    def _note(self, address: str) -> None:
        since = time.monotonic() - WINDOW
        recent = [when for when in self._guesses.pop(address, ()) if when > since]
        self._guesses[address] = [*recent, time.monotonic()][-GUESSES:]
        while len(self._guesses) > ADDRESSES:
            self._guesses.popitem(last=False)


def _key(words: str) -> bytes:
    return hashlib.scrypt(words.encode(), salt=b"endless-earth", n=2**14, r=8, p=1)


def _digest(word: str) -> bytes:
    """Of one length whatever the word's, so that comparing says nothing of that either."""
    return hashlib.sha256(word.encode()).digest()
