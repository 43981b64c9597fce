/**
 * Makes faults happen in a world, each at its time, and ends them: each at its own time, and all at once in the end.
 */
import type { SeededRandom } from '../../platform/virtual/index.js';
import type { Scene } from '../run/scene.js';
import type { SlotMove, SlotMoveStage } from '../run/slot-move.js';
import type { Member } from '../world/member.js';
import { describeFault, MASTER, type Fault } from './fault.js';

/** What only the kind of topology can do: operators' work. */
export interface Operators {
  /** Name of the present master; null when there is none. */
  master(): string | null;
  manualFailover(target: string, how: string): void;
  promote(target: string): void;
  moveSlot(move: SlotMove, onStage: (stage: SlotMoveStage) => void): void;
}

type Undo = () => void;

export class Injection {
  private readonly active = new Set<Undo>();
  private readonly random: SeededRandom;

  constructor(
    private readonly scene: Scene,
    private readonly operators: Operators,
  ) {
    this.random = scene.world.world.randomFor('faults');
  }

  /** Has all faults of the plan happen from now on. */
  schedule(faults: readonly Fault[]): void {
    const { world } = this.scene.world;
    for (const fault of faults) world.scheduleAt(world.nowMs + fault.atMs, null, () => this.begin(fault));
  }

  /** Ends everything: the network is whole, all processes run, disks work. */
  healAll(): void {
    const { world } = this.scene;
    for (const undo of [...this.active]) undo();
    world.world.network.heal();
    for (const member of world.members) {
      world.world.host(member.name).disk.faults.clear();
      if (member.isPaused) member.process.resume();
    }
    this.startAll();
    this.scene.emit('noted', 'all faults have ended');
  }

  /** Starts who does not run: who was killed, and who ended by itself, as a replica does whose disk fails. */
  startAll(): void {
    for (const member of this.scene.world.members) this.start(member);
  }

  private begin(fault: Fault): void {
    const undo = this.inject(fault);
    if (undo === null) return;
    this.scene.emit('noted', describeFault(fault));
    const { world } = this.scene.world;
    const end = (): void => {
      if (!this.active.delete(end)) return;
      undo();
    };
    this.active.add(end);
    if (fault.forMs <= 0) {
      end();
      return;
    }
    world.scheduleAt(world.nowMs + fault.forMs, null, () => {
      if (this.active.has(end)) this.scene.emit('noted', `end of ${describeFault(fault)}`);
      end();
    });
  }

  /** Returns how to end it; null when it makes no sense now. */
  private inject(fault: Fault): Undo | null {
    const { world } = this.scene;
    const { network } = world.world;
    switch (fault.kind) {
      case 'kill':
        return this.onMember(fault.target, (member) => this.end(member, () => member.kill()));
      case 'power-loss':
        return this.onMember(fault.target, (member) =>
          this.end(member, () => member.losePower(fault.torn), true),
        );
      case 'blackout': {
        const undos = fault.targets.map((name) =>
          this.onMember(name, (member) => this.end(member, () => member.losePower(fault.torn), true)),
        );
        return () => undos.forEach((undo) => undo?.());
      }
      case 'pause':
        return this.onMember(fault.target, ({ process }) => {
          process.pause();
          return () => process.resume();
        });
      case 'stall':
        return this.onMember(fault.target, ({ process }) => {
          process.stall(fault.forMs);
          return nothing;
        });
      case 'partition': {
        const left = this.namesOf(fault.left);
        return network.partition(left, fault.right === null ? null : this.namesOf(fault.right));
      }
      case 'one-way':
        return network.partitionOneWay(this.namesOf(fault.from), this.namesOf(fault.to));
      case 'cut':
        network.cut(this.namesOf(fault.left), fault.right === null ? null : this.namesOf(fault.right));
        return nothing;
      case 'slow-link': {
        const [left, right] = [this.namesOf(fault.left), this.namesOf(fault.right)];
        network.setLatency(left, right, { minMs: fault.minMs, maxMs: fault.maxMs });
        return () => network.setLatency(left, right, null);
      }
      case 'disk':
        return this.onMember(fault.target, ({ name }) =>
          world.world.host(name).disk.faults.add({ operation: fault.operation, code: fault.code }),
        );
      case 'clock-jump':
        return this.onMember(fault.target, ({ process }) => {
          process.wallClockOffsetMs += fault.byMs;
          return nothing;
        });
      case 'command':
        return this.onMember(fault.target, ({ name }) => {
          world.send(name, fault.args, () => undefined);
          return nothing;
        });
      case 'manual-failover':
        this.operators.manualFailover(this.nameOf(fault.target), fault.how);
        return nothing;
      case 'promotion':
        this.operators.promote(this.nameOf(fault.target));
        return nothing;
      case 'slot-move':
        this.operators.moveSlot(fault, (stage) => this.scene.emit('slot-move', stage));
        return nothing;
    }
  }

  private end(member: Member, endIt: () => void, isPowerLoss = false): Undo | null {
    if (!member.isRunning) return null;
    this.scene.emit('ending', member, isPowerLoss ? 'power-loss' : 'kill');
    endIt();
    return () => this.start(member);
  }

  /** A start that fails because of a disk that fails is tried again when all is healed. */
  private start(member: Member): void {
    if (member.isRunning) return;
    try {
      member.start();
    } catch (error) {
      this.scene.startFailed(member, error instanceof Error ? error.message : String(error));
    }
  }

  private onMember(target: string, act: (member: Member) => Undo | null): Undo | null {
    const name = this.nameOf(target);
    const member = this.scene.world.members.find((each) => each.name === name);
    return member === undefined || !member.isRunning ? null : act(member);
  }

  private nameOf(target: string): string {
    return target === MASTER ? (this.operators.master() ?? this.anyServer()) : target;
  }

  private namesOf(targets: readonly string[]): string[] {
    return targets.map((target) => this.nameOf(target));
  }

  private anyServer(): string {
    const servers = this.scene.world.members.filter(({ kind }) => kind === 'server');
    return servers[this.random.integer(servers.length)].name;
  }
}

function nothing(): void {}
