"""Until the money is taken."""
