"""The programs that Menshen is measured against: each does the same effect with the least that it needs."""
