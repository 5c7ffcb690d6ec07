"""A keeper of notes in Python, with its runtime as it is: it writes down each step in its workspace, and learns how many there were.
Nothing that it does is a violation: what its runtime asks by itself is a notice, and so are the notes that its last step takes it
from."""

import asyncio

import wit_world
from wit_world.imports import episode, types, workspace


class WitWorld(wit_world.WitWorld):
    def run(self) -> None:
        try:
            asyncio.new_event_loop()
        except OSError:
            # An event loop wakes itself by a pair of sockets, and there are none.
            pass
        episode.brief()
        while True:
            # One dot a step.
            workspace.append("notes", b".")
            outcome = episode.step(types.Value_Discrete(len(workspace.read("notes")) % 2))
            # From here on nothing can be taken away.
            if outcome.terminated or outcome.truncated:
                return


class Learning:
    def learn(self, experience, carry_over: bytes) -> bytes:
        return bytes([len(experience.transitions)])
