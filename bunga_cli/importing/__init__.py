"""Moving in: a whole installation of the original server, taken over at once.

What is read (`reading`, `progress`, `media`) is held against what is there (`existing`, `plan`,
`videos`, `site_settings`), and the difference is written (`moving_in`, `writing`, `unfinished`).
What is there already is never changed.

A site is in a database, in files and in settings, which no single write changes. So that a death of
the process at any moment leaves all of it or nothing, an import goes like this, with the data
folder's lock held:

1. Uploads are copied, under names made from their content. Nothing refers to them yet; a second run
   finds them and copies the rest.
2. What is to be set after the database, the settings and the secret, is noted in `import.json`,
   with a number made up for this import. The note is one write; it has no effect by itself.
3. The database is changed in one transaction. That transaction also stores the number, as SQLite's
   `user_version`. **This is the moment at which the import happens.** The database is closed, which
   puts it on the disk.
4. Settings and secret are written, each in one write, and doing it twice changes nothing more.
5. The note is removed.

Whoever uses the data folder next and finds a note ends what was begun (`finish_import`): if the
database has the number, steps 4 and 5 are done again; if it has not, nothing ever happened, and the
note is removed. Every command does that before anything else, the server included, so that nobody
meets the half of it.
"""

from bunga_cli.importing.failures import ImportFailure
from bunga_cli.importing.moving_in import Source, move_in
from bunga_cli.importing.report import Finding, Kind, Report
from bunga_cli.importing.unfinished import finish_import

__all__ = ["Finding", "ImportFailure", "Kind", "Report", "Source", "finish_import", "move_in"]
