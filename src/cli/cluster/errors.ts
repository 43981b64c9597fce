/** Why a subcommand of the cluster manager gives up. All of them end it with exit status 1. */

/** Where redis-cli puts the text; scripts look for it there. */
export type ErrorStream = 'output' | 'errors';

/** Shown to the person as it is. */
export class ClusterManagerError extends Error {
  override readonly name: string = 'ClusterManagerError';

  constructor(
    message: string,
    readonly stream: ErrorStream = 'output',
  ) {
    super(message);
  }
}

/** A node answered a command with an error. */
export class NodeReplyError extends ClusterManagerError {
  override readonly name = 'NodeReplyError';

  /** @param reply the error as the node sent it, code included */
  constructor(
    address: string,
    readonly reply: string,
  ) {
    super(`Node ${address} replied with error:\n${reply}`);
  }
}

/** A node cannot be reached, or the connection to it broke. */
export class NodeUnreachableError extends ClusterManagerError {
  override readonly name = 'NodeUnreachableError';

  constructor(address: string, reason: string) {
    super(`Could not connect to Redis at ${address}: ${reason}`, 'errors');
  }
}

/** The input ended where an answer was needed. */
export class InputEnded extends ClusterManagerError {
  override readonly name = 'InputEnded';

  constructor() {
    super('\n*** The input ended without an answer: nothing was done.');
  }
}

/** Said already, on the way. */
export class GaveUp extends ClusterManagerError {
  override readonly name = 'GaveUp';

  constructor() {
    super('');
  }
}
