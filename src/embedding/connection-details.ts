/** How clients connect, in the shapes that the options of ioredis, node-redis and iovalkey have. */
import type { HostAndPort } from '../client/address.js';

/** For `new Redis(...)` of ioredis and iovalkey. */
export interface IoredisOptions {
  host: string;
  port: number;
  password?: string;
}

/** For `createClient(...)` of node-redis. */
export interface NodeRedisOptions {
  socket: { host: string; port: number };
  password?: string;
}

/** For `new Redis(...)` of ioredis and iovalkey, which then ask the sentinels. */
export interface IoredisSentinelOptions {
  sentinels: { host: string; port: number }[];
  name: string;
  password?: string;
}

/** For `createSentinel(...)` of node-redis. */
export interface NodeRedisSentinelOptions {
  name: string;
  sentinelRootNodes: { host: string; port: number }[];
  nodeClientOptions: { password?: string };
}

/** For `new Cluster(...)` of ioredis and iovalkey: its two arguments. */
export type IoredisClusterArguments = [
  nodes: { host: string; port: number }[],
  options: { redisOptions: { password?: string } },
];

/** For `createCluster(...)` of node-redis. */
export interface NodeRedisClusterOptions {
  rootNodes: { socket: { host: string; port: number } }[];
  defaults: { password?: string };
}

export function ioredisOptions(address: HostAndPort, password: string | undefined): IoredisOptions {
  return { ...copyOf(address), ...secret(password) };
}

export function nodeRedisOptions(address: HostAndPort, password: string | undefined): NodeRedisOptions {
  return { socket: copyOf(address), ...secret(password) };
}

export function ioredisSentinelOptions(
  sentinels: readonly HostAndPort[],
  name: string,
  password: string | undefined,
): IoredisSentinelOptions {
  return { sentinels: sentinels.map(copyOf), name, ...secret(password) };
}

export function nodeRedisSentinelOptions(
  sentinels: readonly HostAndPort[],
  name: string,
  password: string | undefined,
): NodeRedisSentinelOptions {
  return { name, sentinelRootNodes: sentinels.map(copyOf), nodeClientOptions: secret(password) };
}

export function ioredisClusterArguments(
  nodes: readonly HostAndPort[],
  password: string | undefined,
): IoredisClusterArguments {
  return [nodes.map(copyOf), { redisOptions: secret(password) }];
}

export function nodeRedisClusterOptions(
  nodes: readonly HostAndPort[],
  password: string | undefined,
): NodeRedisClusterOptions {
  return { rootNodes: nodes.map((node) => ({ socket: copyOf(node) })), defaults: secret(password) };
}

/** Clients fill in and change what they are given. */
function copyOf({ host, port }: HostAndPort): { host: string; port: number } {
  return { host, port };
}

function secret(password: string | undefined): { password?: string } {
  return password === undefined ? {} : { password };
}
