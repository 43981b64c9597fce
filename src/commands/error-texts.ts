/** The error texts that many commands share, exactly as Redis 7.2 words them. Texts of one command stand with it. */

export const WRONG_TYPE = 'WRONGTYPE Operation against a key holding the wrong kind of value';
export const SYNTAX_ERROR = 'ERR syntax error';
export const NOT_AN_INTEGER = 'ERR value is not an integer or out of range';
export const NOT_A_FLOAT = 'ERR value is not a valid float';
export const NO_SUCH_KEY = 'ERR no such key';
export const OUT_OF_RANGE = 'ERR value is out of range';
export const NOT_POSITIVE = 'ERR value is out of range, must be positive';
export const INDEX_OUT_OF_RANGE = 'ERR index out of range';
export const SAME_OBJECT = 'ERR source and destination objects are the same';
export const DATABASE_OUT_OF_RANGE = 'ERR DB index is out of range';
export const WOULD_OVERFLOW = 'ERR increment or decrement would overflow';
export const WOULD_BE_INFINITE = 'ERR increment would produce NaN or Infinity';
export const TIMEOUT_NOT_A_FLOAT = 'ERR timeout is not a float or out of range';
export const TIMEOUT_NEGATIVE = 'ERR timeout is negative';
export const TIMEOUT_OUT_OF_RANGE = 'ERR timeout is out of range';

export function wrongArgumentCount(commandName: string): string {
  return `ERR wrong number of arguments for '${commandName}' command`;
}

export function invalidExpireTime(commandName: string): string {
  return `ERR invalid expire time in '${commandName}' command`;
}
