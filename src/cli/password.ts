/** Asking a person for a password: a star for every character. */
import type { Terminal } from '../platform/terminal.js';
import { CliError } from './errors.js';

const CTRL_C = '\x03';
const BACKSPACES = ['\x7f', '\b'];

/** Bytes of the password. @throws CliError when there is nobody to ask, or nobody answers */
export function readPassword(terminal: Terminal): Promise<string> {
  if (!terminal.isInputTerminal) throw new CliError('--askpass needs a terminal');
  terminal.writeError('Please input password: ');
  return new Promise((resolve, reject) => {
    let password = '';
    const stop = terminal.onKey((key) => {
      if (key === '\r' || key === '\n' || key === CTRL_C) {
        stop();
        terminal.writeError('\n');
        if (key === CTRL_C) reject(new CliError('No password'));
        else resolve(password);
      } else if (BACKSPACES.includes(key)) {
        if (password !== '') terminal.writeError('\b \b');
        password = password.slice(0, -1);
      } else if (key >= ' ') {
        password += key;
        terminal.writeError('*');
      }
    });
  });
}
