"""What crosses a boundary is read here: Telnyx's events and answers, ``policies.toml``, the environment.

Nothing in here decides or stores anything.
"""
