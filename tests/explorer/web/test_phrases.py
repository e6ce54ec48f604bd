"""The catalogues of what the page says, and that nothing is said past them."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from explorer.resources import asset
from explorer.web.phrases import CATALOGUES, HOLE, MARK, filled, liked, mark, phrase, script
from tiles.errors import EarthError

ENGLISH = CATALOGUES["en"]
PLACES = [*asset("web").glob("*/*.js"), *Path("explorer/web").glob("*.py")]
KEY = re.compile(r"""(?:phrase|mark)\((?:"[a-z]{2}", |[\w().]+, )?f?(["'`])([][.${}\w-]+)\1""")
# Names that no language has another word for, keys and types of the browser, events of Leaflet and of ours.
NO_WORDS = {
    "Endless Earth", "Content-Type", "Earth-Language", "TimeoutError", "Enter", "Escape", "Accept-Language, Cookie",
    "leaflet-bar tools", "Files", "#prompt textarea",
}  # fmt: skip
EVENTS = re.compile(r"\.on\(|^on\(")


def texts(language: str):
    for key, text in CATALOGUES[language].items():
        yield from ((key, each) for each in ([text] if isinstance(text, str) else text.values()))


def holes(text) -> list[set[str]]:
    return [set(HOLE.findall(each)) for each in ([text] if isinstance(text, str) else text.values())]


@pytest.mark.parametrize("language", sorted(CATALOGUES))
def test_every_language_says_the_same_things(language):
    there = CATALOGUES[language]
    assert there.keys() == ENGLISH.keys()
    for key, text in there.items():
        assert isinstance(text, str) == isinstance(ENGLISH[key], str), key
        assert set().union(*holes(text)) == set().union(*holes(ENGLISH[key])), key
        assert isinstance(text, str) or "other" in text, key


@pytest.mark.parametrize("language", sorted(CATALOGUES))
def test_no_text_can_end_the_markup_or_the_json_around_it(language):
    for key, text in texts(language):
        assert text.strip() == text != "", key
        assert not set(text) & set('<>&"\\@\n'), key


def asked() -> set[str]:
    """What code asks for by name, and by patterns where it makes the name."""
    text = "\n".join(path.read_text() for path in PLACES)
    named = {match[2] for match in KEY.finditer(text)} | {match[1] for match in MARK.finditer(text)}
    return {re.sub(r"\$?\{.*?\}", "[a-z0-9.-]+", key) for key in named}


def test_code_asks_for_texts_that_are_there():
    for pattern in asked():
        assert any(re.fullmatch(pattern, key) for key in ENGLISH), pattern


def test_every_text_is_asked_for():
    text = "\n".join(path.read_text() for path in PLACES)
    made = {pattern for pattern in asked() if "[" in pattern} | {"format.[a-z]+"}
    named = [key for key in ENGLISH if f'"{key}"' not in text and f"@@{key}@@" not in text]
    assert [key for key in named if not any(re.fullmatch(pattern, key) for pattern in made)] == []


def prose(path: Path) -> list[str]:
    """Literals of a module that look like words for people."""
    text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
    lines = [line.split(" // ")[0] for line in text.splitlines() if not re.match(r"\s*(//|import )", line)]
    found = []
    for line in lines:
        if EVENTS.search(line.strip()):
            continue
        for literal in re.findall(r'"((?:[^"\\]|\\.)*)"|`([^`]*)`', line):
            words = re.sub(r"\$\{[^}]*\}", "0", "".join(literal))
            if re.search(r"^[A-Z][a-z]|\b[a-z]{2,} [a-z]{2,}|[A-Z][a-z]+ [a-z]{2,}", words):
                found.append(words)
    return found


@pytest.mark.parametrize("path", sorted(asset("web").glob("*/*.js")), ids=lambda path: path.stem)
def test_scripts_have_no_words_of_their_own(path):
    assert [
        words for words in prose(path) if words not in NO_WORDS and not words.endswith(" - Endless Earth")
    ] == []


def test_forms_have_no_words_of_their_own():
    text = Path("explorer/web/forms.py").read_text()
    shown = re.findall(
        r'>([^<>{}"=]*[A-Za-z]{2}[^<>{}"=]*)<|(?:title|aria-label|placeholder|alt)="([^"]*)"', text
    )
    words = {MARK.sub("", "".join(pair)).strip(" \\\n") for pair in shown}
    assert words <= {"", "@@{name}@@", "Endless Earth", "TileJSON", "WMTS", "API", "Python"}


def test_what_people_write_is_never_a_template():
    assert phrase("en", "delete.question", name="{tiles} @@about@@", tiles="3").startswith(
        "Delete \u201c{tiles} @@about@@\u201d"
    )
    assert filled("@@no.such@@ @@cancel@@", "de") == "@@no.such@@ Abbrechen"
    zoomed = mark("new.zoom.5", metres="4891.97", zoom="5")
    assert filled(zoomed, "en") == "continents, 4.9 km (zoom 5)"
    assert "4,9 km" in filled(zoomed, "de")


def test_a_catalogue_in_the_page_cannot_end_its_script(monkeypatch):
    monkeypatch.setitem(CATALOGUES, "en", {**ENGLISH, "about": "</script><!--"})
    assert script("en").count("<") == 2


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("de", "de"),
        ("de-AT, en", "de"),
        ("en;q=0.3, de;q=0.4", "de"),
        ("fr, ja", "en"),
        ("de;q=0", "en"),
        ("", "en"),
    ],
)
def test_the_browser_says_which_language_it_likes_best(header, language):
    assert liked(header) == language


def kinds(of: type[EarthError] = EarthError) -> dict[str, type[EarthError]]:
    """All kinds of failures, by name."""
    found = {of.__name__: of}
    for kind in of.__subclasses__():
        found |= kinds(kind)
    return found


HANDED_ON = {"bar": None, "_refuse": None, "refuse": None}  # calls that hand a reason on to an error


def reasons() -> dict[str, set[str]]:
    """What code gives errors as their reason, and the names of the figures beside it."""
    found: dict[str, set[str]] = {}
    known = kinds()
    for path in [*Path("explorer").glob("**/*.py"), *Path("tiles").glob("**/*.py")]:
        for call in ast.walk(ast.parse(path.read_text())):
            if not isinstance(call, ast.Call) or len(call.args) not in (2, 7):
                continue
            reason, made = call.args[-1], getattr(call.func, "id", getattr(call.func, "attr", ""))
            if not (made in known | HANDED_ON and isinstance(reason, ast.Constant | ast.JoinedStr)):
                continue
            named = ast.unparse(reason).removeprefix("f").strip("'")
            if not named:
                continue
            for kind in ("name", "prompt") if "{what}" in named else ("",):
                values = {value.arg or "" for value in call.keywords}
                found.setdefault(named.replace("{what}", kind), values)
                found[named.replace("{what}", kind)] &= values
    return found


def test_every_reason_of_a_failure_has_a_text_whose_figures_it_gives():
    given = reasons()
    assert {"prompt-too-long", "too-many-tiles", "no-world", "edit-running", "not-a-picture"} <= given.keys()
    for reason, values in given.items():
        needed = set().union(*holes(ENGLISH[f"error.{reason}"]))
        assert needed <= values | {"message"}, reason
    codes = {kind.code.replace("_", "-") for kind in kinds().values()}
    codes |= {"body-too-large", "body-too-slow", "bad-request", "login-needed"}
    texts_ = {key.removeprefix("error.") for key in ENGLISH if key.startswith("error.")}
    assert texts_ <= given.keys() | codes


def test_every_note_on_a_picture_has_a_text_whose_figures_it_gives():
    seen = set()
    for path in Path("tiles").glob("**/*.py"):
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Note":
                _, reason, values = call.args
                given = {key.value for key in values.keys}
                named = ast.unparse(reason).removeprefix("f").strip("'")
                for each in ("north", "south") if "{name}" in named else ("",):
                    seen.add(key := f"note.{named.replace('{name}', each)}")
                    assert set().union(*holes(ENGLISH[key])) <= given, key
    assert seen == {key for key in ENGLISH if key.startswith("note.")}


def test_every_kind_of_failure_has_a_text_so_that_a_page_is_told_in_its_language():
    told = {kind.code.replace("_", "-") for kind in kinds().values() if "cli" not in kind.__module__}
    with_reasons = {"quota-used-up", "no-room"}  # never without one
    between_processes = {"not-here"}
    assert {
        code for code in told - with_reasons - between_processes if f"error.{code}" not in ENGLISH
    } == set()


def test_a_failure_is_told_in_the_pages_language_and_to_programs_in_english(client, world):
    asked = {"method": "POST", "url": "/worlds/test-land/edits"}
    body = {"tiles": [[8, 128, 128]], "prompt": "a" * 1501}
    plain = client.request(**asked, json=body).json()["error"]
    assert plain == {
        "code": "bad_prompt",
        "message": "the prompt has 1501 characters; the limit is 500",
    }
    german = client.request(**asked, json=body, headers={"Earth-Language": "de"}).json()["error"]
    assert german == {
        "code": "bad_prompt",
        "message": "Die Beschreibung hat 1.501 Zeichen. Höchstens 500 sind erlaubt.",
    }
    other = client.request(**asked, json=body, headers={"Earth-Language": "../x"}).json()["error"]
    assert other == plain
    unknown = client.get("/worlds/nowhere", headers={"Earth-Language": "de"}).json()["error"]["message"]
    assert unknown == "Hier gibt es keine Welt „nowhere“."
