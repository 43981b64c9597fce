/**
 * The operating errors of the client side: what can go wrong besides a server answering with an error, which is
 * a {@link ReplyError} and a value. Callers match by `code`, never by text.
 */

/**
 * - `PROTOCOL`: the peer sent bytes that are no reply, or more than a reply may hold; the link is closed.
 * - `UNEXPECTED_REPLY`: the peer replied although nothing was asked, as a server does that refuses a connection.
 * - `CLOSED`: the connection was closed before the reply came, or could not be established.
 * - `TIMEOUT`: the deadline passed first.
 */
export type ClientErrorCode = 'PROTOCOL' | 'UNEXPECTED_REPLY' | 'CLOSED' | 'TIMEOUT';

export class ClientError extends Error {
  override readonly name = 'ClientError';

  constructor(
    readonly code: ClientErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
