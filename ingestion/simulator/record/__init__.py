"""What is told and what is kept: moments, text, lines, deliveries, truth, files."""
