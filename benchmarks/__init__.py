"""What performance claims are measured with: `python -m benchmarks NAME [--json]`."""
