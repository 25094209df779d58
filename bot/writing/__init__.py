"""What becomes of script files: read, checked, phrased, drawn. Pure."""
