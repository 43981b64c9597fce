/**
 * What cluster mode has to say about keys inside scripts. Cluster sets it on the server; without it every key may be
 * used anywhere.
 */
import type { Client } from './client.js';
import type { Command } from './command.js';

/** What a running script's keys have told so far. */
export interface ScriptSlots {
  /** The script is an EVAL without declared flags, or its flags allow keys of several slots. */
  readonly allowsCrossSlotKeys: boolean;
  /** The slot of the keys used so far, -1: none. The rules set it. */
  slot: number;
}

export interface SlotRules {
  /**
   * Why a command that a script calls may not use its keys here; null: it may. `args` has the command's name first. The
   * text begins with its code.
   */
  scriptRefusal(
    caller: Client,
    command: Command,
    args: readonly string[],
    script: ScriptSlots,
  ): string | null;
}
