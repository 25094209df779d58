"""Files and rows that come in: read as a stream, checked as a whole, taken all or not at all."""
