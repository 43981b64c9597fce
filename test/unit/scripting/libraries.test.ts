/** The libraries that Redis adds: cjson, cmsgpack, struct and bit. */
import { describe, expect, test } from 'vitest';
import { Scripting } from '../../../src/scripting/scripting.js';
import { ErrorReply } from '../../support/resp.js';
import { TestServer } from '../../support/test-server.js';

const server = new TestServer();
new Scripting(server.server);
const client = server.connect();

/** The reply to a script; of an error the text without the position at its end. */
function evaluate(source: string): unknown {
  const reply = client.call('eval', source, 0);
  return reply instanceof ErrorReply ? reply.text.replace(/ script: .*/, '') : reply;
}

describe.each([
  ['cjson', 'return cjson.encode({1, "two", {three = true}, cjson.null})', '[1,"two",{"three":true},null]'],
  ['cjson', 'return cjson.encode({})', '{}'],
  ['cjson', 'return cjson.encode({[1] = 1, [3] = 3})', '[1,null,3]'],
  [
    'cjson',
    'return cjson.encode({[1] = 1, [100] = 2})',
    'ERR user_script:1: Cannot serialise table: excessively sparse array',
  ],
  ['cjson', 'return cjson.encode("a/b\\n\\"\\1")', '"a\\/b\\n\\"\\u0001"'],
  ['cjson', 'return cjson.encode({0.1, 1e20, 3.0})', '[0.1,1e+20,3]'],
  ['cjson', 'return cjson.encode(1/0)', 'ERR user_script:1: Cannot serialise number: must not be NaN or Inf'],
  [
    'cjson',
    'local t = {} t.t = t return cjson.encode(t)',
    'ERR user_script:1: Cannot serialise, excessive depth (1001)',
  ],
  [
    'cjson',
    'local v = cjson.decode(\'{"a":[1,2,{"b":null}],"c":"\\\\u00e9\\\\n"}\') return {v.a[2], tostring(v.a[3].b == cjson.null), v.c}',
    [2, 'true', 'Ã©\n'],
  ],
  [
    'cjson',
    'return cjson.decode("[1,2")',
    'ERR user_script:1: Expected comma or array end but found T_END at character 5',
  ],
  [
    'cjson',
    'return cjson.decode("{1:2}")',
    'ERR user_script:1: Expected object key string but found T_NUMBER at character 2',
  ],
  [
    'cjson',
    'cjson.decode_max_depth(2) return cjson.decode("[[[1]]]")',
    'ERR user_script:1: Found too many nested data structures (3) at character 3',
  ],
  [
    'cmsgpack',
    'return cmsgpack.pack({1, 2, "x"}, nil, true, -1, 300, 1.5)',
    '\x93\x01\x02\xa1x\xc0\xc3\xff\xcd\x01\x2c\xca\x3f\xc0\x00\x00',
  ],
  ['cmsgpack', 'local a, b = cmsgpack.unpack(cmsgpack.pack({k = {1, 2}}, "z")) return {a.k[2], b}', [2, 'z']],
  ['cmsgpack', 'local next, v = cmsgpack.unpack_one("\\1\\2\\3", 1) return {next, v}', [2, 2]],
  ['cmsgpack', 'return {cmsgpack.unpack_limit("\\1\\2\\3", 2, 0)}', [2, 1, 2]],
  ['cmsgpack', 'return cmsgpack.unpack("\\220")', 'ERR user_script:1: Missing bytes in input.'],
  ['struct', 'return struct.pack(">I2hs", 258, -2, "ab")', '\x00\x00\x01\x02'.slice(2) + '\xff\xfeab\x00'],
  ['struct', 'return {struct.unpack("<Hbc0", "\\1\\2\\3abc")}', [513, 'abc', 7]],
  ['struct', 'return struct.size("!4bI")', 8],
  [
    'struct',
    'return struct.unpack("I", "a")',
    "ERR user_script:1: bad argument #2 to 'unpack' (data string too short)",
  ],
  ['bit', 'return {bit.band(255, 15), bit.bor(1, 8), bit.bxor(7, 2), bit.bnot(0)}', [15, 9, 5, -1]],
  [
    'bit',
    'return {bit.lshift(1, 31), bit.rshift(-1, 28), bit.arshift(-16, 2), bit.rol(0x12345678, 8)}',
    [-2147483648, 15, -4, 878082066],
  ],
  [
    'bit',
    'return {bit.tohex(255), bit.tohex(-1, -4), bit.bswap(0x12345678)}',
    ['000000ff', 'FFFF', 2018915346],
  ],
] as const)('%s', (_library, source, result) => {
  test(source, () => {
    expect(evaluate(source)).toEqual(result);
  });
});
