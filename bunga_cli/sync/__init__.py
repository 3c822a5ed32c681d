"""The sync core: pure values and one state machine. No I/O, no clock; time is an argument."""
