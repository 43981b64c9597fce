/** Helpers of the virtual world's tests: connected pairs of recording handlers. */
import type { Address, Listener } from '../../../src/platform/platform.js';
import type { ConnectionEnd, VirtualProcess } from '../../../src/platform/virtual/index.js';
import { RecordingHandler } from './recording-handler.js';

const LIMIT_MS = 60_000;

/** Listens; every accepted connection gets a recording handler, which the returned array collects. */
export function listen(process: VirtualProcess, address: Address, backlog?: number): RecordingHandler[] {
  const accepted: RecordingHandler[] = [];
  bind(process, address, accepted, backlog);
  return accepted;
}

/** As {@link listen}, giving the listener or the error. */
export function bind(
  process: VirtualProcess,
  address: Address,
  accepted: RecordingHandler[] = [],
  backlog?: number,
): Listener | NodeJS.ErrnoException {
  let outcome: Listener | NodeJS.ErrnoException | null = null;
  process.network.listen(
    address,
    backlog === undefined ? {} : { backlog },
    (connection) => {
      const handler = new RecordingHandler();
      handler.connection = connection;
      connection.handler = handler;
      accepted.push(handler);
    },
    (error, listener) => (outcome = error ?? listener),
  );
  process.world.runUntil(() => outcome !== null, LIMIT_MS);
  return outcome!;
}

export function connect(process: VirtualProcess, address: Address, sourceAddress?: string): RecordingHandler {
  const handler = new RecordingHandler();
  const options = sourceAddress === undefined ? {} : { sourceAddress };
  handler.connection = process.network.connect(address, options, handler);
  return handler;
}

export interface Pair {
  readonly client: RecordingHandler;
  readonly server: RecordingHandler;
}

/** A connection from one process to another, established. */
export function connectPair(from: VirtualProcess, to: VirtualProcess, port = 6379): Pair {
  const accepted = listen(to, { host: '0.0.0.0', port });
  const client = connect(from, { host: to.host.address, port });
  from.world.runUntil(() => client.connected && accepted.length === 1, LIMIT_MS);
  return { client, server: accepted[0]! };
}

export function send(handler: RecordingHandler, text: string): void {
  handler.connection.write(Buffer.from(text, 'latin1'));
}

/** The error code that a closed connection was told. */
export function closeCode(handler: RecordingHandler): string | undefined {
  return (handler.closeError as NodeJS.ErrnoException | null)?.code;
}

export function halfClose(handler: RecordingHandler): void {
  (handler.connection as ConnectionEnd).halfClose();
}
