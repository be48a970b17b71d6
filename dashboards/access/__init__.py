"""Who may see what: the list of readers, the login, and what names somebody."""
