"""A Verdict -> something to read: a card in a notebook, text in a terminal, a record in JSON."""
