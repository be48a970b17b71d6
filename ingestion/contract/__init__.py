"""What an event is: the catalogue and its strict reader; nothing that judges a line."""
