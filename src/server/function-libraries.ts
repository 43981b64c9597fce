/** What happens to libraries that are there when others are taken in. */
export type RestorePolicy = 'flush' | 'append' | 'replace';

/** What the parts above scripting need of functions: persistence saves and loads them, replication sends them. */
export interface FunctionLibraries {
  /** The source of every library, in the order in which they were loaded. */
  sources(): readonly string[];
  /** Takes libraries in, all of them or none. Returns what is wrong, or null. */
  restore(sources: readonly string[], policy: RestorePolicy): string | null;
  /** Forgets all libraries. */
  clear(): void;
}

/** How libraries are written for FUNCTION DUMP; set by persistence, which knows the format. */
export interface FunctionPayloads {
  encode(sources: readonly string[]): Buffer;
  /** Null: the version or the checksum is wrong; `broken`: what is inside cannot be read. */
  decode(payload: string): readonly string[] | 'broken' | null;
}

/** For INFO and MEMORY STATS. */
export interface ScriptMemory {
  readonly cachedScripts: number;
  readonly cachedScriptBytes: number;
  readonly functions: number;
  readonly libraries: number;
  readonly functionBytes: number;
  /** Held by the machines that run scripts, and functions. */
  readonly scriptMachineBytes: number;
  readonly functionMachineBytes: number;
}

export const NO_SCRIPT_MEMORY: ScriptMemory = {
  cachedScripts: 0,
  cachedScriptBytes: 0,
  functions: 0,
  libraries: 0,
  functionBytes: 0,
  scriptMachineBytes: 0,
  functionMachineBytes: 0,
};
