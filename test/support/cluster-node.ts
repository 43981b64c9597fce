/**
 * A node of a cluster for tests of commands: a server without a network, a view of the cluster that the test draws, and in
 * place of the bus a record of what the commands asked of it.
 */
import type { ClusterActions, LinkReport } from '../../src/cluster/cluster-actions.js';
import { registerClusterCommands } from '../../src/cluster/register-commands.js';
import { ClusterView } from '../../src/cluster/view/cluster-view.js';
import { ClusterNode } from '../../src/cluster/view/node.js';
import { allSlots, type Slot } from '../../src/cluster/view/slots.js';
import { toEpoch, type Epoch } from '../../src/failover/epoch.js';
import { toNodeId } from '../../src/failover/identity.js';
import { TestServer } from './test-server.js';

/** An id that begins with `name`, in the form of the wire. */
export function idOf(name: string): string {
  return name.padEnd(40, '0');
}

/** Does the least that commands can see, and remembers what was asked. */
class RecordedActions implements ClusterActions {
  readonly asked: string[] = [];
  readonly forgotten = new Set<string>();
  readonly links: LinkReport[] = [];
  readonly messageCounts = {
    sent: new Map([
      ['ping', 4],
      ['pong', 0],
      ['auth-req', 1],
    ]),
    received: new Map([['pong', 3]]),
  };
  linksOverLimit = 0;
  reasonNotFailingOver: string | null = null;
  saveProblem: string | null = null;
  nextEpoch: Epoch | null = null;
  failureReports = 0;

  readonly decisions = 0;

  constructor(readonly view: ClusterView) {}

  whenKept(run: () => void): void {
    run();
  }

  meet(host: string, port: number, busPort: number): void {
    this.asked.push(`meet ${host} ${port} ${busPort}`);
  }

  forget(node: ClusterNode): void {
    this.asked.push(`forget ${node.id}`);
    this.forgotten.add(node.id);
    this.view.remove(node);
  }

  isForgotten(id: string): boolean {
    return this.forgotten.has(id);
  }

  replicate(master: ClusterNode): void {
    this.asked.push(`replicate ${master.id}`);
  }

  failOver(kind: string): void {
    this.asked.push(`fail over: ${kind}`);
  }

  reset(hard: boolean): void {
    this.asked.push(hard ? 'hard reset' : 'soft reset');
  }

  assignSlots(slots: readonly Slot[], owner: ClusterNode): void {
    for (const slot of slots) this.view.setOwner(slot, owner);
  }

  unassignSlots(slots: readonly Slot[]): void {
    for (const slot of slots) this.view.setOwner(slot, null);
  }

  setMigrating(slot: Slot, target: ClusterNode): void {
    this.view.migratingTo.set(slot, target);
  }

  setImporting(slot: Slot, source: ClusterNode): void {
    this.view.importingFrom.set(slot, source);
  }

  setStable(slot: Slot): void {
    this.view.migratingTo.delete(slot);
    this.view.importingFrom.delete(slot);
  }

  settleSlot(slot: Slot, owner: ClusterNode): void {
    this.setStable(slot);
    this.view.setOwner(slot, owner);
  }

  bumpEpoch(): Epoch | null {
    return this.nextEpoch;
  }

  setConfigEpoch(epoch: Epoch): void {
    this.view.myself.configEpoch = epoch;
  }

  saveConfiguration(): string | null {
    return this.saveProblem;
  }

  failureReportsAbout(): number {
    return this.failureReports;
  }

  publish(channel: string, message: string, sharded: boolean): void {
    this.asked.push(`publish ${channel} ${message}${sharded ? ' to the shard' : ''}`);
  }

  killLinks(direction: string, node: ClusterNode): void {
    this.asked.push(`kill links ${direction} ${node.id}`);
  }

  dropMessagesOfType(type: number | null): void {
    this.asked.push(`drop messages of type ${type}`);
  }
}

export class ClusterTestNode extends TestServer {
  readonly view: ClusterView;
  readonly actions: RecordedActions;
  private nextPort = 7001;

  constructor(directives: Readonly<Record<string, string>> = {}) {
    super({ 'cluster-enabled': 'yes', databases: '1', ...directives }, { mode: 'cluster' });
    this.view = new ClusterView(
      new ClusterNode(
        {
          id: toNodeId(idOf('me')),
          shardId: idOf('shard1'),
          host: '127.0.0.1',
          port: 7000,
          busPort: 17000,
        },
        1,
      ),
    );
    this.view.isServing = true;
    this.actions = new RecordedActions(this.view);
    registerClusterCommands(this.server, this.actions);
    this.server.clusterRoom = () => ({ connections: (this.view.nodeCount - 1) * 2, memoryBytes: 512 });
  }

  get myself(): ClusterNode {
    return this.view.myself;
  }

  /** Makes another node known: a master, or a replica of one. */
  addNode(name: string, master: ClusterNode | null = null): ClusterNode {
    const port = this.nextPort++;
    const node = new ClusterNode(
      {
        id: toNodeId(idOf(name)),
        shardId: master === null ? idOf(`shard-${name}`) : master.shardId,
        host: '127.0.0.1',
        port,
        busPort: port + 10000,
      },
      1,
    );
    this.view.add(node);
    if (master !== null) {
      node.role = 'replica';
      this.view.setMaster(node, master);
    }
    return node;
  }

  /** A connection of the bus from this node to that one. */
  link(node: ClusterNode): void {
    node.isLinked = true;
    this.actions.links.push({
      direction: 'to',
      node,
      createdAtMs: 17,
      canWrite: true,
      sendBufferAllocatedBytes: 512,
      sendBufferUsedBytes: 100,
    });
  }

  /** This node becomes a replica of that one. */
  follow(master: ClusterNode): void {
    this.myself.role = 'replica';
    this.view.setMaster(this.myself, master);
  }

  give(owner: ClusterNode | null, ...slots: number[]): void {
    for (const slot of slots) this.view.setOwner(slot as Slot, owner);
    this.endTurn();
  }

  giveAll(owner: ClusterNode): void {
    for (const slot of allSlots()) this.view.setOwner(slot, owner);
    this.endTurn();
  }

  migrate(slot: number, target: ClusterNode): void {
    this.view.migratingTo.set(slot as Slot, target);
  }

  import(slot: number, source: ClusterNode): void {
    this.view.importingFrom.set(slot as Slot, source);
  }

  setServing(isServing: boolean): void {
    this.view.isServing = isServing;
    this.endTurn();
  }
}

export function epoch(number: number): Epoch {
  return toEpoch(number);
}
