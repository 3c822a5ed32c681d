"""What one server process does: sockets, rooms and their timers."""
