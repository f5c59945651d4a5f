"""How fast it is: each benchmark measures a part beside its ceiling or its usual alternative, in one run.

Absolute figures drift by half on a shared machine; only the ratios within one run count.
"""
