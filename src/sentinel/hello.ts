/**
 * Hello messages: how sentinels that watch the same master find each other and spread its configuration.
 *
 * Eight comma-separated fields, without escaping, on one channel. They are not authenticated; what does not parse
 * is ignored, and an epoch that is none is refused here, before it can spread.
 */
import { parseEpoch, type Epoch } from '../failover/epoch.js';
import { toNodeId, type NodeId } from '../failover/identity.js';
import { parsePort } from './address.js';

export const HELLO_CHANNEL = '__sentinel__:hello';

export interface Hello {
  readonly host: string;
  readonly port: number;
  readonly runId: NodeId;
  readonly currentEpoch: Epoch;
  readonly masterName: string;
  readonly masterHost: string;
  readonly masterPort: number;
  readonly configEpoch: Epoch;
}

const FIELD_COUNT = 8;

export function formatHello(hello: Hello): string {
  return [
    hello.host,
    hello.port,
    hello.runId,
    hello.currentEpoch,
    hello.masterName,
    hello.masterHost,
    hello.masterPort,
    hello.configEpoch,
  ].join(',');
}

/**
 * Reads a hello. Null when it is none.
 * An empty host is refused, too: it would replace a good address by one that nobody can reach.
 */
export function parseHello(payload: string): Hello | null {
  const fields = payload.split(',');
  if (fields.length < FIELD_COUNT) return null;
  const [host, portText, runId, currentText] = fields;
  const [masterHost, masterPortText, configText] = fields.slice(-3);
  // Nothing is escaped: a name with commas is whatever is left in the middle.
  const masterName = fields.slice(4, -3).join(',');
  const port = parsePort(portText);
  const masterPort = parsePort(masterPortText);
  const currentEpoch = parseEpoch(currentText);
  const configEpoch = parseEpoch(configText);
  if (port === null || masterPort === null || currentEpoch === null || configEpoch === null) return null;
  if (host === '' || runId === '' || masterHost === '') return null;
  return {
    host,
    port,
    runId: toNodeId(runId),
    currentEpoch,
    masterName,
    masterHost,
    masterPort,
    configEpoch,
  };
}
