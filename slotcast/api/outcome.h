/*
 * What the store made of an operation, in the words of the interface.
 */
#ifndef SLOTCAST_API_OUTCOME_H
#define SLOTCAST_API_OUTCOME_H

#include "slotcast/api/op.h"

/* A refusal whose body lists alternatives: only the projector can write it. */
bool outcome_needs_board(const struct store_request *request);
/* Write the body of the answer, without the position, and return its status. Writer thread or projector; not for what
 * needs the board. */
int outcome_write(struct op *op, struct buf *out);
/* The same for refusals with alternatives. Projector thread. */
int outcome_write_with_alternatives(struct op *op, struct buf *out);
void outcome_count(const struct op *op);
void outcome_register_metrics(void);

#endif
