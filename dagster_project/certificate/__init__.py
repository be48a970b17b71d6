"""The daily reconciliation certificate: what a published version's books prove."""
