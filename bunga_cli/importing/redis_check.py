"""What the doctor says of an original server's Redis, which only an import needs."""

from collections.abc import Iterator

from bunga_cli.doctor import Case, Finding
from bunga_cli.doctor.examination import Check
from bunga_cli.doctor.findings import failure, ok, warning
from bunga_cli.importing.failures import ImportFailure
from bunga_cli.importing.progress import DATABASE, count_progress

REDIS = "redis"


def redis_check(url: str) -> Check:
    """Return the check of the Redis at `url`."""

    def check(_case: Case) -> Iterator[Finding]:
        yield _look(url)

    return Check(REDIS, check)


def _look(url: str) -> Finding:
    try:
        channels, videos = count_progress(url)
    except ImportFailure as error:
        return failure(REDIS, str(error), "Start it, or correct the address; then import.")
    if not videos:
        return warning(
            REDIS,
            "It answers, but has no watch progress of an original server.",
            f"If there was some, name its database, which is {DATABASE} by default:"
            " redis://HOST/NUMBER",
        )
    return ok(REDIS, f"It answers, and has the watch progress of {_told(channels, videos)}.")


def _told(channels: int, videos: int) -> str:
    of_videos = "1 video" if videos == 1 else f"{videos} videos"
    return f"{of_videos} in {'1 channel' if channels == 1 else f'{channels} channels'}"
