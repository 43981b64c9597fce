import { expect, test } from 'vitest';
import { introduceAll } from '../../../src/lab/cluster-formation.js';
import type { Member } from '../../../src/lab/member.js';
import { VirtualWorld } from '../../../src/platform/virtual/index.js';

/** A node that learns of another one when it is introduced, unless that handshake takes too long. */
class ScriptedNode {
  readonly address: { readonly host: string; readonly port: number };
  readonly announced: { readonly host: string; readonly port: number };
  readonly known = new Set<ScriptedNode>();
  meetings = 0;

  constructor(
    readonly name: string,
    port: number,
    private readonly peers: readonly ScriptedNode[],
    private readonly failures: number,
  ) {
    this.address = this.announced = { host: '127.0.0.1', port };
  }

  call(_command: string, subcommand: string, _host?: string, port?: string): Promise<string> {
    if (subcommand === 'MEET') {
      if (++this.meetings > this.failures) {
        const peer = this.peers.find(({ address }) => String(address.port) === port)!;
        this.known.add(peer);
        peer.known.add(this);
      }
      return Promise.resolve('OK');
    }
    const line = (node: ScriptedNode, flags: string): string =>
      `${node.name} 127.0.0.1:${node.address.port}@1 ${flags} - 0 0 0 connected`;
    return Promise.resolve(
      [line(this, 'myself,master'), ...[...this.known].map((node) => line(node, 'master'))].join('\n'),
    );
  }
}

test('a handshake that took too long and was forgotten is begun again, after a while', async () => {
  const world = new VirtualWorld();
  const platform = world.createProcess('operator');
  const nodes: ScriptedNode[] = [];
  for (const [index, failures] of [0, 2, 0].entries()) {
    nodes.push(new ScriptedNode(`node-${index + 1}`, 7000 + index, nodes, failures));
  }
  let isDone = false;
  const introduced = introduceAll(platform, nodes as unknown as Member[], () => 10_000).then(() => {
    isDone = true;
  });
  while (!isDone && world.nowMs < 10_000) {
    world.advance(10);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await introduced;
  // The first knows both others at once; the second is introduced to the third until that works.
  expect(nodes.map(({ meetings }) => meetings)).toEqual([2, 3, 0]);
  expect(nodes.map(({ known }) => known.size)).toEqual([2, 2, 2]);
  expect(world.nowMs).toBeGreaterThanOrEqual(2000);
  expect(world.nowMs).toBeLessThan(3000);
});
