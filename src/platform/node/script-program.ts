/**
 * How a program is started that is a script for Node: by the Node that runs this, with the flags of the script's first line.
 * Windows does not know such lines; elsewhere it is what the system would do, but with no other Node than this one.
 */
import { closeSync, openSync, readSync } from 'node:fs';

const LONGEST_FIRST_LINE_BYTES = 256;
const SCRIPT_FOR_NODE = /^#!(?:\/usr\/bin\/env (?:-S )?|\S*\/)node((?: --\S+)*)$/;

export interface StartedProgram {
  readonly path: string;
  readonly args: readonly string[];
}

/** What to start for a program and its arguments; the same where the program is no script for Node. */
export function startedProgram(path: string, args: readonly string[]): StartedProgram {
  // The system looks for what has no directory in its name.
  const match = /[/\\]/.test(path) ? SCRIPT_FOR_NODE.exec(firstLineOf(path)) : null;
  if (match === null) return { path, args };
  const flags = match[1]!.split(' ').filter((flag) => flag !== '');
  return { path: process.execPath, args: [...flags, path, ...args] };
}

/** Empty for what cannot be read: the system will say why it cannot be started. */
function firstLineOf(path: string): string {
  const bytes = Buffer.alloc(LONGEST_FIRST_LINE_BYTES);
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch {
    return '';
  }
  try {
    const length = readSync(descriptor, bytes);
    return bytes.latin1Slice(0, length).split(/\r?\n/)[0]!;
  } catch {
    return '';
  } finally {
    closeSync(descriptor);
  }
}
