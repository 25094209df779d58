"""The call passes to a person: one who is fetched for the client, or who steps in of their own accord."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bot.agents import Agents, Joined, NoAgents, NotJoined, StepsIn
from bot.moves import AgentJoined, TransferFailed
from bot.shell.floor import Floor
from rules.outcomes import Risk

Joining = AgentJoined | TransferFailed


class HandingOver:
    """Waits for persons; `post` is given what came of it, `seconds` bound the search for one."""

    def __init__(self, floor: Floor, agents: Agents | None, seconds: float, post: Callable[[Joining], None]) -> None:
        self._floor = floor
        self._agents = agents or NoAgents()
        self._seconds = seconds
        self._post = post

    @property
    def others_step_in(self) -> bool:
        """Whether somebody may take the client over unasked."""
        return isinstance(self._agents, StepsIn)

    async def fetch(self, reason: Risk) -> None:
        """Find somebody to talk with the client."""
        try:
            async with asyncio.timeout(self._seconds):
                answer = await self._agents.fetch(reason)
        except TimeoutError:
            answer = NotJoined("timed_out")
        except Exception as error:
            self._floor.fail(error)
            return
        self._floor.fetching, at_ms = False, self._floor.clock.now_ms
        if isinstance(answer, Joined):
            self._floor.handed_over = True
            self._post(AgentJoined(answer.agent, at_ms))
        else:
            self._post(TransferFailed(answer.reason, at_ms))

    async def step_aside(self, stop_waiting: Callable[[], None]) -> None:
        """Leave the call to somebody who takes the client over of their own accord."""
        if isinstance(self._agents, StepsIn):
            joined = await self._agents.stepped_in()
            stop_waiting()
            self._floor.handed_over = True
            self._post(AgentJoined(joined.agent, self._floor.clock.now_ms))
