/** vedette-check-rdb and vedette-check-aof from their command lines to their exit statuses. */
import { VEDETTE_VERSION } from '../config/version.js';
import type { Platform } from '../platform/platform.js';
import { systemErrorText } from '../platform/system-errors.js';
import type { Terminal } from '../platform/terminal.js';
import { bytesFromText } from '../resp/ascii.js';
import { parseSafeInteger } from '../resp/numbers.js';
import { CheckFailed, LogCheck, type CheckOptions } from './check-log.js';
import { RdbCheck } from './check-rdb.js';
import { fileBlocks } from './file-blocks.js';

const RDB_USAGE = 'Usage: vedette-check-rdb <rdb-file-name>\n';
const AOF_USAGE =
  'Usage: vedette-check-aof [--fix|--truncate-to-timestamp $timestamp] <file.manifest|file.aof>\n';

/** Checks the snapshot file that the command line names; resolves to the exit status. */
export async function runCheckRdb(
  platform: Platform,
  terminal: Terminal,
  args: readonly string[],
): Promise<number> {
  const [path] = args;
  if (path === undefined || args.length !== 1) {
    terminal.writeError(RDB_USAGE);
    return 1;
  }
  if (isVersionRequest(path)) {
    terminal.write(`vedette-check-rdb ${VEDETTE_VERSION}\n`);
    return 0;
  }
  if (isHelpRequest(path)) {
    terminal.write(RDB_USAGE);
    return 0;
  }
  const check = new RdbCheck(platform, path, (line) => terminal.write(`${bytesFromText(line)}\n`));
  try {
    for await (const block of fileBlocks(platform.disk, path)) {
      if (!check.push(block)) return 1;
      if (check.isComplete) return 0;
    }
  } catch (error) {
    terminal.writeError(`Cannot open file ${bytesFromText(path)}: ${systemErrorText(error)}\n`);
    return 1;
  }
  return check.end() ? 0 : 1;
}

/** Checks the append-only log, or the file of one, that the command line names; resolves to the exit status. */
export async function runCheckAof(
  platform: Platform,
  terminal: Terminal,
  args: readonly string[],
): Promise<number> {
  if (args.length === 1 && isVersionRequest(args[0])) {
    terminal.write(`vedette-check-aof ${VEDETTE_VERSION}\n`);
    return 0;
  }
  if (args.length === 1 && isHelpRequest(args[0])) {
    terminal.write(AOF_USAGE);
    return 0;
  }
  const request = readRequest(args);
  if (typeof request === 'string') {
    terminal.write(request);
    return 1;
  }
  const check = new LogCheck(platform, request.options, {
    print: (text) => terminal.write(bytesFromText(text)),
    confirm: (question) => confirm(terminal, question),
  });
  try {
    await check.check(request.path);
    return 0;
  } catch (error) {
    if (!(error instanceof CheckFailed)) throw error;
    return 1;
  }
}

/** Whether the next line of standard input begins with a y. */
function confirm(terminal: Terminal, question: string): Promise<boolean> {
  if (!terminal.isInputTerminal) terminal.write(question);
  const lines = terminal.openLines({ history: [], complete: () => [], isRemembered: () => false });
  return new Promise((resolve) => {
    lines.next(question, (line) => {
      lines.close();
      resolve(line !== null && /^[yY]/.test(line));
    });
  });
}

/** What the command line asks for, or what to answer instead. */
function readRequest(args: readonly string[]): { path: string; options: CheckOptions } | string {
  const [first = '', second = '', third = ''] = args;
  if (args.length === 1) return { path: first, options: { fix: false, toTimestamp: null } };
  if (args.length === 2 && first === '--fix') {
    return { path: second, options: { fix: true, toTimestamp: null } };
  }
  if (args.length !== 3 || first !== '--truncate-to-timestamp') return AOF_USAGE;
  const seconds = parseSafeInteger(second);
  if (Number.isNaN(seconds)) return 'Invalid timestamp, aborting...\n';
  return { path: third, options: { fix: false, toTimestamp: seconds } };
}

function isVersionRequest(arg: string): boolean {
  return arg === '-v' || arg === '--version';
}

function isHelpRequest(arg: string): boolean {
  return arg === '-h' || arg === '--help';
}
