"""What an inspector is shown of a call besides its record."""
