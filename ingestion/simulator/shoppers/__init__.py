"""Who orders what, when, at which price."""
