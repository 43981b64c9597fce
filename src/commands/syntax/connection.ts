/** The arguments of the commands about the connection, in the notation of argument-syntax.ts. */
export const connectionSyntax: Readonly<Record<string, string>> = {
  auth: '[username^6.0.0] password',
  'client|caching': 'mode<YES|NO>',
  'client|kill':
    'filter<old-format/ip:port!2.8.12|new-format<[ID=client-id:integer^2.8.12]|[TYPE=client-type<NORMAL|MASTER^3.2.0|SLAVE|REPLICA^5.0.0|PUBSUB>^2.8.12]|[USER=username]|[ADDR=addr/ip:port]|[LADDR=laddr/ip:port^6.2.0]|[SKIPME=skipme<YES|NO>]>...>',
  'client|list': '[TYPE=client-type<NORMAL|MASTER|REPLICA|PUBSUB>^5.0.0] [ID=client-id:integer...^6.2.0]',
  'client|no-evict': 'enabled<ON|OFF>',
  'client|no-touch': 'enabled<ON|OFF>',
  'client|pause': 'timeout:integer [mode<WRITE|ALL>^6.2.0]',
  'client|reply': 'action<ON|OFF|SKIP>',
  'client|setinfo': 'attr<LIB-NAME=libname|LIB-VER=libver>',
  'client|setname': 'connection-name',
  'client|tracking':
    'status<ON|OFF> [REDIRECT=client-id:integer] [PREFIX...=prefix] [BCAST(BCAST)] [OPTIN(OPTIN)] [OPTOUT(OPTOUT)] [NOLOOP(NOLOOP)]',
  'client|unblock': 'client-id:integer [unblock-type<TIMEOUT|ERROR>]',
  echo: 'message',
  hello: '[arguments{protover:integer [AUTH=auth{username password}] [SETNAME=clientname]}]',
  ping: '[message]',
  select: 'index:integer',
};
