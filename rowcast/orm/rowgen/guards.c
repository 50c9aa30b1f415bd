/*
 * Guards: rules that an engine cannot declare, written for each engine by hand. All of them raise "name: why", and the
 * names join the enum of constraints; so the three files are held to one list of names.
 */
#include "rowcast/orm/rowgen/rowgen.h"

/* What stands before the name in each engine's words. */
static const char *const raises[RC_DIALECTS] = {
	[RC_SQLITE] = "RAISE(ABORT, '",
	[RC_POSTGRES] = "MESSAGE = '",
	[RC_MARIADB] = "MESSAGE_TEXT = '",
};

/* PostgreSQL tells programs the name apart from the message: both must be the same. */
static void constraint_check(const struct source *guards, const char *at, const char *name)
{
	const char *said = rc_arena_printf(guards->arena, "CONSTRAINT = '%s', ", name);
	size_t len = strlen(said) + strlen(raises[RC_POSTGRES]);

	if ((size_t)(at - guards->text) < len || strncmp(at - len, said, strlen(said)) != 0)
		fail(guards, (size_t)(at - guards->text), "CONSTRAINT = '%s', stands before this message", name);
}

void schema_add_guards(struct schema *schema, const struct source *guards, enum rc_dialect dialect)
{
	const char *at = guards->text;
	uint32_t room = GUARDS_MAX;

	while ((at = strstr(at, raises[dialect]))) {
		const char *colon = strchr(at += strlen(raises[dialect]), ':');
		struct rc_str name = {at, colon ? (size_t)(colon - at) : 0};
		const char *copy;

		for (size_t i = 0; i < name.len; i++)
			if (!(name.ptr[i] == '_' || (name.ptr[i] >= 'a' && name.ptr[i] <= 'z')))
				name.len = 0;
		if (!name.len || !room--)
			fail(guards, (size_t)(at - guards->text),
			     "a guard's message begins with \"its_name: \", and there are at most %d of them",
			     GUARDS_MAX);
		copy = rc_arena_copy(guards->arena, name).ptr;
		if (dialect == RC_POSTGRES)
			constraint_check(guards, at, copy);
		if (schema_rule_known(schema, copy))
			continue;
		if (dialect != RC_SQLITE)
			fail(guards, (size_t)(at - guards->text), "SQLite's guards have no rule %s", copy);
		schema->rules[schema->rule_count++] = (struct rule){copy, "", "", "RC_GUARD"};
	}
}
