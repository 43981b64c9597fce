/**
 * Which requests this node serves, and where it sends the others: MOVED, ASK, TRYAGAIN, CROSSSLOT, CLUSTERDOWN.
 *
 * The order of the rules is that of Redis; clients and tools rely on which error comes first.
 * This stands on the way of every request, so the usual one (one key, in a slot that is ours and stays) costs a
 * checksum and a look-up.
 */
import { keySlot } from '../../keyspace/key-slot.js';
import type { Client } from '../../server/client.js';
import type { Command } from '../../server/command.js';
import { GateRank, type Gate } from '../../server/gates.js';
import type { Server } from '../../server/server.js';
import type { ScriptSlots, SlotRules } from '../../server/slot-rules.js';
import { redirectionHost } from '../endpoint.js';
import type { ClusterView } from '../view/cluster-view.js';
import type { ClusterNode } from '../view/node.js';
import type { Slot } from '../view/slots.js';
import { eachRoutingKey, isShardPubSub, routingKeysOf, type RoutingKeys } from './routing-keys.js';
import { SlotInquiry } from './slot-inquiry.js';

export const CLUSTER_DOWN = 'CLUSTERDOWN The cluster is down';
const CLUSTER_READ_ONLY = 'CLUSTERDOWN The cluster is down and only accepts read commands';
export const SLOT_NOT_SERVED = 'CLUSTERDOWN Hash slot not served';
const CROSS_SLOT = "CROSSSLOT Keys in request don't hash to the same slot";
const TRY_AGAIN = 'TRYAGAIN Multiple keys request during rehashing of slot';

/**
 * Whether this node serves the keys of a command, and if not, why.
 *
 * - `here`: yes. `slot`: of its keys; null: it has none.
 * - `down`, `read-only`: the cluster is down, for everything or for writes.
 * - `unserved`: nobody has the slot.
 * - `cross-slot`: the keys are in several slots.
 * - `unstable`: some of the keys have left, or are yet to come.
 * - `elsewhere`: another node has them; the text says which.
 */
type Verdict =
  | { readonly kind: 'here'; readonly slot: Slot | null }
  | {
      readonly kind: 'down' | 'read-only' | 'unserved' | 'cross-slot' | 'unstable' | 'elsewhere';
      /** The error that a client is answered with. */
      readonly text: string;
    };

/** What scripts are told; the place in the script is added by who runs it. */
const SEVERAL_SLOTS_IN_SCRIPT = 'ERR Script attempted to access keys that do not hash to the same slot';
const SCRIPT_ERRORS: Readonly<Record<Exclude<Verdict['kind'], 'here'>, string>> = {
  down: 'ERR Script attempted to execute a command while the cluster is down',
  'read-only': 'ERR Script attempted to execute a write command while the cluster is down and readonly',
  'cross-slot': SEVERAL_SLOTS_IN_SCRIPT,
  unserved: 'ERR Script attempted to access a non local key in a cluster node',
  unstable: 'ERR Script attempted to access a non local key in a cluster node',
  elsewhere: 'ERR Script attempted to access a non local key in a cluster node',
};

/** What counts about a request besides its keys. */
interface RequestNature {
  readonly writes: boolean;
  readonly isShardPubSub: boolean;
  readonly isMigrate: boolean;
  readonly isAsking: boolean;
}

export class Redirections implements Gate, SlotRules {
  readonly rank = GateRank.Cluster;
  /** By the ids of commands. */
  private readonly routing: (RoutingKeys | undefined)[] = [];
  private readonly inquiry: SlotInquiry;

  constructor(
    private readonly server: Server,
    private readonly view: ClusterView,
  ) {
    const [database] = server.keyspace.databases;
    this.inquiry = new SlotInquiry(view, (key) => {
      const entry = database.entries.get(key);
      return entry !== undefined && !database.isExpired(entry);
    });
  }

  refusal(client: Client, command: Command, args: readonly string[]): string | null {
    if (client.isAsking) this.followAsking(client, command, args);
    if (command.name === 'exec') return this.refusalForTransaction(client);
    const routing = this.routingOf(command);
    if (routing.kind === 'none') return null;
    if (routing.kind === 'range' && routing.first === routing.last && this.isPlainlyHere(args[routing.first]))
      return null;
    const verdict = this.judge(client, command, args);
    return verdict.kind === 'here' ? null : verdict.text;
  }

  scriptRefusal(
    caller: Client,
    command: Command,
    args: readonly string[],
    script: ScriptSlots,
  ): string | null {
    if (caller.isTrusted) return null;
    const verdict = this.judge(caller, command, args);
    if (verdict.kind !== 'here') return SCRIPT_ERRORS[verdict.kind];
    if (verdict.slot === null || script.allowsCrossSlotKeys) return null;
    const { slot } = verdict;
    if (script.slot === -1) script.slot = this.declaredSlot(caller) ?? slot;
    return script.slot === slot ? null : SEVERAL_SLOTS_IN_SCRIPT;
  }

  /** The slot of the keys that the script was called with; null: it was called with none. */
  private declaredSlot({ command, args }: Client): Slot | null {
    if (command === null) return null;
    this.inquiry.begin();
    this.inquire(command, args);
    return this.inquiry.slot;
  }

  private judge(client: Client, command: Command, args: readonly string[]): Verdict {
    const { inquiry } = this;
    inquiry.begin();
    this.inquire(command, args);
    return this.verdict(client, natureOf(client, command));
  }

  /** The error that sends a client to the owner of a slot. */
  movedText(slot: Slot, owner: ClusterNode): string {
    return `MOVED ${slot} ${this.endpointOf(owner)}`;
  }

  /**
   * ASKING holds for one command, or for one transaction when that command is MULTI. A command that was put off (a pause
   * of writes) comes here twice and is still the same one.
   */
  private followAsking(client: Client, command: Command, args: readonly string[]): void {
    if (command.name === 'asking' || client.transaction !== null) return;
    if (client.askingFor === null) client.askingFor = args;
    else if (client.askingFor !== args) client.isAsking = false;
  }

  /** EXEC is sent where all that was queued is sent; the transaction is over then. */
  private refusalForTransaction(client: Client): string | null {
    const { transaction } = client;
    if (transaction === null) return null;
    const { inquiry } = this;
    inquiry.begin();
    for (const { command, args } of transaction.queue) {
      if (!this.inquire(command, args)) break;
    }
    const verdict = this.verdict(client, {
      writes: transaction.queue.some(({ command }) => command.isWrite),
      isShardPubSub: false,
      isMigrate: false,
      isAsking: client.isAsking,
    });
    if (verdict.kind === 'here') return null;
    this.server.discardTransaction(client);
    return verdict.text;
  }

  private isPlainlyHere(key: string): boolean {
    const { view } = this;
    if (!view.isServing) return false;
    const slot = keySlot(key) as Slot;
    if (view.ownerOf(slot) !== view.myself) return false;
    return view.migratingTo.size === 0 || !view.migratingTo.has(slot);
  }

  private routingOf(command: Command): RoutingKeys {
    return (this.routing[command.id] ??= routingKeysOf(command));
  }

  /** Takes the keys of a command in; false when no further one can change the outcome. */
  private inquire(command: Command, args: readonly string[]): boolean {
    const { inquiry } = this;
    // MIGRATE is served on a slot that moves whichever of its keys are here.
    const take = isShardPubSub(command) || isMigrate(command) ? inquiry.takeName : inquiry.takeKey;
    eachRoutingKey(this.routingOf(command), command, args, take);
    return !inquiry.isCrossSlot && (inquiry.slot === null || inquiry.owner !== null);
  }

  private verdict(client: Client, nature: RequestNature): Verdict {
    const { inquiry, view, server } = this;
    const { slot, owner, isMigrating, isImporting, missingKeys } = inquiry;
    const { values } = server.config;
    if (slot === null) return { kind: 'here', slot };
    if (owner === null) return { kind: 'unserved', text: SLOT_NOT_SERVED };
    if (inquiry.isCrossSlot) return { kind: 'cross-slot', text: CROSS_SLOT };
    if (!view.isServing) {
      const mayGoOn = nature.isShardPubSub
        ? values['cluster-allow-pubsubshard-when-down']
        : values['cluster-allow-reads-when-down'];
      if (!mayGoOn) return { kind: 'down', text: CLUSTER_DOWN };
      if (nature.writes) return { kind: 'read-only', text: CLUSTER_READ_ONLY };
    }
    if (nature.isMigrate && (isMigrating || isImporting)) return { kind: 'here', slot };
    if (isMigrating && missingKeys > 0) {
      if (inquiry.existingKeys > 0) return { kind: 'unstable', text: TRY_AGAIN };
      const target = view.migratingTo.get(slot) ?? owner;
      return { kind: 'elsewhere', text: `ASK ${slot} ${this.endpointOf(target)}` };
    }
    if (isImporting && nature.isAsking) {
      if (inquiry.hasSeveralKeys && missingKeys > 0) return { kind: 'unstable', text: TRY_AGAIN };
      return { kind: 'here', slot };
    }
    const readsOurMaster = client.isReadOnlyMode || nature.isShardPubSub;
    if (readsOurMaster && !nature.writes && owner === view.myMaster) return { kind: 'here', slot };
    if (owner === view.myself) return { kind: 'here', slot };
    return { kind: 'elsewhere', text: this.movedText(slot, owner) };
  }

  private endpointOf(node: ClusterNode): string {
    const preferred = this.server.config.values['cluster-preferred-endpoint-type'];
    return `${redirectionHost(node, preferred)}:${node.port}`;
  }
}

function natureOf(client: Client, command: Command): RequestNature {
  return {
    writes: command.isWrite,
    isShardPubSub: isShardPubSub(command),
    isMigrate: isMigrate(command),
    isAsking: client.isAsking || command.spec.flags.includes('asking'),
  };
}

function isMigrate({ name }: Command): boolean {
  return name === 'migrate';
}
