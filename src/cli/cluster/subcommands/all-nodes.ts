/** `call` and `set-timeout`: the same for every node. */
import { ReplyError, type Reply } from '../../../client/reply.js';
import { bytesFromText } from '../../../resp/ascii.js';
import type { WireReply } from '../../../resp/reply-reader.js';
import { leadingInteger } from '../../leading-number.js';
import { formatReply } from '../../reply-format.js';
import { Cluster } from '../cluster.js';
import { ClusterManagerError, NodeReplyError } from '../errors.js';
import { readAddress, type Subcommand } from './subcommand.js';

const LEAST_TIMEOUT_MS = 100;

export const call: Subcommand = {
  name: 'call',
  arity: -2,
  synopsis: 'host:port command arg arg .. arg',
  options: ['only-masters', 'only-replicas'],
  async run(session, [word = '', ...command]) {
    const { report, options } = session;
    const cluster = await Cluster.load(session, readAddress([word]));
    const bytes = command.map(bytesFromText);
    report.infoText('>>> Calling');
    report.line(bytes.map((argument) => ` ${argument}`).join(''));
    for (const node of cluster.nodes) {
      if (node.isMaster ? options.onlyReplicas : options.onlyMasters) continue;
      try {
        const reply = wireReplyOf(await node.ask(...bytes));
        report.line(`${node.address}: ${formatReply(reply, RAW, true)}`);
      } catch (error) {
        if (!(error instanceof ClusterManagerError)) throw error;
        report.line(`${node.address}: Failed!`);
      }
    }
    return true;
  },
};

export const setNodeTimeout: Subcommand = {
  name: 'set-timeout',
  arity: 2,
  synopsis: 'host:port milliseconds',
  options: [],
  async run(session, [word = '', milliseconds = '']) {
    const { report } = session;
    const address = readAddress([word]);
    const timeoutMs = leadingInteger(milliseconds);
    if (timeoutMs < LEAST_TIMEOUT_MS) {
      report.complaint(`Setting a node timeout of less than ${LEAST_TIMEOUT_MS} milliseconds is a bad idea.`);
      return false;
    }
    const cluster = await Cluster.load(session, address);
    report.info('>>> Reconfiguring node timeout in every cluster node...');
    let succeeded = 0;
    for (const node of cluster.nodes) {
      try {
        await node.call('CONFIG', 'SET', 'cluster-node-timeout', String(timeoutMs));
        await node.call('CONFIG', 'REWRITE');
        report.warning(`*** New timeout set for ${node.address}`);
        succeeded++;
      } catch (error) {
        if (!(error instanceof ClusterManagerError)) throw error;
        const reason = error instanceof NodeReplyError ? error.reply : '';
        report.error(`ERR setting node-timeout for ${node.address}: ${reason}`);
      }
    }
    const failed = cluster.nodes.length - succeeded;
    report.info(`>>> New node timeout set. ${succeeded} OK, ${failed} ERR.`);
    return true;
  },
};

const RAW = { mode: 'raw', elementDelimiter: '\n', replyDelimiter: '\n' } as const;

function wireReplyOf(reply: Reply): WireReply {
  if (reply === null) return { type: 'null' };
  if (reply instanceof ReplyError) return { type: 'error', text: reply.message };
  if (Array.isArray(reply)) return { type: 'array', items: reply.map(wireReplyOf) };
  if (typeof reply === 'number') return { type: 'integer', digits: String(reply) };
  return { type: 'bulk', text: reply };
}
