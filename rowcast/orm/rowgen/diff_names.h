/* The old schema with the names of the new one (diff.h: middle). */
#ifndef ROWCAST_ORM_ROWGEN_DIFF_NAMES_H
#define ROWCAST_ORM_ROWGEN_DIFF_NAMES_H

#include "rowcast/orm/rowgen/diff.h"

struct names_map {
	const struct schema *from, *to;
};

const struct source *diff_renamed(const struct schema *from, const struct schema *to);

#endif
