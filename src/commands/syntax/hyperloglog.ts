/** The arguments of HyperLogLogs, in the notation of argument-syntax.ts. */
export const hyperloglogSyntax: Readonly<Record<string, string>> = {
  pfadd: 'key@0 [element...]',
  pfcount: 'key@0...',
  pfdebug: 'subcommand key@0',
  pfmerge: 'destkey@0 [sourcekey@1...]',
};
