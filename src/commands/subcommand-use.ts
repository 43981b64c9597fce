/** Redis's answer to a subcommand with options that make no sense. */
import { toUpperAscii } from '../resp/ascii.js';

export function wrongSubcommandUse(container: string, subcommand: string): string {
  return `ERR unknown subcommand or wrong number of arguments for '${subcommand}'. Try ${toUpperAscii(container)} HELP.`;
}
