"""Documents and figures of the annexes."""
