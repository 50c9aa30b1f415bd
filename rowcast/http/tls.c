/*
 * TLS as a filter between connection and socket: OpenSSL 3, non-blocking, TLS 1.2 and 1.3.
 *
 * Partial writes and moving buffers are allowed, because what is not taken moves into the connection's own buffer.
 * Buffers of idle connections are given back (SSL_MODE_RELEASE_BUFFERS). Renegotiation is off.
 */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include "rowcast/base/check.h"
#include "rowcast/http/conn.h"

static int ssl_fault(struct rc_fault *fault, const char *what, const char *path)
{
	char reason[200];

	ERR_error_string_n(ERR_get_error(), reason, sizeof(reason));
	ERR_clear_error();
	return rc_fault_set(fault, RC_INVALID, "%s %s: %s", what, path, reason);
}

/* HTTP/1.1 is all we speak; a client that offers other protocols only goes on without one (RFC 7301 §3.2 lets us). */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
			   unsigned int in_len, void *arg)
{
	static const unsigned char ours[] = "\x08http/1.1";
	unsigned char *chosen;

	if (SSL_select_next_proto(&chosen, out_len, ours, sizeof(ours) - 1, in, in_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_NOACK;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

int http_tls_create(struct ssl_ctx_st **out, const char *cert_path, const char *key_path, struct rc_fault *fault)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
	int err = 0;

	rc_check(tls);
	SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
	SSL_CTX_set_options(tls, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
					 SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				      SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_alpn_select_cb(tls, choose_protocol, NULL);
	if (SSL_CTX_use_certificate_chain_file(tls, cert_path) != 1)
		err = ssl_fault(fault, "cannot use the certificate", cert_path);
	else if (SSL_CTX_use_PrivateKey_file(tls, key_path, SSL_FILETYPE_PEM) != 1)
		err = ssl_fault(fault, "cannot use the private key", key_path);
	else if (SSL_CTX_check_private_key(tls) != 1)
		err = ssl_fault(fault, "the certificate does not belong to the private key", key_path);
	if (err) {
		SSL_CTX_free(tls);
		tls = NULL;
	}
	*out = tls;
	return err;
}

void http_tls_destroy(struct ssl_ctx_st *tls)
{
	SSL_CTX_free(tls);
}

void tls_accept(struct http_conn *conn)
{
	SSL *tls = SSL_new(conn_server(conn)->tls);

	rc_check(tls && SSL_set_fd(tls, conn->watch.fd) == 1);
	SSL_set_accept_state(tls);
	conn_extra(conn)->tls = tls;
}

/* What an operation came to: bytes, or what it waits for; every other way is the end of the connection. */
static int tls_outcome(struct http_conn *conn, int result)
{
	int why = result > 0 ? SSL_ERROR_NONE : SSL_get_error(conn->extra->tls, result);

	ERR_clear_error();
	conn->tls_wants_write = why == SSL_ERROR_WANT_WRITE;
	if (why == SSL_ERROR_NONE)
		return result;
	if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
		return RC_AGAIN;
	return why == SSL_ERROR_ZERO_RETURN ? RC_CLOSED : RC_IO;
}

int tls_step(struct http_conn *conn)
{
	int result;

	ERR_clear_error();
	result = tls_outcome(conn, SSL_do_handshake(conn->extra->tls));
	return result < 0 ? result : 0;
}

int64_t tls_recv(struct http_conn *conn, void *bytes, size_t room)
{
	ERR_clear_error();
	return tls_outcome(conn, SSL_read(conn->extra->tls, bytes, (int)room));
}

int64_t tls_send(struct http_conn *conn, struct iovec *parts, int count)
{
	struct buf *gather = &conn_server(conn)->gather;
	const char *bytes = parts[0].iov_base;
	size_t len = parts[0].iov_len;
	int sent;

	if (count > 1) { /* one record for head and body, as far as they go together */
		buf_clear(gather);
		for (int i = 0; i < count && gather->len < TLS_RECORD_BYTES; i++) {
			size_t take = parts[i].iov_len;

			if (take > TLS_RECORD_BYTES - gather->len)
				take = TLS_RECORD_BYTES - gather->len;
			buf_append(gather, parts[i].iov_base, take);
		}
		bytes = gather->data;
		len = gather->len;
	}
	ERR_clear_error();
	sent = SSL_write(conn->extra->tls, bytes, (int)(len < TLS_RECORD_BYTES ? len : TLS_RECORD_BYTES));
	return tls_outcome(conn, sent);
}

bool tls_pending(const struct http_conn *conn)
{
	return conn_tls(conn) && SSL_has_pending(conn_tls(conn));
}

void tls_shut(struct http_conn *conn)
{
	if (conn_tls(conn) && conn->state != CONN_HANDSHAKE) {
		ERR_clear_error();
		SSL_shutdown(conn->extra->tls);
		ERR_clear_error();
	}
}

void tls_free(struct http_conn *conn)
{
	SSL_free(conn->extra->tls);
	conn->extra->tls = NULL;
}
