"""The small recognition model of the demo and the tests, and the scripts that make it (README.md)."""
