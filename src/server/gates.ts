/**
 * Gates: conditions under which commands are refused. A gate is registered only while its condition can hold
 * (this server is a replica, a file is loading, a disk failed), so that a healthy master checks none.
 */
import type { Client } from './client.js';
import type { Command } from './command.js';

/**
 * The order in which refusals take precedence, that of Redis. MULTI's EXEC has
 * the rank of what it contains.
 */
export enum GateRank {
  Cluster = 10,
  OutOfMemory = 20,
  Misconfiguration = 30,
  NotEnoughReplicas = 40,
  ReadOnlyReplica = 50,
  StaleReplica = 60,
  Loading = 70,
  Busy = 80,
}

export interface Gate {
  readonly rank: GateRank;
  /** The error text to refuse with, or null to let the command pass. `writes`: it, or the transaction, writes. */
  refusal(client: Client, command: Command, args: readonly string[], writes: boolean): string | null;
}

export class Gates {
  private gates: Gate[] = [];

  get isEmpty(): boolean {
    return this.gates.length === 0;
  }

  add(gate: Gate): void {
    if (this.gates.includes(gate)) return;
    this.gates = [...this.gates, gate].sort((a, b) => a.rank - b.rank);
  }

  remove(gate: Gate): void {
    this.gates = this.gates.filter((other) => other !== gate);
  }

  refusal(client: Client, command: Command, args: readonly string[], writes: boolean): string | null {
    for (const gate of this.gates) {
      const text = gate.refusal(client, command, args, writes);
      if (text !== null) return text;
    }
    return null;
  }

  /** Whether a gate of this rank is registered. */
  has(rank: GateRank): boolean {
    for (const gate of this.gates) if (gate.rank === rank) return true;
    return false;
  }

  /** Whether a gate of this rank would refuse the command. */
  refuses(
    rank: GateRank,
    client: Client,
    command: Command,
    args: readonly string[],
    writes: boolean,
  ): boolean {
    return this.gates.some(
      (gate) => gate.rank === rank && gate.refusal(client, command, args, writes) !== null,
    );
  }

  /**
   * As {@link refusal}, for a command that a script calls.
   * @param ruling what a script makes of a gate: null follows it, another text replaces its own
   */
  refusalInScript(
    client: Client,
    command: Command,
    args: readonly string[],
    writes: boolean,
    ruling: (rank: GateRank) => 'ignore' | string | null,
  ): string | null {
    for (const gate of this.gates) {
      const ruled = ruling(gate.rank);
      if (ruled === 'ignore') continue;
      const text = gate.refusal(client, command, args, writes);
      if (text !== null) return ruled ?? text;
    }
    return null;
  }
}
