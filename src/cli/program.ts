/** vedette-cli from its command line to its exit status. */
import { VEDETTE_VERSION } from '../config/version.js';
import type { Platform } from '../platform/platform.js';
import type { Terminal } from '../platform/terminal.js';
import { bytesFromText, isWord, splitWords, textFromBytes } from '../resp/ascii.js';
import { runClusterManager } from './cluster/program.js';
import { CommandRunner, type RunOutcome } from './command-runner.js';
import { CliError } from './errors.js';
import { HelpDesk } from './help/help-desk.js';
import { History } from './history.js';
import { helpText, InteractiveSession } from './interactive.js';
import { evalCommand } from './modes/eval.js';
import { chosenMode } from './modes/index.js';
import { parseCommandLine, type CliOptions } from './options.js';
import { readPassword } from './password.js';
import { Preferences } from './preferences.js';
import type { FormatOptions } from './reply-format.js';
import { USAGE } from './usage.js';

const PASSWORD_WARNING =
  "Warning: Using a password with '-a' or '-u' option on the command line interface may not be safe.\n";

/** Runs vedette-cli with the words after its name; resolves to the exit status. */
export async function runCli(
  platform: Platform,
  terminal: Terminal,
  args: readonly string[],
): Promise<number> {
  try {
    const parsed = parseCommandLine(args, platform.processes.environment);
    switch (parsed.kind) {
      case 'help':
        terminal.write(USAGE);
        return 0;
      case 'version':
        terminal.write(`vedette-cli ${VEDETTE_VERSION}\n`);
        return 0;
      case 'run':
        return await run(platform, terminal, parsed.options);
    }
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    terminal.writeError(`${bytesFromText(error.message)}\n`);
    return 1;
  }
}

async function run(platform: Platform, terminal: Terminal, options: CliOptions): Promise<number> {
  if (options.warnsOfPassword) terminal.writeError(PASSWORD_WARNING);
  if (options.asksPassword) options.password = await readPassword(terminal);
  if (options.cluster.subcommand !== null) return await manageCluster(platform, terminal, options);
  const { environment } = platform.processes;
  // Tests ask for what a person would see where there is no terminal.
  const isForPerson = terminal.isOutputTerminal || environment.FAKETTY !== undefined;
  const format: FormatOptions = { ...options, mode: options.output ?? (isForPerson ? 'terminal' : 'raw') };
  const mode = chosenMode(options.modes);
  if (mode !== null) return await mode({ platform, terminal, options, output: format.mode });
  const isInteractive = options.command.length === 0 && options.modes.scriptPath === null;
  const runner = new CommandRunner(platform, terminal, {
    options,
    format,
    showsPushes: options.showsPushes ?? isForPerson,
    isInteractive,
  });
  if (options.modes.scriptPath !== null) {
    const command = evalCommand(platform.disk, options.modes.scriptPath, options.command);
    return await runScript(runner, command, options);
  }
  const helpDesk = new HelpDesk((...args) => runner.inquire(args));
  if (!isInteractive) return await runOnce(terminal, runner, helpDesk, options);

  const history = History.open(platform);
  const preferences = new Preferences();
  if (terminal.isInputTerminal) {
    preferences.load(platform, (problem) => terminal.write(`${problem}\n`));
  }
  const lines = terminal.openLines({
    history: history.entries,
    complete: (line) => helpDesk.help?.completions(line) ?? [],
    hint: (line) => (preferences.showsHints ? (helpDesk.help?.hint(line) ?? '') : ''),
    isRemembered: (line) => history.isKept(line),
  });
  const session = new InteractiveSession({
    clock: platform.clock,
    terminal,
    lines,
    runner,
    helpDesk,
    preferences,
    isForPerson: isForPerson && format.mode !== 'raw',
    hasColor: /xterm/.test(environment.TERM ?? ''),
    onLine: (line) => {
      if (terminal.isInputTerminal) history.add(line);
    },
  });
  return await session.run();
}

async function manageCluster(platform: Platform, terminal: Terminal, options: CliOptions): Promise<number> {
  const { cluster, username, password, lastArgumentFromInput } = options;
  if (lastArgumentFromInput) cluster.words.push(textFromBytes(await readInput(terminal)));
  const credentials = {
    ...(username === null ? {} : { username }),
    ...(password === null ? {} : { password }),
  };
  return await runClusterManager(platform, terminal, cluster, credentials);
}

async function runOnce(
  terminal: Terminal,
  runner: CommandRunner,
  helpDesk: HelpDesk,
  options: CliOptions,
): Promise<number> {
  const command = options.quotedInput ? unquoteAll(options.command) : [...options.command];
  if (command === null) {
    // On standard output, as redis-cli says it: what reads the reply sees that there is none.
    terminal.write('Invalid quoted string\n');
    return 1;
  }
  if (options.lastArgumentFromInput) {
    command.push(await readInput(terminal));
  } else if (options.inputTag !== null) {
    const place = command.indexOf(bytesFromText(options.inputTag));
    if (place < 0) throw new CliError('Using -X option but stdin tag not match.');
    command[place] = await readInput(terminal);
  }
  if (isWord(command[0]!, 'help') || command[0] === '?') {
    terminal.write(await helpText(helpDesk, command.slice(1)));
    return 0;
  }
  // Whoever could not be reached at first is tried once more with the command, and then it is said.
  await runner.connect(true);
  const outcome = await runner.run(command, options.repeat);
  if (hasFailed(outcome, options)) return 1;
  while (runner.isSubscribed) {
    const printed = await new Promise<boolean>((resolve) =>
      runner.printNextMessage(() => undefined, resolve),
    );
    if (!printed) return 1;
  }
  runner.disconnect();
  return 0;
}

async function runScript(runner: CommandRunner, command: string[], options: CliOptions): Promise<number> {
  if (!(await runner.connect())) return 1;
  const outcome = await runner.run(command, options.repeat);
  runner.disconnect();
  return hasFailed(outcome, options) ? 1 : 0;
}

function hasFailed(outcome: RunOutcome, { failsOnError }: CliOptions): boolean {
  return outcome === 'error' ? failsOnError : outcome !== 'replied';
}

function readInput(terminal: Terminal): Promise<string> {
  return new Promise((resolve) => terminal.readAll(resolve));
}

/** Every argument is one quoted string, with its quotes; null when one is not. */
function unquoteAll(args: readonly string[]): string[] | null {
  const words = args.map(splitWords);
  return words.every((found) => found?.length === 1) ? words.flatMap((found) => found ?? []) : null;
}
