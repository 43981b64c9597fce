/** What a subcommand of the cluster manager is, and how it finds the node that is named to it. */
import { ClusterManagerError } from '../errors.js';
import { parseNodeAddress, type NodeAddress } from '../node-table.js';
import type { ClusterSession } from '../session.js';

export interface Subcommand {
  readonly name: string;
  /** How many words it takes; negative: at least so many. */
  readonly arity: number;
  /** For `help`. */
  readonly synopsis: string;
  /** Its options without `--cluster-`, for `help`. */
  readonly options: readonly string[];
  /** Resolves to whether it succeeded: exit status 0 or 1. @throws ClusterManagerError, which is failure, too */
  run(session: ClusterSession, words: readonly string[]): Promise<boolean>;
}

/** For subcommands that may be given any node of the cluster. */
export const ANY_NODE = '<host:port> or <host> <port> - separated by either colon or space';

const INVALID_ADDRESS =
  '[ERR] Invalid arguments: you need to pass either a valid address (ie. 120.0.0.1:7000) or space separated IP and ' +
  'port (ie. 120.0.0.1 7000)';

/** Reads `host:port`, or host and port as two words. @throws ClusterManagerError when it is neither */
export function readAddress(words: readonly string[]): NodeAddress {
  const [first = '', second] = words;
  const address = parseNodeAddress(second === undefined ? first : `${first}:${second}`);
  if (address === null || address.host === '' || address.port === 0 || address.port > 65535)
    throw new ClusterManagerError(INVALID_ADDRESS, 'errors');
  return address;
}
