/** `vedette-cli --cluster`: from the subcommand to the exit status. */
import type { Credentials } from '../../client/connection.js';
import type { Platform } from '../../platform/platform.js';
import type { Terminal } from '../../platform/terminal.js';
import type { ClusterCommandLine } from './command-line.js';
import { ClusterManagerError } from './errors.js';
import type { ClusterNode } from './node.js';
import { Questions } from './questions.js';
import { Report } from './report.js';
import type { ClusterSession } from './session.js';
import { MoveFailed } from './slot-mover.js';
import { call, setNodeTimeout } from './subcommands/all-nodes.js';
import { backup } from './subcommands/backup.js';
import { create } from './subcommands/create.js';
import { helpText } from './subcommands/help.js';
import { importKeys } from './subcommands/import.js';
import { check, fix, info } from './subcommands/inspect.js';
import { addNode, deleteNode } from './subcommands/membership.js';
import { rebalance } from './subcommands/rebalance.js';
import { reshard } from './subcommands/reshard.js';
import type { Subcommand } from './subcommands/subcommand.js';

const help: Subcommand = {
  name: 'help',
  arity: 0,
  synopsis: '',
  options: [],
  run: ({ report }) => {
    report.text(helpText(SUBCOMMANDS));
    return Promise.resolve(true);
  },
};

/** In the order in which `help` lists them. */
const SUBCOMMANDS: readonly Subcommand[] = [
  ...[
    create,
    check,
    info,
    fix,
    reshard,
    rebalance,
    addNode,
    deleteNode,
    call,
    setNodeTimeout,
    importKeys,
    backup,
  ],
  help,
];

/** Resolves to the exit status. */
export async function runClusterManager(
  platform: Platform,
  terminal: Terminal,
  { subcommand: name, words, options }: ClusterCommandLine,
  credentials: Credentials,
): Promise<number> {
  const subcommand = SUBCOMMANDS.find((candidate) => candidate.name === name);
  if (subcommand === undefined) {
    terminal.writeError('Unknown --cluster subcommand\n');
    return 1;
  }
  const { arity } = subcommand;
  if (arity > 0 ? words.length !== arity : words.length < -arity) {
    terminal.writeError('[ERR] Wrong number of arguments for specified --cluster sub command\n');
    return 1;
  }
  const report = new Report(terminal, (platform.processes.environment.TERM ?? '').includes('xterm'));
  const questions = new Questions(terminal, options.alwaysYes);
  const connected: ClusterNode[] = [];
  const session: ClusterSession = { platform, terminal, report, questions, options, credentials, connected };
  try {
    return (await subcommand.run(session, words)) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof ClusterManagerError)) throw error;
    sayWhy(report, error, words);
    return 1;
  } finally {
    questions.close();
    for (const node of connected) node.close();
  }
}

function sayWhy(report: Report, error: ClusterManagerError, words: readonly string[]): void {
  if (error.message !== '') {
    if (error.stream === 'errors') report.complaint(error.message);
    else report.error(error.message);
  }
  if (error instanceof MoveFailed && error.openSlots.length > 0) {
    report.error(`*** Stopped. The following slots are left open, with no key lost: ${error.openSlots}.`);
    report.error(`*** Repair them with: vedette-cli --cluster fix ${words.join(' ')}`);
  }
}
