/** What every subcommand of the cluster manager works with. */
import type { Credentials } from '../../client/connection.js';
import type { Platform } from '../../platform/platform.js';
import type { Terminal } from '../../platform/terminal.js';
import type { ClusterOptions } from './command-line.js';
import { ClusterNode } from './node.js';
import type { NodeAddress } from './node-table.js';
import type { Questions } from './questions.js';
import type { Report } from './report.js';

export interface ClusterSession {
  readonly platform: Pick<Platform, 'network' | 'timers' | 'clock' | 'disk' | 'random'>;
  readonly terminal: Terminal;
  readonly report: Report;
  readonly questions: Questions;
  readonly options: ClusterOptions;
  /** The same for every node of the cluster. */
  readonly credentials: Credentials;
  /** Every node that was connected to; closed when the subcommand has ended. */
  readonly connected: ClusterNode[];
}

/** @throws NodeUnreachableError, or NodeReplyError when it refuses the password */
export async function connectNode(
  session: ClusterSession,
  address: NodeAddress,
  credentials = session.credentials,
): Promise<ClusterNode> {
  const node = await ClusterNode.connect(session.platform, address, credentials);
  session.connected.push(node);
  return node;
}

export function pause({ platform }: Pick<ClusterSession, 'platform'>, delayMs: number): Promise<void> {
  return new Promise((resolve) => platform.timers.after(delayMs, resolve));
}
