"""Gather what is known of scheduled messages, for policies to judge by: one module for each kind of fact."""
