import {
  encodeFunctionData,
  erc20Abi,
  type Hex,
  maxUint256,
  serializeTransaction,
  type TransactionSerializable,
  toRlp,
} from 'viem';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Person } from './person.ts';
import { readRecording } from './recording.ts';

const path = '058000002c8000003c800000000000000000000000';
const to = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8';
const usdc: Hex = '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48';
const usdcInformation = readRecording('eth-sign-erc20-approve').exchanges[0]?.command ?? '';
const base = { type: 'eip1559', chainId: 1, to, gas: 21_000n, maxFeePerGas: 1n } as const;

/** Sends bytes in chunks, the first after the path; the last answer, or undefined while a review is on. */
function send(person: Person, ins: string, payload: string, size = 255): string | undefined {
  const bytes = path + payload;
  let answer: string | undefined;
  for (let at = 0; at < bytes.length; at += size * 2) {
    const chunk = bytes.slice(at, at + size * 2);
    const length = (chunk.length / 2).toString(16).padStart(2, '0');
    answer = person.send(`e0${ins}${at === 0 ? '00' : '80'}00${length}${chunk}`);
    if (answer !== '9000') return answer;
  }
  return answer;
}

const sign = (person: Person, transaction: TransactionSerializable, size?: number): string | undefined =>
  send(person, '04', serializeTransaction(transaction).slice(2), size);

const signRaw = (person: Person, raw: Hex): string | undefined => send(person, '04', raw.slice(2));

/** Every screen of the review that is on, and leaves it refused. */
function walk(person: Person): string[] {
  const screens = [person.screen];
  for (;;) {
    person.press('right');
    if (person.screen === screens.at(-1)) break;
    screens.push(person.screen);
  }
  person.press('both');
  person.press('both');
  return screens;
}

const page = (screens: readonly string[], label: string): string | undefined =>
  screens.find((screen) => screen.startsWith(label));
const transfer = (amount: bigint): Hex =>
  encodeFunctionData({ abi: erc20Abi, functionName: 'transfer', args: [to, amount] });

describe('amounts and fees are shown as the real app shows them', () => {
  it('wraps the largest fee modulo 2²⁵⁶', () => {
    const person = new Person();
    sign(person, { ...base, gas: 2n ** 128n, maxFeePerGas: 2n ** 128n });
    expect(page(walk(person), 'Max fees')).toBe('Max fees\n0 ETH');
  });

  it('shows an empty page for a fee of 10⁴⁸ wei, and loses the ticker of 45 nines', () => {
    const person = new Person();
    sign(person, { ...base, gas: 10n ** 24n, maxFeePerGas: 10n ** 24n });
    expect(page(walk(person), 'Max fees')).toBe('Max fees');
    sign(person, { ...base, gas: 1n, maxFeePerGas: 10n ** 45n - 1n });
    expect(page(walk(person), 'Max fees')).not.toContain('ETH');
    sign(person, { ...base, gas: 1n, maxFeePerGas: 10n ** 44n - 1n });
    expect(
      walk(person)
        .filter((screen) => screen.startsWith('Max fees'))
        .join(),
    ).toContain('ETH');
  });

  it('answers 6807 to an amount that doesn’t fit 49 characters, without a screen', () => {
    const person = new Person();
    expect(sign(person, { ...base, value: 10n ** 45n - 1n })).toBe('6807');
    expect(person.screen).toBe('Ethereum\napp is ready');
    expect(sign(person, { ...base, value: 10n ** 44n - 1n })).toBeUndefined();
    walk(person);
  });

  it('pages a long token amount, and calls the largest unlimited', () => {
    const person = new Person();
    person.send(usdcInformation);
    sign(person, { ...base, to: usdc, data: transfer(maxUint256 - 1n) });
    expect(page(walk(person), 'Send (1/')).toBeDefined();
    person.send(usdcInformation);
    sign(person, { ...base, to: usdc, data: transfer(maxUint256) });
    expect(page(walk(person), 'Send')).toBe('Send\nUnlimited USDC');
  });

  it('names the network after the fees, and the number of one that it doesn’t know', () => {
    const person = new Person();
    sign(person, { ...base, chainId: 137 });
    const polygon = walk(person);
    expect(polygon.slice(-4, -2)).toEqual(['Max fees\n0.000000000000021 \nPOL', 'Network\nPolygon']);
    sign(person, { ...base, chainId: 987654321 });
    expect(page(walk(person), 'Network')).toBe('Network\n987654321');
  });

  it('names the network before the fees of a token transfer, which has no amount where the token is unknown', () => {
    const person = new Person();
    person.enableBlindSigning();
    sign(person, { ...base, chainId: 137, to: usdc, data: transfer(1n) });
    person.press('both');
    const labels = walk(person).map((screen) => screen.split('\n')[0]);
    expect(labels).toEqual([
      'Review transaction to ',
      'From',
      'Network',
      'Max fees',
      'Accept risk and ',
      'Reject transaction',
    ]);
  });

  it('shows nonce and hash where the settings say so', () => {
    const person = new Person();
    person.select('App settings');
    person.select('Nonce');
    person.select('Transaction hash');
    person.select('Back');
    sign(person, { ...base, nonce: 7 });
    const screens = walk(person);
    expect(page(screens, 'Nonce')).toBe('Nonce\n7');
    expect(page(screens, 'Tx hash')).toBeDefined();
  });
});

describe('calldata', () => {
  it('is refused unless understood, where blind signing is off', () => {
    const person = new Person();
    for (const data of ['0x01', '0x010203', '0x01020304', '0x23b872dd'] as const) {
      expect(sign(person, { ...base, data })).toBe('6a80');
    }
    const { to: _nobody, ...creation } = base;
    expect(sign(person, { ...creation, data: '0x6000' })).toBe('6a80');
    expect(sign(person, { ...base, to: usdc, data: transfer(1n) })).toBe('6a80');
  });

  it('of a token call that also sends ether is refused, blind signing or not', () => {
    const person = new Person();
    person.enableBlindSigning();
    expect(sign(person, { ...base, to: usdc, value: 1n, data: transfer(1n) })).toBe('6a80');
  });

  it('is put together from any chunks that don’t cut the selector', () => {
    const person = new Person();
    const transaction = { ...base, to: usdc, data: transfer(1_234_567n) };
    for (const size of [60, 61, 80, 100, 255]) {
      person.send(usdcInformation);
      expect(sign(person, transaction, size)).toBeUndefined();
      expect(page(walk(person), 'Send')).toBe('Send\n1.234567 USDC');
    }
    person.enableBlindSigning();
    person.send(usdcInformation);
    const selectorAt = (path + serializeTransaction(transaction).slice(2)).indexOf('a9059cbb') / 2;
    expect(sign(person, transaction, selectorAt + 2)).toBe('6a80');
  });

  it('of more than four words is no token call', () => {
    const person = new Person();
    const data = (bytes: number): Hex => `${transfer(1n)}${'61'.repeat(bytes)}`;
    person.send(usdcInformation);
    expect(sign(person, { ...base, to: usdc, data: data(64) })).toBeUndefined();
    expect(page(walk(person), 'Extra Data')).toContain('aaa');
    for (const extra of [65, 96]) {
      person.send(usdcInformation);
      expect(sign(person, { ...base, to: usdc, data: data(extra) })).toBe('6a80');
    }
  });
});

describe('token information', () => {
  it('is believed only with Ledger’s signature', () => {
    const person = new Person();
    const forged = usdcInformation.replace('55534443', '55534444');
    expect(forged).not.toBe(usdcInformation);
    expect(person.send(forged)).toBe('6a80');
    expect(person.send(usdcInformation)).toBe('009000');
    expect(person.send('e00a000003045553')).toBe('6a80');
    expect(person.send(usdcInformation.replace('e00a00', 'e00a02'))).toBe('6b00');
  });

  it('holds for one signature', () => {
    const person = new Person();
    person.send(usdcInformation);
    sign(person, { ...base, to: usdc, data: transfer(1n) });
    walk(person);
    expect(sign(person, { ...base, to: usdc, data: transfer(1n) })).toBe('6a80');
  });

  it('is for its own chain', () => {
    const person = new Person();
    person.send(usdcInformation);
    expect(sign(person, { ...base, chainId: 5, to: usdc, data: transfer(1n) })).toBe('6a80');
  });

  it('is lost to an unfinished transaction before it', () => {
    const person = new Person();
    expect(signRaw(person, '0xffffffff')).toBe('9000');
    person.send(usdcInformation);
    expect(sign(person, { ...base, to: usdc, data: transfer(1n) })).toBe('6a80');
  });
});

describe('the parser is as lenient as the real one, and no more', () => {
  it('takes a recipient of 19 bytes', () => {
    const person = new Person();
    expect(
      signRaw(
        person,
        `0x02${toRlp(['0x01', '0x', '0x', '0x01', '0x01', `0x${'11'.repeat(19)}`, '0x', '0x', []]).slice(2)}`,
      ),
    ).toBeUndefined();
    expect(page(walk(person), 'To')).toContain('0x1111');
  });

  it.each<[string, Hex]>([
    ['a recipient of 21 bytes', toRlp(['0x01', '0x', '0x', '0x01', '0x01', `0x${'11'.repeat(21)}`, '0x', '0x', []])],
    ['a value of 33 bytes', toRlp(['0x01', '0x', '0x', '0x01', '0x01', to, `0x${'11'.repeat(33)}`, '0x', []])],
    ['a list where a number is due', toRlp(['0x01', [], '0x', '0x01', '0x01', to, '0x', '0x', []])],
    ['a text where the access list is due', toRlp(['0x01', '0x', '0x', '0x01', '0x01', to, '0x', '0x', '0x01'])],
    ['no list at all', '0x820101'],
  ])('refuses %s', (_what, rlp) => {
    expect(signRaw(new Person(), `0x02${rlp.slice(2)}`)).toBe('6a80');
  });

  it('refuses a length above 32 bits', () => expect(signRaw(new Person(), '0xffffffffff')).toBe('6a80'));

  it('signs a legacy transaction without a chain id with v 27 or 28', () => {
    const person = new Person();
    signRaw(person, toRlp(['0x', '0x01', '0x5208', to, '0x01', '0x', '0x', '0x', '0x']));
    person.select('Sign transaction');
    expect(person.replies.at(-1)).toMatch(/^1[bc]/);
  });
});

describe('derivation paths', () => {
  it('outside the app’s own are 6a15, not hardened 6a12', () => {
    const person = new Person();
    const address = (hex: string) => person.send(`e0020000${(hex.length / 2).toString(16).padStart(2, '0')}${hex}`);
    expect(address('028000002c80000000')).toBe('6a15');
    expect(address('020000002c0000003c')).toBe('6a12');
    expect(address('028000002c8000003c')).toMatch(/9000$/);
    const raw = `028000002c80000000${serializeTransaction(base).slice(2)}`;
    expect(person.send(`e0040000${(raw.length / 2).toString(16)}${raw}`)).toBe('6a15');
  });
});

describe('the host is owed one answer a command', () => {
  it('so that a signature is dropped where another answer went out during its review', () => {
    const person = new Person();
    sign(person, base);
    expect(person.send('e006000000')).toBe('020116009000');
    person.select('Sign transaction');
    expect(person.screen).toBe('Transaction signed');
    expect(person.replies).toEqual(['020116009000']);
  });

  it('and a message for a path that isn’t the app’s gets its refusal only when approved', () => {
    const person = new Person();
    person.send('e00800000e028000002c800000000000000161');
    person.select('Sign message');
    expect(person.replies).toEqual(['6a15']);
  });
});

describe('a status', () => {
  afterEach(() => vi.useRealTimers());

  it('goes by itself after three seconds', () => {
    vi.useFakeTimers();
    const person = new Person();
    sign(person, base);
    person.select('Sign transaction');
    vi.advanceTimersByTime(2999);
    expect(person.screen).toBe('Transaction signed');
    vi.advanceTimersByTime(1);
    expect(person.screen).toBe('Ethereum\napp is ready');
  });

  it('that a new review replaced doesn’t end it', () => {
    vi.useFakeTimers();
    const person = new Person();
    sign(person, base);
    person.select('Sign transaction');
    sign(person, base);
    vi.advanceTimersByTime(10_000);
    expect(person.screen).toBe('Review transaction');
  });
});

describe('addresses and messages', () => {
  it('names no network that the app doesn’t know', () => {
    const person = new Person();
    person.send(`e00201001d${path}000000003ade68b1`);
    expect(person.screen).toBe('Verify address');
  });

  it('takes nothing but a chain id after the path', () => {
    expect(new Person().send(`e002000019${path}00000001`)).toBe('6a80');
  });

  it('shows white space as spaces and anything but ASCII as hex', () => {
    const person = new Person();
    const message = (text: string) => {
      const bytes = Buffer.from(text);
      send(person, '08', bytes.length.toString(16).padStart(8, '0') + bytes.toString('hex'));
      return page(walk(person), 'Message');
    };
    expect(message('two\nlines\tand more')).toBe('Message\ntwo lines and more');
    expect(message('café')).toBe('Message\n0x636166c3a9');
  });

  it('refuses more of a message than was announced, and goes home', () => {
    const person = new Person();
    expect(send(person, '08', '0000000261')).toBe('9000');
    expect(person.send('e0088000026161')).toBe('6a80');
    expect(person.send('e00880000161')).toBe('6a80');
  });

  it('refuses a message while a transaction is begun', () => {
    const person = new Person();
    signRaw(person, '0xffffffff');
    expect(send(person, '08', '0000000161')).toBe('6985');
  });
});

describe('typed data', () => {
  const define = (person: Person) => {
    for (const command of ['e01a000001' + '41', 'e01a00ff03' + '030178']) expect(person.send(command)).toBe('9000');
  };

  it('wants a definition before values, values before the signature', () => {
    expect(new Person().send('e01c00000141')).toBe('6985');
    expect(new Person().send(`e00c000115${path}`)).toBe('6985');
  });

  it('wants the domain before the message, and each once', () => {
    const person = new Person();
    person.enableBlindSigning();
    define(person);
    expect(person.send('e01c00000141')).toBe('6a80');
  });

  it('wants a struct that was defined', () => {
    const person = new Person();
    person.enableBlindSigning();
    define(person);
    expect(person.send('e01c00000c454950373132446f6d61696e')).toBe('6a80');
  });

  it('shows every field where the settings say raw messages', () => {
    const person = new Person();
    person.enableBlindSigning();
    person.select('App settings');
    person.select('Raw messages');
    person.select('Back');
    person.press('left');
    for (const { command } of readRecording('eth-eip712-full-blind-on').exchanges) person.send(command);
    person.press('both');
    expect(page(walk(person), 'spender')).toBe('spender\n0x70997970C51812dc\n3A010C7d01b50e0d17\ndc79C8');
  });
});

describe('the system around the app', () => {
  it('quits to the dashboard at B0 A7, and opens again at E0 D8 once a person says so', () => {
    const person = new Person();
    expect(person.send('b0a7000000')).toBe('9000');
    expect(person.screen).toBe('Dashboard');
    expect(person.send('e006000000')).toBe('6e00');
    expect(person.send('e0d8000000')).toBe('670a');
    expect(person.send(`e0d8000007${Buffer.from('Bitcoin').toString('hex')}`)).toBe('6807');
    const open = `e0d8000008${Buffer.from('Ethereum').toString('hex')}`;
    expect(person.send(open)).toBeUndefined();
    person.select('Cancel');
    expect(person.replies.at(-1)).toBe('5501');
    person.send(open);
    person.press('right');
    person.press('both');
    expect(person.replies.at(-1)).toBe('9000');
    expect(person.send('e006000000')).toBe('020116009000');
  });

  it('leaves by the menu too', () => {
    const person = new Person();
    person.select('App info');
    expect(person.screen).toBe('Version\n1.22.0');
    person.select('Back');
    person.select('Quit app');
    expect(person.screen).toBe('Dashboard');
    person.select('Ethereum');
    expect(person.screen).toBe('Ethereum\napp is ready');
  });

  it('stops at both ends of a walk', () => {
    const person = new Person();
    person.press('left');
    expect(person.screen).toBe('Ethereum\napp is ready');
    person.select('App settings');
    person.press('left');
    expect(person.screen).toMatch(/^Blind signing/);
  });
});
