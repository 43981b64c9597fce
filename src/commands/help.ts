/** The reply of the HELP subcommand that every container command has. */
import { toUpperAscii } from '../resp/ascii.js';
import type { Client } from '../server/client.js';

/**
 * Writes a container's help: the frame that Redis puts around it and the lines between.
 * @param lines pairs of a subcommand's usage and what it does
 */
export function writeHelp(
  client: Client,
  container: string,
  lines: readonly (readonly [usage: string, effect: string])[],
): void {
  const { reply } = client;
  reply.arrayHeader(3 + lines.length * 2);
  const name = toUpperAscii(container);
  reply.simple(`${name} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`);
  for (const [usage, effect] of lines) {
    reply.simple(usage);
    reply.simple(`    ${effect}`);
  }
  reply.simple('HELP');
  reply.simple('    Print this help.');
}
