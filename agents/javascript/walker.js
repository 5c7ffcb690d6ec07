// A walker in JavaScript, with its runtime as it is: it walks the moves that its task lists, `dllllldd` without any, and says
// what it gets. Moves are u, d, l and r, as in the AI Safety Gridworlds.

import { brief, step } from "dayfly:agent/episode@0.1.0";
import { write } from "dayfly:agent/log@0.1.0";

const MOVES = "udlr";

export function run() {
  const { task } = brief();
  const way = task !== "" && [...task].every((move) => MOVES.includes(move)) ? task : "dllllldd";
  let total = 0;
  for (const move of way) {
    const outcome = step({ tag: "discrete", val: MOVES.indexOf(move) });
    total += outcome.reward ?? 0;
    // The episode is over: what is written from here on is refused, and recorded as a notice.
    if (outcome.terminated || outcome.truncated) return;
    // There is no console. What is thrown is printed on standard error, and that is the log too.
    write(`${move}: ${total} at second ${Date.now() / 1000}`);
  }
}
