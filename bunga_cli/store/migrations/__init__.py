"""The way from any older database to this version's.

A change of `store/schema.py` is a new file in `versions/`, written by hand, and its revision at the
end of `REVISIONS`; a test holds the three against each other. Foreign keys are off in a migration,
so that a table can be rebuilt without its dependants following it.
"""

APPLICATION_ID = 0x42756E67
"""What SQLite's header says whose file it is: `Bung` in ASCII."""

REVISIONS = ("0001", "0002", "0003", "0004", "0005")
"""All that this version knows, oldest first. Here, so that a start can compare without alembic."""
