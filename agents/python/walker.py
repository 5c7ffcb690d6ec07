"""A walker in Python, with its runtime as it is: it walks the moves that its task lists, `dllllldd` without any, and says what
it gets. Moves are u, d, l and r, as in the AI Safety Gridworlds."""

import time

import wit_world
from wit_world.imports import episode, types

MOVES = "udlr"


class WitWorld(wit_world.WitWorld):
    def run(self) -> None:
        task = episode.brief().task
        way = task if task and all(move in MOVES for move in task) else "dllllldd"
        total = 0.0
        for move in way:
            outcome = episode.step(types.Value_Discrete(MOVES.index(move)))
            total += outcome.reward or 0.0
            if outcome.terminated or outcome.truncated:
                # The episode is over: what is printed from here on is refused, and recorded as a notice.
                return
            print(f"{move}: {total:.0f} at second {time.time():.0f}")
