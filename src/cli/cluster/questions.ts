/**
 * Asking whoever is at standard input: a person or a pipe. One line is one answer, however the bytes arrive; where
 * the input ends there is no answer, and the subcommand stops instead of asking for ever.
 */
import type { LineSource, Terminal } from '../../platform/terminal.js';
import { InputEnded } from './errors.js';

export class Questions {
  private lines: LineSource | null = null;

  constructor(
    private readonly terminal: Terminal,
    /** `--cluster-yes`. */
    private readonly alwaysYes: boolean,
  ) {}

  /** The answer without its line end. @throws InputEnded */
  async ask(question: string): Promise<string> {
    const lines = (this.lines ??= this.terminal.openLines(NO_EDITING));
    // A person is shown the question by the line editor.
    if (!this.terminal.isInputTerminal) this.terminal.write(question);
    const answer = await new Promise<string | null>((resolve) => lines.next(question, resolve));
    if (answer === null) throw new InputEnded();
    return answer.endsWith('\r') ? answer.slice(0, -1) : answer;
  }

  /** @param isForced asks even with `--cluster-yes` */
  async confirm(question: string, isForced = false): Promise<boolean> {
    if (this.alwaysYes && !isForced) return true;
    return (await this.ask(`${question} (type 'yes' to accept): `)) === 'yes';
  }

  close(): void {
    this.lines?.close();
  }
}

const NO_EDITING = { history: [], complete: () => [], isRemembered: () => false };
