/** The prompt: lines from a person, or from a pipe, are commands, until there are no more. */
import type { Clock } from '../platform/platform.js';
import type { LineSource, Terminal } from '../platform/terminal.js';
import { isWord, splitWords, toLowerAscii } from '../resp/ascii.js';
import type { CommandRunner } from './command-runner.js';
import { firstOf } from './first-of.js';
import { GENERAL_HELP } from './help/command-help.js';
import type { HelpDesk } from './help/help-desk.js';
import { isRepetition, leadingInteger, wholeInteger } from './leading-number.js';
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

/** `lost`: with the connection went what was to go on for ever. */
type Outcome = 'go on' | 'quit' | 'lost';

export class InteractiveSession {
  private isShowingMessages = false;

  constructor(private readonly settings: InteractiveSettings) {}

  /** Resolves to the exit status when the input ends or the person leaves. */
  async run(): Promise<number> {
    const { runner, lines } = this.settings;
    const status = await new Promise<number>((resolve, reject) => {
      // What would go on for ever is left by Ctrl-C; where a reply is waited for, the program is.
      lines.onInterrupt(() => {
        if (runner.isMonitoring) runner.interrupt();
        else if (!this.isShowingMessages) resolve(1);
      });
      this.converse().then(resolve, reject);
    });
    lines.close();
    runner.disconnect();
    return status;
  }

  private async converse(): Promise<number> {
    const { runner, lines, terminal, helpDesk } = this.settings;
    await runner.connect();
    // Hints and completions are for who types.
    if (terminal.isInputTerminal) await helpDesk.open();
    for (;;) {
      const line = await new Promise<string | null>((resolve) => lines.next(runner.prompt, resolve));
      if (line === null) {
        if (!runner.isSubscribed || !(await runner.connect())) return 0;
        continue;
      }
      const outcome = await this.enter(line);
      if (outcome === 'quit') return 0;
      if (outcome === 'lost') return 1;
      if (runner.isSubscribed && (await this.showMessages()) === 'lost') return 1;
    }
  }

  private async enter(line: string): Promise<Outcome> {
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
    return await this.obey(words);
  }

  /** Our own commands, and everything else for the server; a number before a command repeats it. */
  private async obey(words: readonly string[]): Promise<Outcome> {
    const { terminal, runner } = this.settings;
    const command = toLowerAscii(words[0]!);
    const repeat = words.length > 1 ? wholeInteger(command) : null;
    if (repeat !== null) {
      if (isRepetition(repeat)) return await this.issue(words.slice(1), repeat);
      terminal.write('Invalid vedette-cli repeat command option value.\n');
    } else if (command.startsWith(':')) {
      const problem = this.settings.preferences.take(words);
      if (problem !== null) terminal.write(`${problem}\n`);
    } else if (command === 'restart') {
      terminal.write("Use 'restart' only in Lua debugging mode.\n");
    } else if (command === 'connect' && words.length === 3) {
      await runner.connectTo(words[1]!, leadingInteger(words[2]!));
    } else if (command === 'clear' && words.length === 1) {
      terminal.write(CLEAR_SCREEN);
    } else {
      return await this.issue(words, 1);
    }
    return 'go on';
  }

  private async issue(words: readonly string[], repeat: number): Promise<Outcome> {
    const { clock, terminal, runner, isForPerson } = this.settings;
    const command = toLowerAscii(words[0]!);
    if (command === 'help' || command === '?') {
      terminal.write(await helpText(this.settings.helpDesk, words.slice(1)));
      return 'go on';
    }
    const startMs = clock.monotonicMs();
    const outcome = await runner.run(words, repeat);
    if (outcome === 'lost while monitoring') return 'lost';
    const tookMs = clock.monotonicMs() - startMs;
    if (isForPerson && tookMs >= SLOW_MS) terminal.write(`(${(tookMs / 1000).toFixed(2)}s)\n`);
    return 'go on';
  }

  /** Prints messages until there is a line to read, the person interrupts, or nothing is subscribed to. */
  private async showMessages(): Promise<Outcome> {
    this.isShowingMessages = true;
    const outcome = await this.readMessages();
    this.isShowingMessages = false;
    return outcome;
  }

  private async readMessages(): Promise<Outcome> {
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
      if (event === 'interrupt' && !(await runner.connect())) return 'lost';
      if (event === 'lost') return 'lost';
      if (event === 'input') return 'go on';
    }
    return 'go on';
  }
}

/** What `help` and the words behind it show. */
export async function helpText(helpDesk: HelpDesk, words: readonly string[]): Promise<string> {
  return words.length === 0 ? GENERAL_HELP : (await helpDesk.open()).text(words);
}
