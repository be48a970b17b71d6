"""What the shop tells its customers, and they the shop."""
