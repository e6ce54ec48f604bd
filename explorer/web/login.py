"""The page where a password is given, and what a browser keeps of it."""

from __future__ import annotations

import html
from string import Template

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from explorer.settings import Settings
from explorer.web.access import COOKIE
from explorer.web.cookies import cookie
from explorer.web.keys import SESSION_SECONDS, Keys, TooManyGuesses
from explorer.web.phrases import failure, filled, language_of, phrase

router = APIRouter(include_in_schema=False)
PAGE = """<!DOCTYPE html>
<html lang="$language">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>@@login.go@@ - Endless Earth</title>
<style>
:root { color-scheme: light dark; }
* { box-sizing: border-box; margin: 0; }
body { font: 16px/1.5 system-ui, sans-serif; display: grid; place-content: center; min-height: 100vh; }
form { display: grid; gap: 12px; width: min(320px, 88vw); }
h1 { font-size: 22px; }
input, button { font: inherit; width: 100%; padding: 10px 12px; border-radius: 8px; border: 1px solid #8888; }
button { background: #0f766e; color: #fff; border: 0; cursor: pointer; }
p { min-height: 1.5em; color: #b91c1c; }
@media (prefers-color-scheme: dark) { p { color: #fca5a5; } }
</style>
</head>
<body>
<form method="post" action="login?next=$next">
<h1>Endless Earth</h1>
<label>@@login.password@@
<input type="password" name="password" required autofocus autocomplete="current-password"></label>
<button>@@login.go@@</button>
<p role="alert">$said</p>
</form>
</body>
</html>
"""


@router.get("/login", response_class=HTMLResponse)
def form(request: Request, next: str = "/") -> Response:
    """The form; where nobody needs a password it leads on."""
    settings: Settings = request.app.state.settings
    return _form(request, next) if settings.locked else _onward(request, next)


@router.post("/login", response_class=HTMLResponse)
async def log_in(request: Request, next: str = "/") -> Response:
    """Takes the password; a right one is kept as a signed session for 30 days."""
    settings: Settings = request.app.state.settings
    keys: Keys = request.app.state.keys
    word = (await request.form()).get("password", "")
    try:
        role = keys.of_password(str(word), request.client.host if request.client else "")
    except TooManyGuesses as error:
        return _form(request, next, failure(error, language_of(request)), error.status)
    if role == "nothing":
        return _form(request, next, phrase(language_of(request), "login.wrong"), 401)
    answer = _onward(request, next)
    answer.headers.append(
        "Set-Cookie", cookie(request, settings, COOKIE, keys.session(role), SESSION_SECONDS)
    )
    return answer


@router.post("/logout")
def log_out(request: Request) -> Response:
    """Takes the session from the browser."""
    answer = _onward(request, "/login")
    answer.headers.append("Set-Cookie", cookie(request, request.app.state.settings, COOKIE, "", 0))
    return answer


def _form(request: Request, next: str, said: str = "", status: int = 200) -> HTMLResponse:
    language = language_of(request)
    page = Template(filled(PAGE, language))
    words = page.substitute(language=language, next=html.escape(_local(next)), said=html.escape(said))
    return HTMLResponse(words, status, headers={"Cache-Control": "no-store"})


def _onward(request: Request, next: str) -> RedirectResponse:
    return RedirectResponse(f"{request.scope.get('root_path', '')}{_local(next)}", 303)


def _local(next: str) -> str:
    """A path of this app: anything else, such as another site's address, would be a trap."""
    plain = next.startswith("/") and not next.startswith("//") and next.isprintable()
    return next if plain and not set(next) & set('\\"<>&#?') else "/"
