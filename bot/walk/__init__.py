"""The parts of the dialogue: the walk from node to node, and what is taken from the words. Pure."""
