/**
 * The start of a cluster node: what nodes.conf says of it, or a new identity when there is none.
 *
 * Before anything else is composed: the role in the cluster decides how the dataset is loaded.
 */
import type { ServerConfig } from '../../config/server-config.js';
import type { Logger } from '../../log/logger.js';
import type { Platform } from '../../platform/platform.js';
import { systemErrorText } from '../../platform/system-errors.js';
import { textFromBytes } from '../../resp/ascii.js';
import { toNodeId } from '../../failover/identity.js';
import { ClusterNode } from '../view/node.js';
import { ClusterView } from '../view/cluster-view.js';
import { BUS_PORT_OFFSET, CorruptNodesFile, formatNodesFile, parseNodesFile } from './codec.js';

const ID_LENGTH = 40;
const FILE_MODE = 0o644;
const LAST_PORT = 65_535;

/** The node cannot start; the message is for the log. */
export class ClusterStartError extends Error {}

/** What a node begins with. */
export interface OpenedNodes {
  readonly view: ClusterView;
  readonly path: string;
  /** There was no file: this node has never been part of a cluster. */
  readonly isNew: boolean;
}

/** @throws {ClusterStartError} */
export function openNodes(platform: Platform, config: ServerConfig, log: Logger): OpenedNodes {
  const { values } = config;
  checkPort(config);
  const path = platform.disk.absolutePath(textFromBytes(values['cluster-config-file']));
  const text = readIfThere(platform, path);
  const view = text === '' ? newNode(platform, log) : readNodes(platform, text);
  takeAddress(view.myself, config);
  if (text === '') {
    try {
      platform.disk.replaceFileSync(path, Buffer.from(formatNodesFile(view), 'latin1'), FILE_MODE);
    } catch (error) {
      throw new ClusterStartError(`Fatal: can't update cluster config file. (${systemErrorText(error)})`);
    }
  } else log.notice(`Node configuration loaded, I'm ${view.myself.id}`);
  return { view, path, isNew: text === '' };
}

function checkPort({ values }: ServerConfig): void {
  if (values['cluster-port'] !== 0 || values.port + BUS_PORT_OFFSET <= LAST_PORT) return;
  throw new ClusterStartError(
    'Redis port number too high. Cluster communication port is 10,000 port numbers higher than your Redis port. ' +
      'Your Redis port number must be 55535 or less.',
  );
}

function readIfThere({ disk }: Platform, path: string): string {
  if (disk.statusSync(path) === null) return '';
  try {
    return disk.readFileSync(path).latin1Slice();
  } catch (error) {
    throw new ClusterStartError(`Loading the cluster node config from ${path}: ${systemErrorText(error)}`);
  }
}

function readNodes({ clock, random }: Platform, text: string): ClusterView {
  try {
    return parseNodesFile(text, {
      nowMs: Math.floor(clock.nowMs()),
      newShardId: () => random.hex(ID_LENGTH),
    });
  } catch (error) {
    if (error instanceof CorruptNodesFile) throw new ClusterStartError(error.message);
    throw error;
  }
}

function newNode({ clock, random }: Platform, log: Logger): ClusterView {
  const id = toNodeId(random.hex(ID_LENGTH));
  log.notice(`No cluster configuration found, I'm ${id}`);
  const identity = { id, shardId: random.hex(ID_LENGTH), host: '', port: 0, busPort: 0 };
  return new ClusterView(new ClusterNode(identity, Math.floor(clock.nowMs())));
}

/** The bus port that this node listens on. */
export function busPortOf({ values }: ServerConfig): number {
  return values['cluster-port'] === 0 ? values.port + BUS_PORT_OFFSET : values['cluster-port'];
}

/** What this node tells others of itself, as it is configured now. */
export function takeAddress(myself: ClusterNode, config: ServerConfig): void {
  const { values } = config;
  if (values['cluster-announce-ip'] !== '') myself.host = values['cluster-announce-ip'];
  myself.port = values['cluster-announce-port'] === 0 ? values.port : values['cluster-announce-port'];
  myself.secondaryPort = values['cluster-announce-tls-port'];
  myself.busPort =
    values['cluster-announce-bus-port'] === 0 ? busPortOf(config) : values['cluster-announce-bus-port'];
  myself.hostname = values['cluster-announce-hostname'];
  myself.humanName = values['cluster-announce-human-nodename'];
  myself.neverFailsOver = values['cluster-replica-no-failover'];
}
