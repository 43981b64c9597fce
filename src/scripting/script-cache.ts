/** The scripts of EVAL and SCRIPT LOAD by their SHA-1. They stay until SCRIPT FLUSH or the end of the server. */
import type { Closure } from './lua/function.js';
import { LuaSyntaxError } from './lua/error.js';
import { readDeclaration, type ScriptFlags } from './script-flags.js';
import type { Scripting, Workshop } from './scripting.js';

export interface CachedScript {
  readonly sha: string;
  readonly flags: ScriptFlags;
  readonly closure: Closure;
  readonly sourceBytes: number;
}

/** What a cached script takes besides its source. */
const SCRIPT_OVERHEAD_BYTES = 200;

export class ScriptCache {
  private readonly scripts = new Map<string, CachedScript>();
  private made: Workshop | null = null;
  private sourceBytes = 0;

  constructor(private readonly scripting: Scripting) {}

  get size(): number {
    return this.scripts.size;
  }

  get bytes(): number {
    return this.sourceBytes + this.scripts.size * SCRIPT_OVERHEAD_BYTES;
  }

  get machineBytes(): number {
    return this.made?.engine.usedBytes ?? 0;
  }

  /** Where scripts run. */
  get workshop(): Workshop {
    if (this.made !== null) return this.made;
    const workshop = this.scripting.openWorkshop();
    const { engine } = workshop;
    engine.setGlobal('KEYS', engine.list([]));
    engine.setGlobal('ARGV', engine.list([]));
    engine.seal();
    this.made = workshop;
    return workshop;
  }

  find(sha: string): CachedScript | undefined {
    return this.scripts.get(sha);
  }

  /** The script of a source, compiled if it is new; a string tells why it cannot be. */
  load(source: string): CachedScript | string {
    const sha = this.scripting.sha1Hex(source);
    const known = this.scripts.get(sha);
    if (known !== undefined) return known;
    const declaration = readDeclaration(source);
    if (declaration.kind === 'wrong') return declaration.text;
    try {
      const closure = this.workshop.engine.compile(declaration.source, '@user_script');
      const script: CachedScript = { sha, flags: declaration.flags, closure, sourceBytes: source.length };
      this.scripts.set(sha, script);
      this.sourceBytes += source.length;
      return script;
    } catch (error) {
      if (error instanceof LuaSyntaxError) {
        return `ERR Error compiling script (new function): ${error.message}`;
      }
      throw error;
    }
  }

  /** Forgets all scripts, and the machine with whatever it holds. */
  clear(): void {
    this.scripts.clear();
    this.sourceBytes = 0;
    this.made = null;
  }
}
