"""What can be typed: one module for each subject of the command line."""
