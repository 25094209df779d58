"""One call: begun, carried, settled, recovered."""
