import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Address,
  type AssetId,
  assetParts,
  chainOfAddress,
  chainOfAsset,
  formatInstant,
  Malformed,
  maxAmount,
  parseAccountId,
  parseAddress,
  parseAmount,
  parseAssetId,
  parseChainId,
  parseDigest,
  parseEntryId,
  parseFactorId,
  parseInstant,
  parseLabel,
  parseNoticeId,
  parsePositiveAmount,
  parseStationName,
  parseTransactionId,
  parseWalletId,
  parseWithdrawalId,
  referenceOfAddress,
  shown,
  type WallMs,
} from '../../src/domain/index.ts';

type Parser = (value: string, field: string) => unknown;

function expectTakes(parse: Parser, ...values: readonly string[]): void {
  for (const value of values) expect(() => parse(value, 'f'), JSON.stringify(value)).not.toThrow();
}

function expectRefuses(parse: Parser, ...values: readonly string[]): void {
  for (const value of values) {
    expect(() => parse(value, 'f'), JSON.stringify(value)).toThrow(
      expect.objectContaining({ name: 'Malformed', field: 'f' }),
    );
  }
}

/** S10: what no identifier may carry: control characters, bidi marks, markup, newlines, spaces, other scripts' digits. */
const hostile = [
  '',
  ' ',
  'a b',
  'a\n',
  '\na',
  'a\u0000',
  'a\u202e',
  'a\u200b',
  '<b>',
  'é',
  '１',
  'a/b',
  "a'",
  'a"',
  'a\\',
  '\ud800',
];

describe('ids', () => {
  it('S10: an account, a withdrawal, an entry: 1 to 64 of a closed set', () => {
    for (const parse of [parseAccountId, parseWithdrawalId, parseEntryId]) {
      expectTakes(parse, 'a', 'A.z_0:9-', 'a'.repeat(64));
      expectRefuses(parse, 'a'.repeat(65), ...hostile);
    }
  });

  it('S10: a wallet’s name', () => {
    expectTakes(parseWalletId, 'hot-1', '0', 'a'.repeat(32));
    expectRefuses(parseWalletId, 'Hot', '-hot', 'a'.repeat(33), 'a.b', ...hostile);
  });

  it('a factor: base64url of 16 to 1023 bytes', () => {
    expectTakes(parseFactorId, 'A'.repeat(22), 'A-_9'.repeat(341));
    expectRefuses(
      parseFactorId,
      'A'.repeat(21),
      'A'.repeat(1365),
      `${'A'.repeat(22)}=`,
      `${'A'.repeat(22)}+`,
      ...hostile,
    );
  });

  it('digests, transactions, notices: lowercase hex of their length', () => {
    for (const parse of [parseDigest, parseTransactionId]) {
      expectTakes(parse, '0123456789abcdef'.repeat(4));
      expectRefuses(
        parse,
        'a'.repeat(63),
        'a'.repeat(65),
        'A'.repeat(64),
        'g'.repeat(64),
        `${'a'.repeat(64)}\n`,
        ...hostile,
      );
    }
    expectTakes(parseNoticeId, 'a'.repeat(32));
    expectRefuses(parseNoticeId, 'a'.repeat(31), 'a'.repeat(64), 'A'.repeat(32), ...hostile);
  });

  it('a station: its id and generation, which starts at 1', () => {
    expectTakes(parseStationName, `${'0'.repeat(32)}/1`, `${'f'.repeat(32)}/999999`);
    const id = '0'.repeat(32);
    expectRefuses(
      parseStationName,
      id,
      `${id}/`,
      `${id}/0`,
      `${id}/01`,
      `${id}/1000000`,
      `${id}/-1`,
      `${id}/1\n`,
      ...hostile,
    );
  });
});

describe('CAIP', () => {
  it('CAIP-2: chains', () => {
    expectTakes(parseChainId, 'eip155:1', 'bip122:000000000019d6689c085ae165831e93', 'cosmos:cosmoshub-3');
    expectRefuses(
      parseChainId,
      'eip155',
      'eip155:',
      ':1',
      'EIP155:1',
      'ei:1',
      'eip155eip:1',
      `a23:${'1'.repeat(33)}`,
      'eip155:1:2',
      ...hostile,
    );
  });

  const address = 'eip155:1:0xAb5801a7D398351b8bE11C439e05C5B3259aeC9B';

  it('CAIP-10: addresses', () => {
    expectTakes(parseAddress, address);
    expectRefuses(
      parseAddress,
      'eip155:1',
      `${address}:1`,
      `${address}\n`,
      'eip155:1:0x<',
      `eip155:1:${'a'.repeat(129)}`,
      ...hostile,
    );
    const parsed = parseAddress(address, 'f');
    expect(chainOfAddress(parsed)).toBe('eip155:1');
    expect(referenceOfAddress(parsed)).toBe('0xAb5801a7D398351b8bE11C439e05C5B3259aeC9B');
  });

  it('CAIP-19: assets', () => {
    expectTakes(parseAssetId, 'eip155:1/slip44:60', 'eip155:1/erc20:0xAb5801a7D398351b8bE11C439e05C5B3259aeC9B');
    expectRefuses(
      parseAssetId,
      'eip155:1',
      'eip155:1/slip44',
      'eip155:1/slip44:60/1',
      'eip155:1/ERC20:0',
      'eip155:1//a:b',
      ...hostile,
    );
    const asset = parseAssetId('eip155:1/slip44:60', 'f');
    expect(chainOfAsset(asset)).toBe('eip155:1');
    expect(assetParts(asset)).toEqual({ chain: 'eip155:1', namespace: 'slip44', reference: '60' });
  });

  it('an address and an asset are put together from their parts again', () => {
    const chain = fc.stringMatching(/^[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}$/);
    const reference = fc.stringMatching(/^[-.%a-zA-Z0-9]{1,128}$/);
    fc.assert(
      fc.property(chain, reference, fc.stringMatching(/^[-a-z0-9]{3,8}$/), (c, r, n) => {
        const there: Address = parseAddress(`${c}:${r}`, 'f');
        expect(`${chainOfAddress(there)}:${referenceOfAddress(there)}`).toBe(`${c}:${r}`);
        const asset: AssetId = parseAssetId(`${c}/${n}:${r}`, 'f');
        const parts = assetParts(asset);
        expect(`${parts.chain}/${parts.namespace}:${parts.reference}`).toBe(`${c}/${n}:${r}`);
        expect(chainOfAsset(asset)).toBe(parts.chain);
      }),
    );
  });
});

describe('amounts', () => {
  it('are decimal base units up to 2^256 - 1', () => {
    expect(parseAmount('0', 'f')).toBe(0n);
    expect(parseAmount(String(maxAmount), 'f')).toBe(2n ** 256n - 1n);
    expectRefuses(parseAmount, String(maxAmount + 1n), '9'.repeat(78), '9'.repeat(79));
    expectRefuses(
      parseAmount,
      '',
      '00',
      '01',
      '+1',
      '-1',
      '1.0',
      '1e3',
      '0x1',
      ' 1',
      '1 ',
      '1\n',
      '1_000',
      '１',
      'NaN',
    );
  });

  it('that are paid are more than nothing', () => {
    expect(parsePositiveAmount('1', 'f')).toBe(1n);
    expectRefuses(parsePositiveAmount, '0');
  });

  it('are read back exactly', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: maxAmount }), (amount) => {
        expect(parseAmount(String(amount), 'f')).toBe(amount);
      }),
    );
  });
});

describe('instants', () => {
  it('are RFC 3339 in UTC to the second, in one spelling', () => {
    expect(parseInstant('2022-01-17T00:46:00Z', 'f')).toBe(1_642_380_360_000);
    expectTakes(parseInstant, '2024-02-29T23:59:59Z', '1970-01-01T00:00:00Z');
    expectRefuses(
      parseInstant,
      ...['2022-01-17T00:46:00', '2022-01-17T00:46:00+00:00', '2022-01-17T00:46:00.000Z', '2022-01-17t00:46:00z'],
      ...[
        '2022-01-17 00:46:00Z',
        '2022-1-17T00:46:00Z',
        '2022-02-29T00:00:00Z',
        '2022-13-01T00:00:00Z',
        '2022-01-32T00:00:00Z',
      ],
      ...[
        '2022-01-17T24:00:00Z',
        '2022-01-17T00:60:00Z',
        '2022-01-17T00:46:60Z',
        '2022-01-17T00:46:00Z\n',
        '',
        '+002022-01-17T00:46:00Z',
      ],
    );
  });

  it('are read back to the second', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799_999 }), (ms) => {
        expect(parseInstant(formatInstant(ms as WallMs), 'f')).toBe(Math.floor(ms / 1_000) * 1_000);
      }),
    );
  });
});

describe('S10: labels', () => {
  it('take letters, marks and digits of any script, spaces and plain punctuation', () => {
    expectTakes(
      parseLabel,
      '',
      'my wallet',
      "Zoë's #2 (cold), a+b & c_d.",
      'кошелёк',
      '財布 ５',
      'देवनागरी',
      'a'.repeat(64),
    );
  });

  it('count code points, not units', () => {
    expectTakes(parseLabel, '𠮷'.repeat(64));
    expectRefuses(parseLabel, '𠮷'.repeat(65), 'a'.repeat(65));
  });

  it('take nothing that could change a screen, a log or a notice', () => {
    const bad = ['\n', '\r', '\t', '\u0000', '\u001b[31m', '\u007f', '\u0085', '\u00a0', '\u2028', '\u2029'];
    const marks = ['\u200b', '\u200e', '\u200f', '\u202a', '\u202e', '\u2066', '\u2069', '\ufeff', '\u061c', '\ufff9'];
    const markup = [
      '<',
      '>',
      '"',
      '`',
      '\\',
      '/',
      '{',
      '}',
      '[',
      ']',
      '$',
      '%',
      '=',
      '|',
      ';',
      ':',
      '@',
      '!',
      '?',
      '*',
      '😀',
    ];
    for (const c of [...bad, ...marks, ...markup, '\ud800', '\udc00']) expectRefuses(parseLabel, `a${c}b`, c);
  });

  it('are NFC, and have no space at either end', () => {
    expectTakes(parseLabel, 'Zo\u00eb');
    expectRefuses(parseLabel, 'Zoe\u0308', ' a', 'a ', ' ', '\u3000a');
  });
});

describe('S10: what a message shows of a foreign value', () => {
  it('is quoted, cut, and printable ASCII', () => {
    expect(shown('a"b\n\u202e')).toBe('"a\\"b\\n\\u{202e}"');
    expect(shown(undefined)).toBe('"undefined"');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const told = shown(text);
        expect(told).toMatch(/^"[\x20-\x7e…]*"$/);
        expect(told.length).toBeLessThan(80 * 10);
      }),
    );
  });

  it('and a malformed field says where it is, from further out too', () => {
    const inner = new Malformed('amount', 'is missing');
    expect(inner.message).toBe('amount: is missing');
    expect(inner.within('intent')).toMatchObject({ field: 'intent.amount', message: 'intent.amount: is missing' });
    expect(inner.within('intent').details).toEqual({ field: 'intent.amount' });
  });
});

describe('a foreign value in a message', () => {
  it('S10: is shown whatever it is, in quotes, on one line', () => {
    expect(shown('a\nb')).toBe('"a\\nb"');
    expect(shown(7)).toBe('"7"');
    expect(shown(new Error('no'))).toBe('"Error: no"');
    expect(shown(JSON.parse('{"toString":[]}'))).toBe('"an object"');
  });
});
