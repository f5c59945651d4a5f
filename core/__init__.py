"""The domain, pure: what events mean, how state merges, what the policies say.

No I/O and no clock in here: what is known comes in, ``now`` included, and values come out.
"""
