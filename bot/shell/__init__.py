"""The pipecat shell: ears, voice and turns of one conversation on a line."""
