/** Runs vedette-cli in this process, and redis-cli beside it, with the same words and the same input. */
import { spawn } from 'node:child_process';
import { runCli as runOurCli } from '../../src/cli/program.js';
import { createNodePlatform } from '../../src/platform/node/index.js';
import type { Platform } from '../../src/platform/platform.js';
import { ScriptedTerminal } from './scripted-terminal.js';

export interface CliResult {
  /** What went to standard output. */
  readonly output: string;
  /** What went to standard error. */
  readonly errors: string;
  readonly status: number;
}

export interface CliRun {
  /** Standard input. */
  readonly input?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Standard output is a terminal. */
  readonly isForPerson?: boolean;
  /** Both standard input and standard output are a terminal. */
  readonly isAtKeyboard?: boolean;
}

export async function runVedetteCli(words: readonly string[], run: CliRun = {}): Promise<CliResult> {
  const { isAtKeyboard = false, isForPerson = isAtKeyboard, input = '' } = run;
  const terminal = new ScriptedTerminal(isAtKeyboard, isForPerson, input);
  const status = await runOurCli(platformWith({ TERM: 'dumb', ...run.environment }), terminal, words);
  return { output: terminal.output, errors: terminal.errors, status };
}

export function runRedisCli(words: readonly string[], run: CliRun = {}): Promise<CliResult> {
  const child = spawn('redis-cli', words, { env: { ...process.env, TERM: 'dumb', ...run.environment } });
  const result = { output: '', errors: '', status: -1 };
  child.stdout.setEncoding('latin1').on('data', (text: string) => (result.output += text));
  child.stderr.setEncoding('latin1').on('data', (text: string) => (result.errors += text));
  // It may end without reading its input.
  child.stdin.on('error', () => undefined);
  child.stdin.end(Buffer.from(run.input ?? '', 'latin1'));
  return new Promise((resolve) => {
    child.once('close', (status) => resolve({ ...result, status: status ?? -1 }));
  });
}

/** The machine with another environment. */
function platformWith(environment: Readonly<Record<string, string>>): Platform {
  const platform = createNodePlatform();
  const processes = Object.create(platform.processes, {
    environment: { value: environment },
  }) as Platform['processes'];
  return { ...platform, processes };
}
