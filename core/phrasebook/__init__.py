"""How people refuse further messages: a book for each language, read by ``core.wording``."""
