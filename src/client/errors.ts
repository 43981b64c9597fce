/**
 * The operating errors of the client side: what can go wrong besides a server answering with an error, which is
 * a {@link ReplyError} and a value. Callers match by `code`, never by text.
 */

/**
 * - `PROTOCOL`: the peer sent bytes that are no reply, or more than a reply may hold; the link is closed.
 * - `UNEXPECTED_REPLY`: the peer replied although nothing was asked, as a server does that refuses a connection.
 * - `CLOSED`: the connection was closed before the reply came, or could not be established.
 * - `TIMEOUT`: the deadline passed first.
 *
 * While a master is looked for, by sentinels or by the nodes of a cluster:
 * - `UNKNOWN_MASTER`: the sentinel monitors no master of that name.
 * - `BAD_ANSWER`: the answer is not what a sentinel, or a node, says.
 * - `OLD_EPOCH`: the sentinel's configuration is older than one already seen.
 * - `NOT_MASTER`: the server that the sentinel named does not say that it is a master.
 * - `SUPERSEDED`: there is a newer master, so this one must not be used any more.
 * - `NO_MASTER`: nobody named a master that could be verified.
 */
export type ClientErrorCode =
  | 'PROTOCOL'
  | 'UNEXPECTED_REPLY'
  | 'CLOSED'
  | 'TIMEOUT'
  | 'UNKNOWN_MASTER'
  | 'BAD_ANSWER'
  | 'OLD_EPOCH'
  | 'NOT_MASTER'
  | 'SUPERSEDED'
  | 'NO_MASTER';

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

/** For whoever still waits when a discovery ends. */
export function stoppedError(): ClientError {
  return new ClientError('CLOSED', 'Discovery was stopped');
}
