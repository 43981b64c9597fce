/**
 * How clients are told to reach a node: by address, by host name, or by whatever they came here with
 * (`cluster-preferred-endpoint-type`).
 *
 * Reference: Redis Cluster 7.2.
 */
import type { ClusterNode } from './view/node.js';

export type EndpointType = 'ip' | 'hostname' | 'unknown-endpoint';

/** What stands for the name of a node that has none although names are preferred. */
export const NO_HOSTNAME = '?';

/** The host in a redirection; empty: the one that the client is connected to. */
export function redirectionHost(node: ClusterNode, preferred: EndpointType): string {
  switch (preferred) {
    case 'ip':
      return node.host;
    case 'hostname':
      return node.hostname === '' ? NO_HOSTNAME : node.hostname;
    case 'unknown-endpoint':
      return '';
  }
}
