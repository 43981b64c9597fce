/** The arguments of pub/sub, in the notation of argument-syntax.ts. */
export const pubsubSyntax: Readonly<Record<string, string>> = {
  psubscribe: 'pattern:pattern...',
  publish: 'channel message',
  'pubsub|channels': '[pattern:pattern]',
  'pubsub|numsub': '[channel...]',
  'pubsub|shardchannels': '[pattern:pattern]',
  'pubsub|shardnumsub': '[shardchannel...]',
  punsubscribe: '[pattern:pattern...]',
  spublish: 'shardchannel message',
  ssubscribe: 'shardchannel...',
  subscribe: 'channel...',
  sunsubscribe: '[shardchannel...]',
  unsubscribe: '[channel...]',
};
