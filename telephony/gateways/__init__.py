"""Calls through somebody's exchange: Asterisk, FreeSWITCH or Twilio places them, its media connection carries them."""
