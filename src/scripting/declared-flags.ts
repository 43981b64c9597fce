/**
 * What a call of a script counts as before it runs: one that declares its flags is a write, needs memory and may run
 * on a stale replica or not as the flags say; one that does not is what its command is.
 */
import { Command, type CommandFlag } from '../server/command.js';
import type { ScriptFlags } from './script-flags.js';

const DECIDED_BY_SCRIPT: readonly CommandFlag[] = ['stale', 'denyoom', 'write', 'may_replicate'];

export class DeclaredFlags {
  private readonly standIns = new Map<string, Command>();

  /** A command with the flags that the script declares. It is in no table and keeps no statistics. */
  judge(called: Command, flags: ScriptFlags | null): Command {
    if (flags === null || flags.isUndeclared) return called;
    const declared: CommandFlag[] = called.spec.flags.filter((flag) => !DECIDED_BY_SCRIPT.includes(flag));
    if (!flags.allowsOutOfMemory) declared.push('denyoom');
    if (!flags.forbidsWrites) declared.push('write');
    if (flags.allowsStale) declared.push('stale');
    const key = `${called.fullName} ${declared.join()}`;
    let standIn = this.standIns.get(key);
    if (standIn === undefined) {
      standIn = new Command({ ...called.spec, flags: declared }, null, () => called.id);
      this.standIns.set(key, standIn);
    }
    return standIn;
  }
}
