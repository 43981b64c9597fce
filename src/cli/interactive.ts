/** The prompt: lines from a person, or from a pipe, are commands, until there are no more. */
import type { Clock } from '../platform/platform.js';
import type { LineSource, Terminal } from '../platform/terminal.js';
import { isWord, splitWords, toLowerAscii } from '../resp/ascii.js';
import { parseSafeInteger } from '../resp/numbers.js';
import type { CommandRunner } from './command-runner.js';
import { firstOf } from './first-of.js';
import { GENERAL_HELP } from './help/command-help.js';
import type { HelpDesk } from './help/help-desk.js';
import type { Preferences } from './preferences.js';

const WAITING_TEXT = 'Reading messages... (press Ctrl-C to quit or any key to type command)\r';
const BRIGHT = '\x1b[1;90m';
const RESET_COLOR = '\x1b[0m';
const ERASE_LINE = '\x1b[K';
const CLEAR_SCREEN = '\x1b[H\x1b[2J';
/** How long a command took is told from this on. */
const SLOW_MS = 500;

export interface InteractiveSettings {
  readonly clock: Clock;
  readonly terminal: Terminal;
  readonly lines: LineSource;
  readonly runner: CommandRunner;
  readonly helpDesk: HelpDesk;
  readonly preferences: Preferences;
  /** Replies are formatted for a person. */
  readonly isForPerson: boolean;
  readonly hasColor: boolean;
  /** Called for every line that was entered. */
  onLine(line: string): void;
}

export class InteractiveSession {
  constructor(private readonly settings: InteractiveSettings) {}

  /** Resolves when the input ends or the person leaves. */
  async run(): Promise<void> {
    const { runner, lines, terminal, helpDesk } = this.settings;
    await runner.connect();
    // Hints and completions are for who types.
    if (terminal.isInputTerminal) await helpDesk.open();
    for (;;) {
      const line = await new Promise<string | null>((resolve) => lines.next(runner.prompt, resolve));
      if (line === null) {
        if (!runner.isSubscribed || !(await runner.connect())) break;
        continue;
      }
      if ((await this.enter(line)) === 'quit') break;
      if (runner.isSubscribed) await this.showMessages();
    }
    lines.close();
    runner.disconnect();
  }

  private async enter(line: string): Promise<'go on' | 'quit'> {
    const { terminal } = this.settings;
    this.settings.onLine(line);
    const words = splitWords(line);
    if (words === null) {
      terminal.write('Invalid argument(s)\n');
      return 'go on';
    }
    const [first] = words;
    if (first === undefined) return 'go on';
    if (isWord(first, 'quit') || isWord(first, 'exit')) return 'quit';
    await this.obey(words);
    return 'go on';
  }

  /** Our own commands, and everything else for the server; a number before a command repeats it. */
  private async obey(words: readonly string[]): Promise<void> {
    const { terminal, runner } = this.settings;
    const command = toLowerAscii(words[0]!);
    if (command.startsWith(':')) {
      const problem = this.settings.preferences.take(words);
      if (problem !== null) terminal.write(`${problem}\n`);
    } else if (command === 'help' || command === '?') {
      terminal.write(await helpText(this.settings.helpDesk, words.slice(1)));
    } else if (command === 'clear' && words.length === 1) {
      terminal.write(CLEAR_SCREEN);
    } else if (command === 'connect' && words.length === 3) {
      await runner.connectTo(words[1]!, parseSafeInteger(words[2]!));
    } else if (words.length > 1 && /^-?[0-9]+$/.test(command)) {
      const repeat = parseSafeInteger(command);
      if (repeat > 0) await this.issue(words.slice(1), repeat);
      else terminal.write('Invalid vedette-cli repeat command option value.\n');
    } else {
      await this.issue(words, 1);
    }
  }

  private async issue(words: readonly string[], repeat: number): Promise<void> {
    const { clock, terminal, lines, runner, isForPerson } = this.settings;
    const startMs = clock.monotonicMs();
    const stopListening = lines.onInterrupt(() => runner.interrupt());
    await runner.run(words, repeat);
    stopListening();
    const tookMs = clock.monotonicMs() - startMs;
    if (isForPerson && tookMs >= SLOW_MS) terminal.write(`(${(tookMs / 1000).toFixed(2)}s)\n`);
  }

  /** Prints messages until there is a line to read, the person interrupts, or nothing is subscribed to. */
  private async showMessages(): Promise<void> {
    const { terminal, lines, runner, isForPerson, hasColor } = this.settings;
    while (runner.isSubscribed) {
      if (isForPerson) terminal.write(hasColor ? BRIGHT + WAITING_TEXT + RESET_COLOR : WAITING_TEXT);
      const event = await firstOf<'message' | 'lost' | 'input' | 'interrupt'>(
        (tell) => {
          // The line above is erased before the message is printed in its place.
          const erase = (): void => {
            if (isForPerson) terminal.write(ERASE_LINE);
          };
          return runner.printNextMessage(erase, (printed) => tell(printed ? 'message' : 'lost'));
        },
        (tell) => lines.onInput(() => tell('input')),
        (tell) => lines.onInterrupt(() => tell('interrupt')),
      );
      if (event !== 'message' && event !== 'lost' && isForPerson) terminal.write(ERASE_LINE);
      if (event === 'interrupt') await runner.connect();
      if (event === 'input' || event === 'lost') return;
    }
  }
}

/** What `help` and the words behind it show. */
export async function helpText(helpDesk: HelpDesk, words: readonly string[]): Promise<string> {
  return words.length === 0 ? GENERAL_HELP : (await helpDesk.open()).text(words);
}
