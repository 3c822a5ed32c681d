"""The wire: messages, their encodings, close codes."""
