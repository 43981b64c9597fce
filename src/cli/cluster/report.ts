/** What the cluster manager says, in the words and colours of redis-cli, which scripts read. */
import type { Terminal } from '../../platform/terminal.js';

const STYLES = { info: '29;1', warning: '33;1', error: '31;1', ok: '32;1' } as const;

export class Report {
  /** @param hasColor by what TERM says, whether or not standard output is a terminal, as redis-cli does */
  constructor(
    private readonly terminal: Terminal,
    private readonly hasColor: boolean,
  ) {}

  /** Without a newline. */
  text(text: string): void {
    this.terminal.write(text);
  }

  line(text = ''): void {
    this.terminal.write(`${text}\n`);
  }

  info(line: string): void {
    this.styled('info', `${line}\n`);
  }

  warning(line: string): void {
    this.styled('warning', `${line}\n`);
  }

  error(line: string): void {
    this.styled('error', `${line}\n`);
  }

  ok(line: string): void {
    this.styled('ok', `${line}\n`);
  }

  /** Without a newline. */
  infoText(text: string): void {
    this.styled('info', text);
  }

  /** To standard error. */
  complaint(line: string): void {
    this.terminal.writeError(`${line}\n`);
  }

  private styled(style: keyof typeof STYLES, text: string): void {
    this.terminal.write(this.hasColor ? `\x1b[${STYLES[style]}m${text}\x1b[0m` : text);
  }
}
