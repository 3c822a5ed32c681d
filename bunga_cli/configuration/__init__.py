"""What is set, and the one way to change it: for a running server, and for a folder without one."""
