"""One conversation: scripts and dialogue (pure), recogniser, voice and pipeline (pipecat)."""
