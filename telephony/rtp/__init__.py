"""Audio over RTP (RFC 3550) without input or output: packets, reports, telephone events, what arrives put in order."""
