/*
 * Operator tokens: 256 random bits, shown once. The database keeps only their SHA-256: with that many bits a slow hash
 * would protect nothing more, and a copy of the database lets nobody in.
 */
#include "slotcast/main/admin_token.h"

#include <sodium.h>
#include <stdio.h>

#include "rowcast/io/clock.h"
#include "slotcast/model/model.h"

#define LOCK_WAIT_US 10000000
#define TOKEN_BYTES  32

static int insert(struct rc_tx *tx, void *arg)
{
	struct operator_token row = {.token_hash = rc_str_from(arg), .created_at = clock_wall_us()};

	return operator_token_insert(tx, &row);
}

int admin_token_command(const char *url)
{
	const struct rc_db_options options = {.access = RC_WRITE, .busy_timeout_us = LOCK_WAIT_US, .create = true};
	unsigned char secret[TOKEN_BYTES], hash[crypto_hash_sha256_BYTES];
	char token[sodium_base64_ENCODED_LEN(TOKEN_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING)];
	char hash_text[2 * sizeof(hash) + 1];
	struct rc_fault fault = {0};
	struct rc_db *db = NULL;
	uint32_t applied;
	int err;

	randombytes_buf(secret, sizeof(secret));
	sodium_bin2base64(token, sizeof(token), secret, sizeof(secret), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	crypto_hash_sha256(hash, (const unsigned char *)token, strlen(token));
	sodium_bin2hex(hash_text, sizeof(hash_text), hash, sizeof(hash));
	err = rc_db_open(&db, url, &slotcast_schema, &options, &fault);
	if (!err)
		err = rc_migrate_up(db, &applied, &fault);
	if (!err) {
		err = rc_run(db, &(struct rc_run_options){.access = RC_WRITE, .deadline_us = LOCK_WAIT_US}, insert,
			     hash_text);
		if (err)
			fault = *rc_db_fault(db);
	}
	if (err)
		fprintf(stderr, "slotcast admin-token: %s\n", fault.message);
	else
		puts(token);
	rc_db_close(db);
	sodium_memzero(secret, sizeof(secret));
	sodium_memzero(token, sizeof(token));
	return err ? 1 : 0;
}
