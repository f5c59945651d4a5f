"""What happens after the answer: applying events, reviewing, cancelling, and the processes that do it.

Nothing here knows of Flask. ``jobs`` is RQ's way in, ``sweeper`` works without RQ.
"""
