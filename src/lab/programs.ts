/** Which program plays a part, and how it is started: ours, the stock one, or any that speaks the same wire. */
import { fileURLToPath } from 'node:url';

/**
 * - `vedette`: this package's executables.
 * - `stock`: `redis-server` and `redis-sentinel` from the path.
 * - paths of others: Valkey, another version of Redis.
 */
export type Engine = 'vedette' | 'stock' | { readonly server: string; readonly sentinel: string };

export type MemberRole = 'server' | 'sentinel';

/** The executable that plays the role; its one argument is the configuration file. */
export function programOf(engine: Engine, role: MemberRole): string {
  if (engine === 'vedette') return packagePath(`bin/vedette-${role}`);
  if (engine === 'stock') return `redis-${role}`;
  return engine[role];
}

export function nameOfEngine(engine: Engine): string {
  return typeof engine === 'string' ? engine : engine.server;
}

/** A file of this package; the same from the sources and from the build, which lie equally deep. */
function packagePath(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}
