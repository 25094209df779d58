"""A worker at work: pace, queue, lease, health."""
