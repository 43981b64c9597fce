/** `--test_hint` and `--test_hint_file`: what would be shown to somebody who types, for tests of it. */
import { systemErrorText } from '../../platform/system-errors.js';
import { splitWords } from '../../resp/ascii.js';
import { CliError } from '../errors.js';
import { HelpDesk } from '../help/help-desk.js';
import type { CommandHelp } from '../help/command-help.js';
import type { Mode, ModeContext } from './mode.js';
import { ModeServer } from './mode-server.js';

const NO_HINT = '(null)';

export const showHint: Mode = async (context) => {
  const help = await openHelp(context);
  context.terminal.write(`${help.hint(context.options.modes.hintInput) ?? NO_HINT}\n`);
  return 0;
};

/** Every line of the file has what was typed, and the hint that it should have. The status is how many have another. */
export const checkHints: Mode = async (context) => {
  const { terminal, options } = context;
  const help = await openHelp(context);
  let [passed, failed] = [0, 0];
  for (const line of fileLines(context)) {
    const [input, expected] = splitWords(line) ?? [];
    if (input === undefined || line.startsWith('#')) continue;
    if (expected === undefined) throw new CliError(`Missing expected hint for input '${input}'`);
    const hint = help.hint(input) ?? NO_HINT;
    if (options.modes.isVerbose) {
      terminal.write(`Input: '${input}', Expected: '${expected}', Hint: '${hint}'\n`);
    }
    if (hint.replace(/ +$/, '') === expected) {
      passed++;
      continue;
    }
    failed++;
    terminal.writeError(`Test case '${input}' FAILED: expected '${expected}', got '${hint}'\n`);
  }
  terminal.write(`${failed === 0 ? 'SUCCESS' : 'FAILURE'}: ${passed}/${passed + failed} passed\n`);
  return failed;
};

async function openHelp(context: ModeContext): Promise<CommandHelp> {
  let server: ModeServer | null;
  try {
    server = await ModeServer.connect(context);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    server = null;
  }
  const help = await new HelpDesk(async (...args) => {
    const reply = (await server?.ask(...args)) ?? null;
    return reply?.type === 'error' ? null : reply;
  }).open();
  server?.close();
  return help;
}

function fileLines({ platform, options }: ModeContext): string[] {
  const path = options.modes.hintPath;
  try {
    return platform.disk.readFileSync(path).latin1Slice().split('\n');
  } catch (error) {
    throw new CliError(`Can't open file '${path}': ${systemErrorText(error as Error)}`);
  }
}
