"""Refusals of the original's paths."""

from http import HTTPStatus

from bunga_cli.plugin.refusals import ApiError, bad_request, no_credentials, no_permission

__all__ = ["ApiError", "bad_request", "no_credentials", "no_permission", "not_found"]


def not_found(what: str) -> ApiError:
    """Return the refusal for a thing that is not there, `what` being the original's name for it."""
    detail = f"No {what} matches the given query."
    return ApiError(HTTPStatus.NOT_FOUND, {"detail": detail})
