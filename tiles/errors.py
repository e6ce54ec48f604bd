"""One family of errors: what was wrong and what is allowed, in words for the user."""

from __future__ import annotations

from typing import ClassVar


class EarthError(Exception):
    """``str(error)`` is shown to the user; ``code`` and ``status`` go into the HTTP answer."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    retry_after: int | None = None  # seconds


class BadAddress(EarthError):
    """A malformed or absurd tile address."""

    code, status = "bad_address", 404


class BadBounds(EarthError):
    """Bounds that are no rectangle in this plane."""

    code, status = "bad_bounds", 422


class BadPackage(EarthError):
    """A file that is no whole, sane world, or a world that fits into none."""

    code, status = "bad_package", 422


class BadPrompt(EarthError):
    """A prompt that is too long or no plain text."""

    code, status = "bad_prompt", 422


class BadSetting(EarthError):
    """A setting outside what is allowed."""

    code, status = "bad_setting", 422


class WorldNotFound(EarthError):
    """No world of that id."""

    code, status = "world_not_found", 404


class WorldHeld(EarthError):
    """Another process paints this world."""

    code, status = "world_held", 409


class WorldDamaged(EarthError):
    """A world's file, or a cell in it, is not what was written."""

    code, status = "world_damaged", 500


class DiskFull(EarthError):
    """Nothing more can be kept."""

    code, status = "disk_full", 507


class NotWritten(EarthError):
    """A file that could not be written, or came out wrong."""

    code, status = "not_written", 500


class Busy(EarthError):
    """Too much is waiting; try again."""

    code, status, retry_after = "busy", 503, 5


class PaintingFailed(EarthError):
    """The model could not paint."""

    code, status = "painting_failed", 500


class ModelRefused(EarthError):
    """A model that is not there, not whole or not safe."""

    code, status = "model_refused", 422


class TooLarge(EarthError):
    """More than one request may ask for."""

    code, status = "too_large", 413


class JobNotFound(EarthError):
    """No job of that id."""

    code, status = "job_not_found", 404


class NotFinished(EarthError):
    """A job's file before there is one."""

    code, status, retry_after = "not_finished", 409, 2


class Cancelled(EarthError):
    """Somebody called the work off."""

    code, status = "cancelled", 409


class Stopped(EarthError):
    """The app was closed."""

    code, status = "stopped", 503


class NothingToDo(EarthError):
    """No step to take back, or to bring again."""

    code, status = "nothing_to_do", 409


class BadEdit(EarthError):
    """An edit that cannot be made as it was asked for."""

    code, status = "bad_edit", 422


class BadPicture(EarthError):
    """A picture that is none, too large, or not what it says."""

    code, status = "bad_picture", 422
