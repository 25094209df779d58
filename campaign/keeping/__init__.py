"""A backup of an installation, and bringing it back."""
