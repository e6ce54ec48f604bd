"""What the page says: one catalogue of texts for each language, ``assets/web/text/<language>.json``.

Markup is made once for everybody, with marks where texts go (``mark``); whoever asks gets it ``filled`` in
their language. Modules in the browser read the catalogue out of the page (``assets/web/lib/phrases.js``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import HTTPConnection

from explorer.resources import asset
from tiles.errors import EarthError
from tiles.raster.note import Note

COOKIE = "earth-language"  # the language that somebody chose; scripts set it too
SECONDS = 365 * 86400  # for which it is kept
USUAL = "en"
SPOKEN = "Earth-Language"  # header: the page's language, in which it is told of failures; programs send none
VARY = "Accept-Language, Cookie"  # what the language of an answer depends on
MARK = re.compile(r"@@([a-z0-9.-]+)((?:\|[a-z]+=[^|@]*)*)@@")
HOLE = re.compile(r"\{([a-z]+)\}")
Phrase = str | Mapping[str, str]  # a text, or one for each plural form, of which only scripts have use
CATALOGUES: dict[str, dict[str, Phrase]] = {
    path.stem: json.loads(path.read_text("utf-8")) for path in sorted(asset("web", "text").glob("*.json"))
}


def mark(key: str, **values: str) -> str:
    """The place of a text in markup: its key, with values that are ours, never what people wrote.

    >>> mark("map.of", name="Old Hills")
    '@@map.of|name=Old Hills@@'
    """
    return f"@@{key}{''.join(f'|{name}={value}' for name, value in values.items())}@@"


def phrase(language: str, key: str, **values: str) -> str:
    """A text, with ``values`` in its holes; what is in them is never looked at again.

    >>> phrase("en", "error.no-world", world="{world}")
    'There is no world “{world}” here.'
    """
    text = CATALOGUES[language][key]
    assert isinstance(text, str), f"{key} has plural forms"
    return HOLE.sub(lambda hole: values.get(hole[1], hole[0]), text)


def failure(error: EarthError, language: str | None) -> str:
    """What went wrong, in a language of the catalogues; in the error's own words where they have none for it.

    >>> failure(EarthError("no edit", "no-edit-there"), "de"), failure(EarthError("else"), "de")
    ('Dort ist keine Änderung zu sehen.', 'else')
    """
    return worded(language, error.reason or error.code, str(error), **error.values)


def worded(language: str | None, kind: str, words: str, **values: str | int) -> str:
    """The text of a ``kind`` of failure with its figures; the English ``words`` where there is none."""
    kind = kind.replace("_", "-")
    if language is None or f"error.{kind}" not in CATALOGUES[language]:
        return words
    said = {name: figure(language, value) for name, value in values.items()}
    return phrase(language, f"error.{kind}", **{"message": words, **said})


def remarks(notes: Sequence[Note], language: str | None) -> list[str]:
    """How a picture was read, in a language of the catalogues; None: in English, for programs.

    >>> remarks([Note("it has 3 pages: the first is taken", "pages", {"count": 3})], "de")
    ['Es hat 3 Seiten: Die erste wird genommen.']
    """
    if language is None:
        return [note.words for note in notes]
    figures = [{name: figure(language, value) for name, value in note.values.items()} for note in notes]
    return [phrase(language, f"note.{note.reason}", **said) for note, said in zip(notes, figures)]


def figure(language: str, value: str | int) -> str:
    """A number as people write it; words as they are.

    >>> figure("de", 1234567), figure("en", 1234567)
    ('1.234.567', '1,234,567')
    """
    if isinstance(value, str):
        return value
    return f"{value:,}".replace(",", "." if phrase(language, "decimal") == "," else ",")


def length(language: str, metres: float) -> str:
    """A length in words.

    >>> length("en", 4891.97), length("de", 4891.97), length("de", 0.2986)
    ('4.9 km', '4,9 km', '30 cm')
    """
    unit, number = ("km", metres / 1000) if metres >= 1000 else ("m", metres)
    if metres < 2:
        unit, number = "cm", metres * 100
    digits = f"{number:.{int(number < 10)}f}".replace(".", phrase(language, "decimal"))
    return phrase(language, f"length.{unit}", n=digits)


def filled(markup: str, language: str) -> str:
    """``markup`` with texts in the place of its marks; a value named ``metres`` is a number, which becomes a
    length. Texts hold no character that means something in HTML or JSON, so both can be filled."""

    def text(found: re.Match[str]) -> str:
        pairs = (pair.partition("=") for pair in found[2].split("|")[1:])
        values = {name: value for name, _, value in pairs}
        if "metres" in values:
            values["metres"] = length(language, float(values["metres"]))
        return phrase(language, found[1], **values)

    return MARK.sub(lambda found: text(found) if found[1] in CATALOGUES[language] else found[0], markup)


def script(language: str) -> str:
    """An element that brings the catalogue to the page's modules."""
    told = {"language": language, "phrases": CATALOGUES[language], "languages": languages()}
    return f'<script type="application/json" id="phrases">{in_page(told)}</script>'


def languages() -> dict[str, str]:
    """The languages there are, each with its own name for itself."""
    return {language: phrase(language, "language.name") for language in CATALOGUES}


def language_of(request: HTTPConnection | Any) -> str:
    """What ``?lang=`` asks for, else what was chosen before, else what the browser likes best."""
    for chosen in (request.query_params.get("lang"), request.cookies.get(COOKIE)):
        if chosen in CATALOGUES:
            return chosen
    return liked(request.headers.get("accept-language", ""))


def page_language(request: HTTPConnection) -> str | None:
    """The language in which the page asks to be told of failures; None: a program asks, which gets English.
    A WebSocket can have no header of the page's, so there it is in the address."""
    said = request.headers.get(SPOKEN) or request.query_params.get("lang")
    return said if said in CATALOGUES else None


def liked(header: str) -> str:
    """The first of a browser's languages that there is; its regions count as the language itself.

    >>> liked("fr, de-AT;q=0.8, en;q=0.9"), liked("xx")
    ('en', 'en')
    """
    wanted = []
    for place, part in enumerate(header.split(",")[:20]):
        name, _, weight = part.strip().partition(";q=")
        try:
            wanted.append((-float(weight or 1), place, name.partition("-")[0].lower()))
        except ValueError:
            continue
    return next((name for weight, _, name in sorted(wanted) if weight and name in CATALOGUES), USUAL)


def in_page(value: Any) -> str:
    """JSON that may lie in a page: "</script>" and "<!--" in it would end or change the script around it."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c").replace("\u2028", "\\u2028")
