/** A node of the cluster: its connection, and what it said of itself when it was asked. */
import { formatAddress } from '../../client/address.js';
import { ClientConnection, type ClientPlatform, type Credentials } from '../../client/connection.js';
import { ReplyError, type Reply } from '../../client/reply.js';
import { systemErrorText } from '../../platform/system-errors.js';
import { toLowerAscii } from '../../resp/ascii.js';
import { ClusterManagerError, NodeReplyError, NodeUnreachableError } from './errors.js';
import { parseClusterNodes, type NodeAddress, type NodeEntry } from './node-table.js';
import { formatSlots, SlotSet } from './slot-set.js';

export class ClusterNode {
  id = '';
  flags: readonly string[] = [];
  /** Null for a master. */
  masterId: string | null = null;
  configEpoch = '0';
  slots = new SlotSet();
  migrating: ReadonlyMap<number, string> = new Map();
  importing: ReadonlyMap<number, string> = new Map();
  replicaCount = 0;
  /** Known to serve others while it runs a MIGRATE; see {@link ways}. */
  servesDuringMigrate = false;
  busPort: number;
  /** Further connections to the same node, see {@link ways}. */
  private readonly besides: ClusterNode[] = [];

  private constructor(
    readonly host: string,
    readonly port: number,
    busPort: number,
    private readonly connection: ClientConnection,
    private readonly connectAgain: () => Promise<ClusterNode>,
  ) {
    this.busPort = busPort;
  }

  /** @throws NodeUnreachableError, or NodeReplyError when it refuses the password */
  static async connect(
    platform: ClientPlatform,
    address: NodeAddress,
    credentials: Credentials,
  ): Promise<ClusterNode> {
    const { host, port, busPort } = address;
    const again = (): Promise<ClusterNode> => ClusterNode.connect(platform, address, credentials);
    try {
      const connection = await ClientConnection.connect(platform, {
        address: { host, port },
        ...credentials,
      });
      return new ClusterNode(host, port, busPort, connection, again);
    } catch (error) {
      if (error instanceof ReplyError) throw new NodeReplyError(`${host}:${port}`, error.message);
      throw new NodeUnreachableError(`${host}:${port}`, systemErrorText(error));
    }
  }

  /** `host:port`, as it is printed. */
  get address(): string {
    return `${this.host}:${this.port}`;
  }

  get isMaster(): boolean {
    return this.masterId === null;
  }

  /**
   * As many ways to move keys from this node side by side; what is asked on one of them is executed in order. A stock node
   * stands still for every MIGRATE, and several at a time would only be a longer wait for its clients: there all ways are
   * one. Ours serves everybody meanwhile, and has the next keys ready while the target takes the last ones in.
   */
  async ways(count: number): Promise<readonly ClusterNode[]> {
    this.servesDuringMigrate = (await this.info('vedette_version')) !== undefined;
    if (!this.servesDuringMigrate) return Array.from({ length: count }, () => this);
    while (this.besides.length < count - 1) {
      const beside = await this.connectAgain();
      beside.servesDuringMigrate = true;
      beside.id = this.id;
      beside.slots = this.slots;
      this.besides.push(beside);
    }
    return [this, ...this.besides.slice(0, count - 1)];
  }

  /**
   * Sends a command at once, behind what was sent before, and resolves with its reply.
   * @throws NodeReplyError when it is an error; NodeUnreachableError when the connection breaks
   */
  async call(...args: readonly string[]): Promise<Reply> {
    return this.required(await this.ask(...args));
  }

  /** As {@link call}, where an error is an answer like any other. */
  ask(...args: readonly string[]): Promise<Reply> {
    return this.send(args);
  }

  private required(reply: Reply): Reply {
    if (reply instanceof ReplyError) throw new NodeReplyError(this.address, reply.message);
    return reply;
  }

  /** @param timeoutMs without it a reply may take for ever, as MIGRATE may */
  private send(args: readonly string[], timeoutMs?: number): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const callback = (error: Error | null, reply: Reply): void => {
        if (error === null) resolve(reply);
        else reject(new NodeUnreachableError(this.address, systemErrorText(error)));
      };
      this.connection.ask(args, callback, timeoutMs);
    });
  }

  /** Its CLUSTER NODES. */
  async entries(): Promise<NodeEntry[]> {
    const entries = parseClusterNodes(
      String(this.required(await this.send(['CLUSTER', 'NODES'], STATE_TIMEOUT_MS))),
    );
    if (entries === null) throw new ClusterManagerError('Error: invalid CLUSTER NODES reply', 'errors');
    return entries;
  }

  /** Asks it for its state. @returns what it says of the other nodes */
  async load(): Promise<NodeEntry[]> {
    const entries = await this.entries();
    const own = entries.find(({ flags }) => flags.includes('myself'));
    if (own === undefined) throw new ClusterManagerError('Error: invalid CLUSTER NODES reply', 'errors');
    this.id = own.id;
    this.busPort = own.busPort;
    this.flags = own.flags;
    this.masterId = own.masterId;
    this.configEpoch = own.configEpoch;
    this.slots = own.slots;
    this.migrating = own.migrating;
    this.importing = own.importing;
    return entries.filter((entry) => entry !== own);
  }

  /** A field of INFO; undefined when there is none. */
  async info(field: string): Promise<string | undefined> {
    const text = String(this.required(await this.send(['INFO'], STATE_TIMEOUT_MS)));
    const line = text.split('\r\n').find((candidate) => candidate.startsWith(`${field}:`));
    return line?.slice(field.length + 1);
  }

  async keyCountInSlot(slot: number): Promise<number> {
    return Number(await this.call('CLUSTER', 'COUNTKEYSINSLOT', String(slot)));
  }

  /** Up to `limit` of its keys. */
  async keysInSlot(slot: number, limit: number): Promise<string[]> {
    const keys = await this.call('CLUSTER', 'GETKEYSINSLOT', String(slot), String(limit));
    return Array.isArray(keys) ? keys.filter((key) => typeof key === 'string') : [];
  }

  async setSlot(
    slot: number,
    state: 'IMPORTING' | 'MIGRATING' | 'NODE',
    { id }: Pick<ClusterNode, 'id'>,
  ): Promise<void> {
    await this.call('CLUSTER', 'SETSLOT', String(slot), state, id);
  }

  async closeSlot(slot: number): Promise<void> {
    await this.call('CLUSTER', 'SETSLOT', String(slot), 'STABLE');
  }

  /** Lets `other` be known to it, and the other way round. */
  async meet(other: NodeAddress): Promise<void> {
    const { host, port, busPort } = other;
    const isUsualBusPort = busPort === 0 || busPort === port + BUS_PORT_OFFSET;
    await this.call('CLUSTER', 'MEET', host, String(port), ...(isUsualBusPort ? [] : [String(busPort)]));
  }

  /** Several lines, each but the first indented by three more than `indent`. */
  describe(indent = 0): string {
    const spaces = ' '.repeat(indent);
    const flags = this.flags.filter((flag) => flag !== 'myself').join(',');
    const lines = [
      `${this.isMaster ? 'M' : 'S'}: ${this.id} ${this.address}`,
      `   slots:${formatSlots(this.slots)} (${this.slots.count} slots) ${flags}`,
    ];
    if (this.masterId !== null) lines.push(`   replicates ${this.masterId}`);
    else if (this.replicaCount > 0) lines.push(`   ${this.replicaCount} additional replica(s)`);
    return lines.map((line) => spaces + line).join('\n');
  }

  close(): void {
    for (const beside of this.besides) beside.close();
    this.connection.close();
  }
}

const BUS_PORT_OFFSET = 10_000;
/** A node that does not tell how it is for so long is frozen, or as good as gone. */
const STATE_TIMEOUT_MS = 10_000;

/** Ids are lower-case hexadecimal; people may paste them otherwise. */
export function sameId(id: string, wanted: string): boolean {
  return id === toLowerAscii(wanted);
}

/** Where a node is reached, for CLUSTER MEET, which takes no host names. */
export function resolveAddress(
  network: ClientPlatform['network'],
  node: Pick<ClusterNode, 'host' | 'port' | 'busPort'>,
): Promise<NodeAddress> {
  return new Promise((resolve, reject) => {
    network.resolve(node.host, (error, host) => {
      if (error === null) resolve({ host, port: node.port, busPort: node.busPort });
      else
        reject(
          new ClusterManagerError(
            `Invalid IP address or hostname specified: ${formatAddress(node)}`,
            'errors',
          ),
        );
    });
  });
}
