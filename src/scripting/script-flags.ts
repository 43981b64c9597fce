/** The flags of scripts and functions, and the first line of a source that declares them. */
import { splitWords } from '../resp/ascii.js';

export const SCRIPT_FLAGS = [
  'no-writes',
  'allow-oom',
  'allow-stale',
  'no-cluster',
  'allow-cross-slot-keys',
] as const;

export type ScriptFlag = (typeof SCRIPT_FLAGS)[number];

export class ScriptFlags {
  constructor(
    readonly flags: readonly ScriptFlag[],
    /** A script without a first line of that kind: nothing is declared, everything is checked as it happens. */
    readonly isUndeclared: boolean,
  ) {}

  get forbidsWrites(): boolean {
    return this.flags.includes('no-writes');
  }

  /** What does not write needs no memory. */
  get allowsOutOfMemory(): boolean {
    return this.flags.includes('allow-oom') || this.forbidsWrites;
  }

  get allowsStale(): boolean {
    return this.flags.includes('allow-stale');
  }

  get forbidsCluster(): boolean {
    return this.flags.includes('no-cluster');
  }

  get allowsCrossSlotKeys(): boolean {
    return this.isUndeclared || this.flags.includes('allow-cross-slot-keys');
  }
}

export const UNDECLARED = new ScriptFlags([], true);

export function parseFlag(name: string): ScriptFlag | null {
  return SCRIPT_FLAGS.find((flag) => flag === name) ?? null;
}

export type Declaration =
  | { readonly kind: 'declared'; readonly flags: ScriptFlags; readonly source: string }
  | { readonly kind: 'wrong'; readonly text: string };

/** Reads what EVAL's source declares; what is left of it keeps its line numbers. */
export function readDeclaration(source: string): Declaration {
  if (!source.startsWith('#!')) return { kind: 'declared', flags: UNDECLARED, source };
  const end = source.indexOf('\n');
  if (end === -1) return wrong('Invalid script shebang');
  const words = splitWords(source.slice(0, end));
  if (words === null || words.length === 0) return wrong('Invalid engine in script shebang');
  if (words[0] !== '#!lua') return wrong(`Unexpected engine in script shebang: ${words[0]}`);
  const flags: ScriptFlag[] = [];
  for (const word of words.slice(1)) {
    if (!word.startsWith('flags=')) return wrong(`Unknown lua shebang option: ${word}`);
    for (const name of word.slice('flags='.length).split(',')) {
      if (name === '') continue;
      const flag = parseFlag(name);
      if (flag === null) return wrong(`Unexpected flag in script shebang: ${name}`);
      flags.push(flag);
    }
  }
  return { kind: 'declared', flags: new ScriptFlags(flags, false), source: source.slice(end) };
}

function wrong(text: string): Declaration {
  return { kind: 'wrong', text: `ERR ${text}` };
}
