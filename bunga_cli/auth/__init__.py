"""Who somebody is: passwords and tokens. Knows nothing of HTTP or WebSockets."""
