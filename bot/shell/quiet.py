"""Silences pipecat's own log, which holds spoken texts and transcripts; import it before pipecat.

Errors are not lost: they travel through the pipeline as frames and end the conversation with an exception.
"""

from loguru import logger

logger.disable("pipecat")
