/** One command on a connection, with its outcome in words. */
import { formatAddress } from '../../client/address.js';
import type { ClientConnection } from '../../client/connection.js';
import { ClientError } from '../../client/errors.js';
import { ReplyError, type Reply } from '../../client/reply.js';
import type { Answer } from './workload.js';

/** What a service of ours waits for at most, before it gives a connection up. */
export const COMMAND_TIMEOUT_MS = 500;

/** @param callback also gets the reply itself; null where there is none */
export function askOn(
  connection: ClientConnection,
  args: readonly string[],
  callback: (answer: Answer, reply: Reply) => void,
): void {
  connection.ask(
    args,
    (error, value) => {
      if (error !== null) callback({ kind: 'error', error: codeOf(error) }, null);
      else if (value instanceof ReplyError) callback({ kind: 'error', error: value.code }, value);
      else callback({ kind: 'reply', server: formatAddress(connection.address), value }, value);
    },
    COMMAND_TIMEOUT_MS,
  );
}

/** A short name of what went wrong. */
function codeOf(error: Error): string {
  if (error instanceof ClientError) return error.code;
  const { code } = error as NodeJS.ErrnoException;
  return code ?? error.name;
}
