"""What outlives a process: SQL tables and queries, and the RQ doorbell.

Every function takes an open connection and plain values; tables never leave this package.
"""
