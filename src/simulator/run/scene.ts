/**
 * What a run lets checkers, coverage and timelines see: the world, and everything that happens in it as typed events.
 *
 * Observing must change nothing: listeners read, and never send, schedule or draw.
 */
import { EventEmitter } from 'eventemitter3';
import type { Reply } from '../../client/reply.js';
import type { FailoverEvent } from '../../failover/events.js';
import type { DataService } from '../../launch/data-server.js';
import type { Plan } from '../plan/plan.js';
import type { Write } from '../workload/write-ledger.js';
import { WriteLedger } from '../workload/write-ledger.js';
import type { Member } from '../world/member.js';
import type { SimulatedWorld } from '../world/simulated-world.js';
import { Histories } from './histories.js';
import { hearOfKeyMoves } from './key-moves.js';
import type { SlotMoveStage } from './slot-move.js';

/** A rule that was broken. */
export interface Violation {
  readonly atMs: number;
  /** The checker that found it. */
  readonly rule: string;
  readonly text: string;
}

/** How a process is about to end: by a fault, or by its own decision. */
export type Ending = 'kill' | 'power-loss' | 'exit';

export interface SceneEvents {
  /** A process is composed; nothing has happened in it yet. */
  composed: (member: Member) => void;
  /** A process has loaded its data and serves. */
  started: (member: Member) => void;
  /** A process is about to be ended. */
  ending: (member: Member, how: Ending) => void;
  /** A sentinel or cluster node tells of a step of a failover, after it is on its disk. */
  told: (member: Member, event: FailoverEvent) => void;
  /** A data server ends a turn: what it has written is about to go out. */
  turn: (member: Member, service: DataService) => void;
  /** A data server begins to take a snapshot, for whomever, of the dataset that it has now. */
  snapshot: (member: Member, service: DataService) => void;
  /** A client got an answer to a command on shared keys. */
  mixed: (command: readonly string[], reply: Reply) => void;
  /** A client got +OK for a write. */
  acknowledged: (write: Write) => void;
  /** A client got WAIT's answer for its latest write. */
  waited: (write: Write, replicas: number) => void;
  /** A cluster node that is a master has taken a key from another one; with the digest of what it holds. */
  'key-taken': (member: Member, key: string, digest: string) => void;
  /** A cluster node that is a master is about to remove a key because it was moved; with the digest of what it holds. */
  'key-moved': (member: Member, key: string, digest: string) => void;
  /** An operator has come so far in moving a slot. */
  'slot-move': (stage: SlotMoveStage) => void;
  /** A fault begins or ends, an operator acts: for the timeline. */
  noted: (text: string) => void;
  /** All faults have ended and the topology has agreed again. */
  settled: () => void;
}

export class Scene extends EventEmitter<SceneEvents> {
  readonly violations: Violation[] = [];
  readonly writes = new WriteLedger();
  readonly histories: Histories;
  /** The topology is complete; before, members that know nobody yet may decide alone. */
  isBuilt = false;
  /** All faults have ended: from now on everything must work. */
  isHealed = false;

  constructor(
    readonly world: SimulatedWorld,
    readonly plan: Plan,
  ) {
    super();
    world.onComposed.push((member, service) => {
      this.emit('composed', member);
      if ('sentinel' in service) {
        service.sentinel.events.on('failover', (event) => this.emit('told', member, event));
        return;
      }
      service.cluster?.events.on('failover', (event) => this.emit('told', member, event));
      if (service.cluster !== null) hearOfKeyMoves(this, member, service);
      service.server.beforeReplies.push(() => this.emit('turn', member, service));
      // Heard of by standing in the way: the product tells nobody else.
      const { snapshots } = service.persistence;
      const begin = snapshots.begin.bind(snapshots);
      snapshots.begin = (receiver) => {
        this.emit('snapshot', member, service);
        return begin(receiver);
      };
    });
    world.onExit.push((member) => this.emit('ending', member, 'exit'));
    world.onStarted.push((member) => this.emit('started', member));
    world.onStartFailure = (member, problem) => this.startFailed(member, problem);
    this.histories = new Histories(this);
  }

  get nowMs(): number {
    return this.world.nowMs;
  }

  /** The data servers that run. */
  get dataServers(): { readonly member: Member; readonly service: DataService }[] {
    return this.world.members.flatMap((member) => {
      const service = member.dataService;
      return service === null ? [] : [{ member, service }];
    });
  }

  /** A member could not start. While disks fail that may be; afterwards it must not. */
  startFailed(member: Member, problem: string): void {
    if (this.isHealed) this.violate('recovery', `${member.name} cannot start: ${problem}`);
    else this.emit('noted', `${member.name} cannot start: ${problem}`);
  }

  /** Records that a rule was broken. */
  violate(rule: string, text: string): void {
    this.violations.push({ atMs: this.nowMs, rule, text });
  }
}
