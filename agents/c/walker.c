// Walks the moves that its task lists, and prints what it gets: in C, with the C library as it is.
//
// Moves are u, d, l and r, as in the AI Safety Gridworlds; without any it walks `dllllldd`.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent.h"

static const char MOVES[] = "udlr";

void exports_agent_run(void) {
    dayfly_agent_episode_briefing_t brief;
    dayfly_agent_episode_refusal_t refusal;
    if (!dayfly_agent_episode_brief(&brief, &refusal)) {
        fprintf(stderr, "no brief\n");
        exit(EXIT_FAILURE);
    }
    char way[256] = "dllllldd";
    if (brief.task.len > 0 && brief.task.len < sizeof way && memchr(MOVES, brief.task.ptr[0], strlen(MOVES))) {
        memcpy(way, brief.task.ptr, brief.task.len);
        way[brief.task.len] = '\0';
    }
    double total = 0;
    for (const char *move = way; *move != '\0'; move++) {
        const char *known = strchr(MOVES, *move);
        if (known == NULL) continue;
        dayfly_agent_types_value_t action = {.tag = DAYFLY_AGENT_TYPES_VALUE_DISCRETE, .val.discrete = (uint64_t)(known - MOVES)};
        dayfly_agent_episode_outcome_t outcome;
        if (!dayfly_agent_episode_step(&action, &outcome, &refusal)) {
            printf("refused at second %lld\n", (long long)time(NULL));
            return;
        }
        if (outcome.reward.is_some) total += outcome.reward.val;
        if (outcome.terminated || outcome.truncated) {
            // The episode is over: what is printed from here on is refused, and recorded as a notice.
            return;
        }
        printf("%c: %.0f at second %lld\n", *move, total, (long long)time(NULL));
        fflush(stdout);
    }
}
