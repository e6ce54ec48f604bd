"""All errors that users see. Each says what was wrong and what is allowed."""

from __future__ import annotations

from typing import ClassVar


class EarthError(Exception):
    """``str(error)`` is shown to the user; ``code`` and ``status`` go into the HTTP answer."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    retry_after: int | None = None  # seconds

    def __init__(self, message: str = "", reason: str = "", **values: str | int) -> None:
        """``reason`` names what was wrong, and ``values`` are its figures: for those who say it in another
        language. ``message`` says the same in English."""
        super().__init__(message)
        self.reason, self.values = reason, values


class BadAddress(EarthError):
    """A malformed or absurd tile address."""

    code, status = "bad_address", 404


class BadBounds(EarthError):
    """Bounds that are not a rectangle on the plane."""

    code, status = "bad_bounds", 422


class BadPackage(EarthError):
    """A world file that is damaged or malformed, or a world that does not fit into a file."""

    code, status = "bad_package", 422


class BadPrompt(EarthError):
    """A prompt that is too long or not plain text."""

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
    """A model that is missing, incomplete or unsafe."""

    code, status = "model_refused", 422


class TooLarge(EarthError):
    """A request for more than is allowed."""

    code, status = "too_large", 413


def too_many_tiles(count: int, limit: int, where: str = "") -> TooLarge:
    """An edit of more tiles than it may have; ``where`` they are, in words that go on after their number."""
    words = f"too many tiles ({count:,}){where}; the limit is {limit:,}"
    return TooLarge(words, "too-many-tiles", count=count, limit=limit)


class JobNotFound(EarthError):
    """No job of that id."""

    code, status = "job_not_found", 404


class NotFinished(EarthError):
    """The file of a job that has not finished."""

    code, status, retry_after = "not_finished", 409, 2


class Cancelled(EarthError):
    """The work was cancelled."""

    code, status = "cancelled", 409


class Stopped(EarthError):
    """The app was closed."""

    code, status = "stopped", 503


class NothingToDo(EarthError):
    """There is no step to undo or to redo."""

    code, status = "nothing_to_do", 409


class NoSearch(EarthError):
    """Land that cannot be found by words, because the model cannot compare pictures with them."""

    code, status = "no_search", 409


class BadEdit(EarthError):
    """An edit that cannot be made as requested."""

    code, status = "bad_edit", 422


class BadPicture(EarthError):
    """A file that is not a picture, or a picture that cannot be placed."""

    code, status = "bad_picture", 422
