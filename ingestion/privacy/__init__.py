"""What a person may ask of the warehouse: to be told, and to be forgotten."""
