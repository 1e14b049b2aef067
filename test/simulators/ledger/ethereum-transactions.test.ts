import { concatHex, type Hex, maxUint256, serializeTransaction, toRlp } from 'viem';
import { describe, expect, it } from 'vitest';
import { base, page, path, sign, signRaw, to, transfer, usdc, usdcInformation, walk } from './ethereum.ts';
import { Person } from './person.ts';

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

  it('knows the first eight bytes of a longer chain id, and signs all of it', () => {
    const person = new Person();
    const raw = (chainId: Hex): Hex => {
      return concatHex(['0x02', toRlp([chainId, '0x', '0x', '0x01', '0x5208', to, '0x05', '0x', []])]);
    };
    signRaw(person, raw('0x890000000000000000'));
    expect(page(walk(person), 'Network')).toBe('Network\n9871890383196127232');
    signRaw(person, raw('0x000000000000008901'));
    expect(page(walk(person), 'Network')).toBe('Network\nPolygon');
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

  it('that is refused for want of blind signing says so on the screen, which any button clears', () => {
    const person = new Person();
    sign(person, { ...base, data: '0x01020304' });
    expect(person.screen).toBe('Blind signing must\nbe enabled in\nsettings');
    person.press('right');
    expect(person.screen).toBe('Ethereum\napp is ready');
    sign(person, { ...base, to: usdc, value: 1n, data: transfer(1n) });
    expect(person.screen).toBe('Ethereum\napp is ready');
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
