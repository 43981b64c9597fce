import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CommandLink, type CommandLinkOwner } from '../../../src/client/command-link.js';
import { ClientError } from '../../../src/client/errors.js';
import { fieldsOf, ReplyError, type Reply } from '../../../src/client/reply.js';
import { ScriptedNetwork } from './scripted-network.js';

class RecordingOwner implements CommandLinkOwner {
  readonly events: string[] = [];
  readonly messages: Reply[] = [];
  closedWith: Error | null | undefined = undefined;

  onConnect(): void {
    this.events.push('connect');
  }
  onClose(error: Error | null): void {
    this.events.push('close');
    this.closedWith = error;
  }
  onMessage(reply: Reply): void {
    this.messages.push(reply);
  }
}

function connectedLink() {
  const network = new ScriptedNetwork();
  const owner = new RecordingOwner();
  const link = new CommandLink(network, { host: '127.0.0.1', port: 6379 }, {}, owner);
  const peer = network.last;
  peer.establish();
  return { link, owner, peer };
}

/** Sends one command per expected reply and returns what came back for the given bytes. */
function repliesTo(bytes: string | Buffer, count: number, cuts: readonly number[] = []): Reply[] {
  const { link, peer } = connectedLink();
  const replies: Reply[] = [];
  for (let i = 0; i < count; i++) link.send(['PING'], (reply) => replies.push(reply));
  const whole = Buffer.from(bytes as string, 'latin1');
  let from = 0;
  for (const cut of [...cuts, whole.length]) {
    peer.receive(whole.subarray(from, cut));
    from = cut;
  }
  return replies;
}

describe('replies', () => {
  test('every RESP2 type arrives as its plain value', () => {
    const bytes =
      '+OK\r\n:42\r\n:-7\r\n$3\r\nabc\r\n$0\r\n\r\n$-1\r\n*-1\r\n*2\r\n:1\r\n*1\r\n$1\r\nx\r\n*0\r\n';
    expect(repliesTo(bytes, 9)).toEqual(['OK', 42, -7, 'abc', '', null, null, [1, ['x']], []]);
  });

  test('a line that looks like a reply of its own may be the rest of another one', () => {
    const bulk = 'ab\r\n+PONG\r\ncd';
    const head = `+OK\r\n$${bulk.length}\r\nab\r\n`;
    const whole = `+OK\r\n$${bulk.length}\r\n${bulk}\r\n+PONG\r\n`;
    const cuts = [head.length, head.length + '+PONG\r\n'.length, whole.length - '+PONG\r\n'.length];
    expect(repliesTo(whole, 3, cuts)).toEqual(['OK', bulk, 'PONG']);
  });

  test('bytes above 0x7f stay bytes, in strings and in error texts', () => {
    expect(repliesTo('$4\r\n\xff\x00\xc3\xa9\r\n+\x80\xfe\r\n', 2)).toEqual(['\xff\x00\xc3\xa9', '\x80\xfe']);
    const [error] = repliesTo('-ERR caf\xc3\xa9\r\n', 1);
    expect((error as ReplyError).message).toBe('ERR caf\xc3\xa9');
  });

  test('an error is a value with its code, at the top and inside an array', () => {
    const [error, array] = repliesTo('-NOAUTH Authentication required.\r\n*2\r\n-ERR no\r\n:1\r\n', 2);
    expect(error).toBeInstanceOf(ReplyError);
    expect((error as ReplyError).code).toBe('NOAUTH');
    expect((error as ReplyError).message).toBe('NOAUTH Authentication required.');
    expect((array as Reply[])[0]).toBeInstanceOf(ReplyError);
    expect((array as Reply[])[1]).toBe(1);
  });

  test('an integer beyond 2^53 is its exact text', () => {
    expect(repliesTo(':9007199254740991\r\n:9007199254740993\r\n:-9223372036854775808\r\n', 3)).toEqual([
      9007199254740991,
      '9007199254740993',
      '-9223372036854775808',
    ]);
  });

  test('replies are the same however the bytes are cut', () => {
    const large = 'v'.repeat(70_000);
    const bytes = `+OK\r\n*3\r\n$4\r\na\r\nb\r\n*2\r\n:1\r\n$${large.length}\r\n${large}\r\n-ERR x\r\n$2\r\nhi\r\n:12345678901234567890\r\n`;
    const whole = repliesTo(bytes, 4);
    expect(whole).toHaveLength(4);
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 8 }), (cuts) => {
        cuts.sort((a, b) => a - b);
        expect(repliesTo(bytes, 4, cuts)).toEqual(whole);
      }),
      { numRuns: 300 },
    );
    const small = '*2\r\n*2\r\n$3\r\na\rb\r\n*-1\r\n*1\r\n+x\r\n$-1\r\n';
    const everyByte = Array.from({ length: small.length - 1 }, (_, i) => i + 1);
    expect(repliesTo(small, 2, everyByte)).toEqual([[['a\rb', null], ['x']], null]);
  });

  test('a flat array of names and values reads as fields', () => {
    expect(fieldsOf(['ip', '127.0.0.1', 'port', '26379', 'odd'])).toEqual(
      new Map([
        ['ip', '127.0.0.1'],
        ['port', '26379'],
      ]),
    );
    expect(fieldsOf(null)).toBeNull();
  });
});

describe('sending', () => {
  test('commands are RESP arrays of bulk strings, pipelined, answered in order', () => {
    const { link, peer } = connectedLink();
    const replies: Reply[] = [];
    link.send(['SET', 'k', '\xff\r\n'], (reply) => replies.push(reply));
    link.send(['GET', 'k'], null);
    link.send(['INFO'], (reply) => replies.push(reply));
    expect(peer.sent).toBe(
      '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3\r\n\xff\r\n\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*1\r\n$4\r\nINFO\r\n',
    );
    expect(link.pendingCount).toBe(3);
    peer.receive('+OK\r\n$1\r\nv\r\n+info\r\n');
    expect(replies).toEqual(['OK', 'info']);
    expect(link.pendingCount).toBe(0);
  });

  test('what is sent before the connection stands goes out when it does', () => {
    const network = new ScriptedNetwork();
    const owner = new RecordingOwner();
    const link = new CommandLink(network, { host: 'h', port: 1 }, { sourceAddress: '127.0.0.2' }, owner);
    link.send(['PING'], null);
    expect(network.last.sent).toBe('');
    expect(network.last.options).toEqual({ sourceAddress: '127.0.0.2' });
    expect(link.connected).toBe(false);
    network.last.establish();
    expect(network.last.sent).toBe('*1\r\n$4\r\nPING\r\n');
    expect(link.connected).toBe(true);
    expect(link.localAddress).toBe('127.0.0.9');
    expect(owner.events).toEqual(['connect']);
  });

  test('text that nobody has turned into bytes is refused', () => {
    const { link, peer } = connectedLink();
    expect(() => link.send(['ECHO', '\u20ac'], null)).toThrow(RangeError);
    expect(peer.sent).toBe('');
  });

  test('a callback may send the next command', () => {
    const { link, peer } = connectedLink();
    const replies: Reply[] = [];
    link.send(['ROLE'], (first) => link.send(['PING'], (second) => replies.push(first, second)));
    peer.receive('+role\r\n');
    peer.receive('+PONG\r\n');
    expect(replies).toEqual(['role', 'PONG']);
  });
});

describe('pub/sub', () => {
  test('replies due before SUBSCRIBE go to their callbacks, everything after it to the owner', () => {
    const { link, owner, peer } = connectedLink();
    const replies: Reply[] = [];
    link.send(['AUTH', 'x'], (reply) => replies.push(reply));
    link.subscribe(['__sentinel__:hello']);
    link.send(['PING'], null);
    peer.receive(
      '+OK\r\n*3\r\n$9\r\nsubscribe\r\n$18\r\n__sentinel__:hello\r\n:1\r\n*2\r\n$4\r\npong\r\n$0\r\n\r\n',
    );
    peer.receive('*3\r\n$7\r\nmessage\r\n$18\r\n__sentinel__:hello\r\n$1\r\nm\r\n');
    expect(replies).toEqual(['OK']);
    expect(owner.messages).toEqual([
      ['subscribe', '__sentinel__:hello', 1],
      ['pong', ''],
      ['message', '__sentinel__:hello', 'm'],
    ]);
  });

  test('a refused SUBSCRIBE is told as an error message', () => {
    const { link, owner, peer } = connectedLink();
    link.subscribe(['c']);
    peer.receive('-NOPERM no permissions\r\n');
    expect(owner.messages[0]).toBeInstanceOf(ReplyError);
  });

  test('asking for a reply in pub/sub mode is a mistake of the caller', () => {
    const { link } = connectedLink();
    link.subscribe(['c']);
    expect(() => link.send(['PING'], () => undefined)).toThrow(/pub\/sub/);
  });
});

describe('the end of a link', () => {
  test('the owner is told once, pending callbacks are dropped', () => {
    const { link, owner, peer } = connectedLink();
    const replies: Reply[] = [];
    link.send(['PING'], (reply) => replies.push(reply));
    const reset = new Error('ECONNRESET');
    peer.handler.onClose(reset);
    peer.handler.onClose(null);
    expect(owner.events).toEqual(['connect', 'close']);
    expect(owner.closedWith).toBe(reset);
    expect(replies).toEqual([]);
    expect(link.connected).toBe(false);
    expect(link.pendingCount).toBe(0);
  });

  test('a peer that ends its side closes the link without an error', () => {
    const { owner, peer } = connectedLink();
    peer.handler.onEnd();
    expect(owner.closedWith).toBeNull();
    expect(peer.destroyed).toBe(true);
  });

  test('an owner that closes hears nothing more, not even replies already received', () => {
    const { link, owner, peer } = connectedLink();
    const replies: Reply[] = [];
    link.send(['A'], (reply) => {
      replies.push(reply);
      link.close();
    });
    link.send(['B'], (reply) => replies.push(reply));
    peer.receive('+1\r\n+2\r\n');
    expect(replies).toEqual(['1']);
    expect(owner.events).toEqual(['connect']);
    link.send(['C'], () => replies.push('never'));
    expect(peer.destroyed).toBe(true);
  });

  test('a refusal that answers nothing closes the link with its text', () => {
    const { owner, peer } = connectedLink();
    peer.receive('-ERR max number of clients reached\r\n');
    expect(owner.closedWith).toBeInstanceOf(ClientError);
    expect(owner.closedWith).toMatchObject({
      code: 'UNEXPECTED_REPLY',
      message: 'ERR max number of clients reached',
    });
  });

  test.each([
    ['an unknown type', '?what\r\n'],
    ['HTTP', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
    ['an unknown type inside an array', '*2\r\n:1\r\n!\r\n'],
    ['an array longer than memory', '*99999999999\r\n'],
    ['nesting without end', '*1\r\n'.repeat(200_000)],
  ])('%s closes the link with a protocol error', (_, bytes) => {
    const { link, owner, peer } = connectedLink();
    link.send(['PING'], () => expect.unreachable('there is no reply'));
    peer.receive(bytes);
    expect(owner.closedWith).toBeInstanceOf(ClientError);
    expect(owner.closedWith).toMatchObject({ code: 'PROTOCOL' });
    expect(peer.destroyed).toBe(true);
  });

  test('replies before a protocol error are still delivered', () => {
    const { link, owner, peer } = connectedLink();
    const replies: Reply[] = [];
    link.send(['A'], (reply) => replies.push(reply));
    peer.receive('+fine\r\n?');
    expect(replies).toEqual(['fine']);
    expect(owner.closedWith).toMatchObject({ code: 'PROTOCOL' });
  });

  test('a bulk announced too long is not buffered for ever', () => {
    const { link, owner, peer } = connectedLink();
    link.send(['GET', 'x'], () => expect.unreachable('there is no reply'));
    peer.receive('$9999999999\r\n');
    const chunk = Buffer.alloc(8 * 1024 * 1024);
    for (let i = 0; i < 20 && owner.closedWith === undefined; i++) peer.receive(chunk);
    expect(owner.closedWith).toMatchObject({ code: 'PROTOCOL' });
  });

  test('an exception in a callback reaches the caller and repeats no reply', () => {
    const { link, peer } = connectedLink();
    const replies: Reply[] = [];
    link.send(['A'], () => {
      throw new Error('mine');
    });
    link.send(['B'], (reply) => replies.push(reply));
    expect(() => peer.receive('+1\r\n')).toThrow('mine');
    peer.receive('+2\r\n');
    expect(replies).toEqual(['2']);
  });

  test('no bytes whatever make a link throw', () => {
    const piece = fc.oneof(
      fc.constantFrom('*', '$', '+', '-', ':', '\r\n', '1', '-1', '0', '3', '99999999999999999999', 'abc'),
      fc.string({ unit: 'binary-ascii', maxLength: 4 }),
    );
    fc.assert(
      fc.property(fc.array(fc.array(piece, { maxLength: 12 }), { maxLength: 6 }), (chunks) => {
        const { link, peer } = connectedLink();
        for (let i = 0; i < 50; i++) link.send(['PING'], () => undefined);
        for (const chunk of chunks) peer.receive(chunk.join(''));
      }),
      { numRuns: 2000 },
    );
  });
});
