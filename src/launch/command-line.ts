/**
 * The command line of vedette-server and vedette-sentinel, read exactly as redis-server reads its own: an optional
 * file, then `--directive value ...`, which become lines that count after the file's, and `-` for standard input.
 *
 * Pure: it decides, launch.ts acts.
 */

import { bytesFromText, isWord, quoteBytes, splitWords } from '../resp/ascii.js';

/** What the command line asks for. */
export type LaunchRequest =
  | { readonly kind: 'version' }
  | { readonly kind: 'help' }
  | { readonly kind: 'unsupported'; readonly option: string }
  | StartRequest;

/** Start a server or a sentinel. */
export interface StartRequest {
  readonly kind: 'start';
  readonly mode: 'server' | 'sentinel';
  /** The configuration file as it was given; null without one. */
  readonly path: string | null;
  /** Read more configuration from standard input. */
  readonly readStandardInput: boolean;
  /** The options as lines of a configuration file. */
  readonly options: string;
  /** Nothing was given at all, not even options. */
  readonly isBare: boolean;
}

/**
 * Reads a command line.
 * @param programName name of the executable without its directory: one with `sentinel` in it starts a sentinel
 * @param args the arguments behind it
 */
export function parseCommandLine(programName: string, args: readonly string[]): LaunchRequest {
  const [first = ''] = args;
  if (first === '-v' || first === '--version') return { kind: 'version' };
  if (first === '-h' || first === '--help') return { kind: 'help' };
  if (first === '--test-memory' || first === '--check-system') return { kind: 'unsupported', option: first };
  const isSentinel = programName.includes('sentinel') || args.includes('--sentinel');
  const hasPath = args.length > 0 && !first.startsWith('-');
  const { options, readStandardInput } = readOptions(args, hasPath ? 1 : 0);
  return {
    kind: 'start',
    mode: isSentinel ? 'sentinel' : 'server',
    path: hasPath ? first : null,
    readStandardInput,
    options,
    isBare: args.length === 0,
  };
}

/** Options that mean something when no value follows: no save points; sentinel mode, which has none. */
const VALUE_IF_ALONE: Readonly<Record<string, string>> = { '--save': '""', '--sentinel': '' };

/**
 * Turns arguments into lines. `--name` begins a line unless it is the first value of the option before it: a value
 * may start with two dashes. `"--name value"` in one argument is a whole line.
 */
function readOptions(
  args: readonly string[],
  start: number,
): { readonly options: string; readonly readStandardInput: boolean } {
  let options = '';
  let readStandardInput = false;
  let expectsValue = false;
  for (let index = start; index < args.length; index++) {
    const text = args[index] ?? '';
    const arg = bytesFromText(text);
    const isLast = index === args.length - 1;
    if (arg === '-' && (index === 0 || isLast)) {
      readStandardInput = true;
    } else if (expectsValue || !arg.startsWith('--')) {
      options += `${quoteBytes(arg)} `;
      expectsValue = false;
    } else {
      if (options !== '') options += '\n';
      options += `${arg.slice(2)} `;
      expectsValue = splitWords(arg)?.length === 1;
      const alone = Object.keys(VALUE_IF_ALONE).find((name) => isWord(arg, name));
      if (expectsValue && alone !== undefined && (isLast || args[index + 1]?.startsWith('--') === true)) {
        options += VALUE_IF_ALONE[alone] ?? '';
        expectsValue = false;
      }
    }
  }
  return { options, readStandardInput };
}
