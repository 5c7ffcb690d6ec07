// A keeper of notes in JavaScript, with its runtime as it is: it writes down each step in its workspace, and learns how many there were.
// Nothing that it does is a violation: what its runtime asks by itself is a notice, and so are the notes that its last step takes it from.

import { brief, step } from "dayfly:agent/episode@0.1.0";
import { append, read } from "dayfly:agent/workspace@0.1.0";

export function run() {
  brief();
  for (;;) {
    // One dot a step.
    append("notes", new Uint8Array([46]));
    const outcome = step({ tag: "discrete", val: read("notes").length % 2 });
    // From here on nothing can be taken away.
    if (outcome.terminated || outcome.truncated) return;
  }
}

export const learning = {
  learn({ transitions }) {
    return new Uint8Array([transitions.length]);
  },
};
