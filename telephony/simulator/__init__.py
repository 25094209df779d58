"""A simulated telephone network: clients who listen and speak, lines that ring, announce or fail."""
