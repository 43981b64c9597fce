/** What a mode tells the master about itself before SYNC; a person sees it on standard error. */
import type { ModeContext } from './mode.js';
import type { ModeServer } from './mode-server.js';

/** Whether the master takes notice of it: old ones do not know every option. @throws CliError when it is gone */
export async function announce(
  { terminal }: ModeContext,
  server: ModeServer,
  option: string,
  value: string,
): Promise<boolean> {
  terminal.writeError(`sending REPLCONF ${option} ${value}\n`);
  const reply = await server.ask('REPLCONF', option, value);
  if (reply.type !== 'error') return true;
  terminal.writeError(`REPLCONF ${option} error: ${reply.text}\n`);
  return false;
}
