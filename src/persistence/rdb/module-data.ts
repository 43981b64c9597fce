/** Module data in a snapshot: self-describing, so that it can be passed over without the module. */

import { corrupt } from './errors.js';
import type { RdbInput } from './input.js';

const NAME_CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const NAME_LENGTH = 9;
/** The low bits of a module id tell its encoding version. */
const VERSION_BITS = 10n;

const enum ModuleOpcode {
  End = 0,
  SignedInteger = 1,
  UnsignedInteger = 2,
  Float = 3,
  Double = 4,
  String = 5,
}

/** Reads a module id and returns the name in it: nine characters of six bits each. */
export function readModuleName(input: RdbInput): string {
  let rest = BigInt(input.uint64()) >> VERSION_BITS;
  let name = '';
  for (let i = 0; i < NAME_LENGTH; i++) {
    name = NAME_CHARACTERS[Number(rest & 63n)] + name;
    rest >>= 6n;
  }
  return name;
}

/** Passes over one value; true when it was the end mark. */
export function skipModuleValue(input: RdbInput): boolean {
  const opcode = input.lengthOf();
  switch (opcode as ModuleOpcode) {
    case ModuleOpcode.End:
      return true;
    case ModuleOpcode.SignedInteger:
    case ModuleOpcode.UnsignedInteger:
      input.lengthOf();
      return false;
    case ModuleOpcode.Float:
      input.skip(4);
      return false;
    case ModuleOpcode.Double:
      input.skip(8);
      return false;
    case ModuleOpcode.String:
      input.blob();
      return false;
    default:
      return corrupt(`Unknown module opcode ${opcode}`);
  }
}
