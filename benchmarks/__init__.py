"""What performance claims are measured with."""
