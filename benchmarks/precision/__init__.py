"""How well browsers are in step: two or more of them, each behind a network of its own."""
