"""The simulated telephone network: what demo, tests and benchmarks dial.

It runs as a process of its own (`python -m telephony.simulator`) and shares nothing with the bot but SIP and RTP.
"""

from telephony.simulator.cast import Cast, Client, Expected, load_cast
from telephony.simulator.errors import SheetError, SimulatorError

__all__ = ["Cast", "Client", "Expected", "SheetError", "SimulatorError", "load_cast"]
