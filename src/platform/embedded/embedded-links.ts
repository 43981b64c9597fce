/** The links between embedded processes, and from programs outside to them: which there are, and what rules them. */
import type { Address, Connection, Platform } from '../platform.js';
import type { ConnectionOwner, EmbeddedConnection } from './connection.js';
import { OPEN_LINKS, type LinkRule, type Party } from './link-rule.js';

export class EmbeddedLinks {
  rule: LinkRule = OPEN_LINKS;
  private readonly connections = new Set<EmbeddedConnection>();
  /** Who listens on a port, or did: an announced address stays its owner's when that is down. */
  private readonly listeners = new Map<number, Party>();
  /** Open connections that were opened in here, by their local ports. */
  private readonly openedInside = new Map<number, Connection>();

  constructor(readonly machine: Pick<Platform, 'clock' | 'timers'>) {}

  get isFaulty(): boolean {
    return this.rule !== OPEN_LINKS;
  }

  /** From now on this holds, for what is under way as well. */
  apply(rule: LinkRule): void {
    this.rule = rule;
    for (const connection of [...this.connections]) connection.moveOn();
  }

  heal(): void {
    this.apply(OPEN_LINKS);
  }

  /** Breaks off whatever is left. */
  close(): void {
    this.rule = OPEN_LINKS;
    for (const connection of [...this.connections]) connection.discard();
  }

  // What follows is for connections and those who make them.

  listens(party: Party, port: number): void {
    this.listeners.set(port, party);
  }

  /** Null when it is none of the processes. */
  partyAt(address: Address): Party | null {
    return 'port' in address ? (this.listeners.get(address.port) ?? null) : null;
  }

  connectionsOf(owner: ConnectionOwner): EmbeddedConnection[] {
    return [...this.connections].filter((connection) => connection.owner === owner);
  }

  add(connection: EmbeddedConnection): void {
    this.connections.add(connection);
  }

  remove(connection: EmbeddedConnection): void {
    this.connections.delete(connection);
    this.closed(connection);
  }

  opened(localPort: number, connection: Connection): void {
    this.openedInside.set(localPort, connection);
  }

  closed(connection: Connection): void {
    for (const [port, known] of this.openedInside) if (known === connection) this.openedInside.delete(port);
  }

  wasOpenedInside(remotePort: number): boolean {
    return this.openedInside.has(remotePort);
  }
}
