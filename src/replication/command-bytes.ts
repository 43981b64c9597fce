/** Commands as bytes, for what is sent outside of any client: the handshake, acknowledgements. */
import { encodeCommand } from '../server/propagation.js';

/** Encodes commands as RESP arrays, one behind the other. */
export function encodeCommands(commands: readonly (readonly string[])[]): Buffer {
  let bound = 0;
  for (const command of commands) {
    bound += 24;
    for (const argument of command) bound += argument.length + 26;
  }
  const bytes = Buffer.allocUnsafe(bound);
  let end = 0;
  for (const command of commands) end = encodeCommand(bytes, end, command);
  return bytes.subarray(0, end);
}
