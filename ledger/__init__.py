"""The book-keeping that the web and the workers share.

Every function works inside the caller's transaction, over ``core`` and ``store``.
Locks are always taken in one order: gates, campaigns, then recipients, then messages,
each sorted by name.
"""
