/** The arguments of hashes, in the notation of argument-syntax.ts. */
export const hashSyntax: Readonly<Record<string, string>> = {
  hdel: 'key@0 field...',
  hexists: 'key@0 field',
  hget: 'key@0 field',
  hgetall: 'key@0',
  hincrby: 'key@0 field increment:integer',
  hincrbyfloat: 'key@0 field increment:double',
  hkeys: 'key@0',
  hlen: 'key@0',
  hmget: 'key@0 field...',
  hmset: 'key@0 data{field value}...',
  hrandfield: 'key@0 [options{count:integer [WITHVALUES]}]',
  hscan: 'key@0 cursor:integer [MATCH=pattern:pattern] [COUNT=count:integer]',
  hset: 'key@0 data{field value}...',
  hsetnx: 'key@0 field value',
  hstrlen: 'key@0 field',
  hvals: 'key@0',
};
