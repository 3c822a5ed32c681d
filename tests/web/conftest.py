"""The pages over a real store; what the tests of the interface stand on serves here as well."""

from tests.api.conftest import empty_database, open_site, plugins, port, site, store, stranger

__all__ = ["empty_database", "open_site", "plugins", "port", "site", "store", "stranger"]
