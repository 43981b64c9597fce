/** The arguments that EVAL and FCALL have in common: how many keys, the keys, and the rest. */
import { parseSafeInteger } from '../resp/numbers.js';

export type InvocationArguments =
  | { readonly kind: 'right'; readonly keys: readonly string[]; readonly values: readonly string[] }
  | { readonly kind: 'wrong'; readonly text: string };

/** @param notANumber what to say when the number of keys is none */
export function readInvocationArguments(args: readonly string[], notANumber: string): InvocationArguments {
  const count = parseSafeInteger(args[2]);
  if (Number.isNaN(count)) return { kind: 'wrong', text: notANumber };
  if (count > args.length - 3) {
    return { kind: 'wrong', text: "ERR Number of keys can't be greater than number of args" };
  }
  if (count < 0) return { kind: 'wrong', text: "ERR Number of keys can't be negative" };
  return { kind: 'right', keys: args.slice(3, 3 + count), values: args.slice(3 + count) };
}
