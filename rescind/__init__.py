"""The command line: where an operator's processes are put together out of all the other packages."""
