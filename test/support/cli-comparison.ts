/** redis-cli and vedette-cli with the same arguments and the same input. */
import { spawn } from 'node:child_process';
import { expect } from 'vitest';
import { runCli } from '../../src/cli/program.js';
import { createNodePlatform } from '../../src/platform/node/index.js';
import { ScriptedTerminal, TerminalStopped } from './scripted-terminal.js';

const platform = createNodePlatform();

export interface CliResult {
  readonly output: string;
  readonly errors: string;
  /** -1: ended by a signal. */
  readonly status: number;
}

export interface CliSurroundings {
  readonly input?: string;
  /** Output as on a terminal. */
  readonly isForPerson?: boolean;
  /** The program is stopped as soon as its output has this, and what comes after it is forgotten: for modes without an end. */
  readonly until?: RegExp;
}

export function runStock(args: readonly string[], surroundings: CliSurroundings = {}): Promise<CliResult> {
  const { input = '', isForPerson = false, until } = surroundings;
  const environment = { ...process.env, ...(isForPerson ? { FAKETTY: '1' } : {}), TERM: 'dumb' };
  const child = spawn('redis-cli', args, { env: environment });
  const result = { output: '', errors: '', status: -1 };
  child.stdout.setEncoding('latin1').on('data', (text: string) => {
    result.output += text;
    if (until?.test(result.output) === true) child.kill('SIGKILL');
  });
  child.stderr.setEncoding('latin1').on('data', (text: string) => (result.errors += text));
  // It may end without reading its input.
  child.stdin.on('error', () => undefined);
  child.stdin.end(Buffer.from(input, 'latin1'));
  return new Promise((resolve) => {
    child.once('close', (status) => {
      resolve({ ...result, output: upTo(until, result.output), status: status ?? -1 });
    });
  });
}

export async function runOurs(
  args: readonly string[],
  surroundings: CliSurroundings = {},
): Promise<CliResult> {
  const { input = '', isForPerson = false, until } = surroundings;
  const terminal = new ScriptedTerminal(false, isForPerson, input);
  terminal.stopsAt = until ?? null;
  try {
    const status = await runCli(platform, terminal, args);
    return { output: terminal.output, errors: terminal.errors, status };
  } catch (error) {
    if (!(error instanceof TerminalStopped)) throw error;
    return { output: upTo(until, terminal.output), errors: terminal.errors, status: -1 };
  }
}

function upTo(end: RegExp | undefined, text: string): string {
  const found = end?.exec(text);
  return found === undefined || found === null ? text : text.slice(0, found.index + found[0].length);
}

/** Runs both, one after the other, on a server; expects no difference. */
export async function compareClis(
  port: number,
  args: readonly string[],
  surroundings: CliSurroundings = {},
): Promise<void> {
  const withPort = args.includes('-p') || args.includes('-s') ? args : ['-p', String(port), ...args];
  const stock = await runStock(withPort, surroundings);
  expect(await runOurs(withPort, surroundings)).toEqual(stock);
}
