"""The cancellation policies, one module each."""
