/** What the tests use of redlock, which brings no types. */
declare module 'redlock' {
  import type { EventEmitter } from 'node:events';
  import type { Redis } from 'ioredis';

  interface Lock {
    extend(ttlMs: number): Promise<Lock>;
    unlock(): Promise<void>;
  }

  export default class Redlock extends EventEmitter {
    constructor(clients: readonly Redis[], options: { readonly retryCount: number });
    lock(resource: string, ttlMs: number): Promise<Lock>;
  }
}
