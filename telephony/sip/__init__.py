"""SIP (RFC 3261 and what grew around it) without input or output: bytes in, bytes and events out, time as a value."""
