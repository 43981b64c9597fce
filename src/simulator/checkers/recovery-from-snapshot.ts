/**
 * What a snapshot file promises to a server without a log: it comes back with the dataset that a server had at one moment,
 * the moment of a snapshot, whole and with nothing of a later one; and with none that is older than the last that it
 * reported to be saved, whatever end it came to in between.
 *
 * A file may be that of another server's moment: a replica stores what its master sends before it loads it. Keys that
 * expire are left out, because a master does not load those whose time is over.
 */
import type { Member } from '../world/member.js';
import type { Scene } from '../run/scene.js';
import { digestOfLasting } from './dataset-digest.js';

/** What a server owes its user. */
interface Account {
  /** What LASTSAVE said when the last save was reported. */
  lastSaveAtMs: number;
  /** The file when the latest snapshot began. */
  former: string | null;
  /** The file that was last reported. */
  saved: string | null;
  /** Files that were replaced by reported ones: they must not come back. */
  readonly replaced: Set<string>;
}

export function checkRecoveryFromSnapshot(scene: Scene): void {
  /** Digests of the datasets of all moments at which a snapshot began. */
  const moments = new Set<string>();
  const accounts = new Map<string, Account>();
  const loaded = new Map<string, string>();

  scene.on('composed', (member) => {
    const service = member.dataService;
    if (service === null || service.server.config.values.appendonly) return;
    const { saving } = service.persistence;
    const status = service.server.persistenceStatus;
    const known = accounts.get(member.name);
    const account = known ?? { lastSaveAtMs: 0, former: null, saved: null, replaced: new Set() };
    accounts.set(member.name, account);
    account.lastSaveAtMs = status.lastSaveAtMs;
    saving.idleListeners.push(() => {
      if (status.lastSaveAtMs === account.lastSaveAtMs) return;
      account.lastSaveAtMs = status.lastSaveAtMs;
      reported(member, account, saving.path);
    });
    const file = member.fileText(saving.path);
    loaded.delete(member.name);
    if (file !== null) loaded.set(member.name, file);
    if (account.saved === null || (file !== null && !account.replaced.has(file))) return;
    scene.violate('recovery', `${member.name} comes back to a snapshot older than the last it reported`);
  });

  scene.on('snapshot', (member, service) => {
    const account = accounts.get(member.name);
    if (account === undefined) return;
    moments.add(digestOfLasting(service.server.keyspace.databases));
    account.former = member.fileText(service.persistence.saving.path);
  });

  scene.on('started', (member) => {
    const service = member.dataService;
    if (
      service === null ||
      !loaded.delete(member.name) ||
      moments.has(digestOfLasting(service.server.keyspace.databases))
    )
      return;
    scene.violate(
      'recovery',
      `${member.name} comes back with a dataset that nobody had when a snapshot began`,
    );
  });

  function reported(member: Member, account: Account, path: string): void {
    const file = member.fileText(path);
    if (file === null || member.durableText(path) !== file) {
      scene.violate('recovery', `${member.name} reports a save that a power failure would undo`);
      return;
    }
    for (const old of [account.former, account.saved]) if (old !== null) account.replaced.add(old);
    account.replaced.delete(file);
    account.saved = file;
  }
}
