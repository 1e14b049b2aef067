import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Descriptor,
  descriptorChecksum,
  formatDescriptor,
  Malformed,
  parseDescriptor,
  scriptTypes,
} from '../../src/domain/index.ts';

const xpubs = [
  'xpub6Dg9Y1YV8vKUJaBjWVXyNYcwEbj9cMu6SmnANQaKKPeP2qJoj7YLwc9f6BAhcRsWMU6EmgFRPqWA6imwftveyAYX3CwDBv99BjwgHTAPKbS',
  'xpub6DkFAXWQ2dHxq2vatrt9qyA3bXYU4ToWQwCHbf5XB2mSTexcHZCeKS1VZYcPoBd5X8yVcbXFHJR9R8UCVpt82VX1VhR28mCyxUFL4r6KFrf',
  'xpub6FHZCoNb3tg3o1GAJQxSwgFNF8mLRtTk2GgkF7n5rwzoxBhUEdFWa8cyZRHqytAzKZWsKz8627cQEMCCfR5GDSv6yXegqirpgDUX41Pxybr',
] as const;
const [xpub, second, third] = xpubs;
const key = (of: string = xpub) => `[f5acc2fd/84'/0'/0']${of}/<0;1>/*`;
const summed = (body: string) => `${body}#${descriptorChecksum(body)}`;
const parse = (text: string) => parseDescriptor(text, 'wallets[0].descriptor');
const refused = (message: string) =>
  expect.objectContaining({
    reason: 'malformed',
    field: 'wallets[0].descriptor',
    message: expect.stringContaining(message),
  });
/** 2G and 3G: the keys that everybody has. */
const raw = '02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5';
const rawOther = '02f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9';
const other = 'expected wpkh(KEY), tr(KEY), pkh(KEY), sh(wpkh(KEY)) or wsh(sortedmulti(M,KEY,…))';

describe('BIP-380, "Checksum"', () => {
  it('is the valid vector’s', () => {
    expect(descriptorChecksum('raw(deadbeef)')).toBe('89f8spxm');
    // It holds, so what is wrong is that such a wallet is none.
    expect(() => parse('raw(deadbeef)#89f8spxm')).toThrow(refused(other));
  });

  it.each([
    ['no checksum', 'raw(deadbeef)', 'has no checksum: append # and its eight characters'],
    ['missing checksum', 'raw(deadbeef)#', 'its checksum is "", and that of what it says is 89f8spxm'],
    ['too long (9 characters)', 'raw(deadbeef)#89f8spxmx', 'its checksum is "89f8spxmx", and that of'],
    ['too short (7 characters)', 'raw(deadbeef)#89f8spx', 'its checksum is "89f8spx", and that of'],
    ['error in payload', 'raw(deedbeef)#89f8spxm', 'its checksum is "89f8spxm", and that of'],
    ['error in checksum', 'raw(deedbeef)##9f8spxm', 'its checksum is "#9f8spxm", and that of'],
    ['invalid characters in payload', 'raw(Ü)#00000000', 'holds a character that no descriptor has'],
  ])('%s', (_, text, message) => {
    expect(() => parse(text)).toThrow(refused(message));
  });

  // Bitcoin Core's documentation of descriptors, and its own tests.
  it.each([
    [
      'wpkh([d34db33f/84h/0h/0h]xpub6DJ2dNUysrn5Vt36jH2KLBT2i1auw1tTSSomg8PhqNiUtx8QX2SvC9nrHu81fT41fvDUnhMjEzQgXnQjKEu3oaqMSzhSrHMxyyoEAmUHQbY/0/*)',
      'cjjspncu',
    ],
    [
      "sh(multi(2,[00000000/111'/222]xprvA1RpRA33e1JQ7ifknakTFpgNXPmW2YvmhqLQYMmrj4xJXXWYpDPS3xz7iAxn8L39njGVyuoseXzU6rcxFLJ8HFsTjSyQbLYnMpCqE2VbFWc,xprv9uPDJpEQgRQfDcW7BkF7eTya6RPxXeJCqCJGHuCJ4GiRVLzkTXBAJMu2qaMWPrS7AANYqdq6vcBcBUdJCVVFceUvJFjaPdGZ2y9WACViL4L/0))",
      'ggrsrxfy',
    ],
  ])('%s', (body, sum) => {
    expect(descriptorChecksum(body)).toBe(sum);
  });

  it('covers every character of its set, and none beside', () => {
    for (let code = 0; code < 0x180; code++) {
      const sum = descriptorChecksum(String.fromCodePoint(code));
      expect(sum === undefined).toBe(code < 0x20 || code > 0x7e);
    }
    expect(descriptorChecksum('')).toHaveLength(8);
  });

  it('tells any descriptor from one with another character', () => {
    const body = `wpkh(${key()})`;
    const printable = fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCodePoint(code));
    fc.assert(
      fc.property(fc.nat(body.length - 1), printable, (at, character) => {
        fc.pre(body[at] !== character);
        const changed = body.slice(0, at) + character + body.slice(at + 1);
        expect(descriptorChecksum(changed)).not.toBe(descriptorChecksum(body));
      }),
    );
  });
});

describe('a descriptor', () => {
  const one = { fingerprint: 'f5acc2fd', path: "m/84'/0'/0'", xpub };

  it.each([
    ['pkh', `pkh(${key()})`],
    ['sh-wpkh', `sh(wpkh(${key()}))`],
    ['wpkh', `wpkh(${key()})`],
    ['tr', `tr(${key()})`],
  ])('%s of one key', (script, body) => {
    const read = { derives: true, script, threshold: 1, keys: [one] };
    expect(parse(summed(body))).toEqual(read);
    expect(formatDescriptor(parse(summed(body)))).toBe(summed(body));
  });

  it('wsh(sortedmulti(…)) of two to fifteen keys, in the order that they are written in', () => {
    const three = summed(`wsh(sortedmulti(2,${key(third)},${key()},${key(second)}))`);
    expect(parse(three)).toEqual({
      derives: true,
      script: 'wsh-sortedmulti',
      threshold: 2,
      keys: [third, xpub, second].map((of) => ({ ...one, xpub: of })),
    });
    expect(formatDescriptor(parse(three))).toBe(three);
    const many = Array.from({ length: 15 }, (_, i) => key(`${xpub.slice(0, -2)}${'ABCDEFGHJKLMNPQ'[i]}A`));
    expect(parse(summed(`wsh(sortedmulti(15,${many.join(',')}))`))).toMatchObject({ threshold: 15 });
    expect(parse(summed(`wsh(sortedmulti(1,${many.slice(0, 2).join(',')}))`))).toMatchObject({ threshold: 1 });
  });

  it('keeps a path as it is, the empty one and unhardened steps included: chains judge it', () => {
    for (const [origin, path] of [
      ['', 'm'],
      ['/0', 'm/0'],
      ["/48'/1/2147483647'", "m/48'/1/2147483647'"],
    ])
      expect(parse(summed(`tr([00000000${origin}]${xpub}/<0;1>/*)`))).toMatchObject({ keys: [{ path }] });
  });

  it('says the same again when it is written and read', () => {
    const hexDigits = fc.array(fc.constantFrom(...'0123456789abcdef'), { minLength: 8, maxLength: 8 });
    const step = fc.tuple(fc.nat(2 ** 31 - 1), fc.boolean()).map(([n, hard]) => `/${n}${hard ? "'" : ''}`);
    const base58 = [...'123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'];
    const keys = fc.uniqueArray(
      fc.record({
        fingerprint: hexDigits.map((digits) => digits.join('')),
        path: fc.array(step, { maxLength: 6 }).map((steps) => `m${steps.join('')}`),
        xpub: fc
          .array(fc.constantFrom(...base58), { minLength: 96, maxLength: 116 })
          .map((text) => `xpub${text.join('').replaceAll('prv', 'pub')}`),
      }),
      { minLength: 1, maxLength: 15, selector: (k) => k.xpub },
    );
    const descriptor: fc.Arbitrary<Descriptor> = fc
      .tuple(fc.constantFrom(...scriptTypes), keys, fc.nat(14))
      .map(([script, all, m]) =>
        script === 'wsh-sortedmulti' && all.length > 1
          ? { derives: true, script, threshold: 1 + (m % all.length), keys: all }
          : {
              derives: true,
              script: script === 'wsh-sortedmulti' ? 'wpkh' : script,
              threshold: 1,
              keys: all.slice(0, 1),
            },
      );
    fc.assert(
      fc.property(descriptor, (value) => {
        expect(parse(formatDescriptor(value))).toEqual(value);
      }),
    );
  });

  it.each([
    ['nothing', ''],
    ['a key alone', key()],
    ['wsh of one key', `wsh(${key()})`],
    ['sh of one key', `sh(${key()})`],
    ['sh(wsh(…))', `sh(wsh(sortedmulti(1,${key()},${key(second)})))`],
    ['multi, which is not sorted', `wsh(multi(2,${key()},${key(second)}))`],
    ['a bare sortedmulti', `sortedmulti(2,${key()},${key(second)})`],
    ['sh(sortedmulti(…))', `sh(sortedmulti(2,${key()},${key(second)}))`],
    ['taproot with a script tree', `tr(${key()},pk(${key(second)}))`],
    ['combo', `combo(${key()})`],
    ['addr', 'addr(bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu)'],
    ['two keys where one goes', `wpkh(${key()},${key(second)})`],
    ['no origin', `wpkh(${xpub}/<0;1>/*)`],
    ['a short fingerprint', `wpkh([f5acc2f/84'/0'/0']${xpub}/<0;1>/*)`],
    ['a long fingerprint', `wpkh([f5acc2fd0/84'/0'/0']${xpub}/<0;1>/*)`],
    ['a fingerprint in upper case', `wpkh([F5ACC2FD/84'/0'/0']${xpub}/<0;1>/*)`],
    ['a step with a zero before it', `wpkh([f5acc2fd/084'/0'/0']${xpub}/<0;1>/*)`],
    ['a step that is empty', `wpkh([f5acc2fd/84'//0']${xpub}/<0;1>/*)`],
    ['a slash at the origin’s end', `wpkh([f5acc2fd/84'/0'/0'/]${xpub}/<0;1>/*)`],
    ['steps hardened as H', `wpkh([f5acc2fd/84H/0H/0H]${xpub}/<0;1>/*)`],
    ['children in the origin', `wpkh([f5acc2fd/84'/*]${xpub}/<0;1>/*)`],
    ['no branches', `wpkh([f5acc2fd/84'/0'/0']${xpub}/*)`],
    ['one branch', `wpkh([f5acc2fd/84'/0'/0']${xpub}/0/*)`],
    ['branches the other way round', `wpkh([f5acc2fd/84'/0'/0']${xpub}/<1;0>/*)`],
    ['other branches', `wpkh([f5acc2fd/84'/0'/0']${xpub}/<2;3>/*)`],
    ['three branches', `wpkh([f5acc2fd/84'/0'/0']${xpub}/<0;1;2>/*)`],
    ['hardened children', `wpkh([f5acc2fd/84'/0'/0']${xpub}/<0;1>/*')`],
    ['BIP-388’s shorthand', `wpkh([f5acc2fd/84'/0'/0']${xpub}/**)`],
    ['a key that is neither', `wpkh([f5acc2fd]0260b2003c386519fc9eadf2b5cf124dd8eea4c4e68d5e154050a9346ea98ce6)`],
    ['a space', `wpkh( ${key()})`],
    ['something before it', `x wpkh(${key()})`],
    ['something after it', `wpkh(${key()})x`],
    ['a threshold of zero', `wsh(sortedmulti(0,${key()},${key(second)}))`],
    ['a threshold with a zero before it', `wsh(sortedmulti(02,${key()},${key(second)}))`],
    ['no threshold', `wsh(sortedmulti(${key()},${key(second)}))`],
    ['no keys', 'wsh(sortedmulti(1))'],
    ['an empty key', `wsh(sortedmulti(1,${key()},))`],
    ['sixteen keys', `wsh(sortedmulti(1${`,${key()}`.repeat(16)}))`],
    ['something after a multisig', `wsh(sortedmulti(2,${key()},${key(second)}))x`],
    ['an xpub that is far too short', `wpkh([f5acc2fd/84'/0'/0']xpub123/<0;1>/*)`],
    ['an xpub with a 0', `wpkh([f5acc2fd/84'/0'/0']${xpub.replace('Dg9', 'D09')}/<0;1>/*)`],
  ])('refuses %s', (_, body) => {
    expect(() => parse(summed(body))).toThrow(refused(other));
  });

  it.each([
    ['more signatures than keys', `wsh(sortedmulti(3,${key()},${key(second)}))`, '3 of 2 keys can never sign'],
    ['a multisig of one', `wsh(sortedmulti(1,${key()}))`, 'a multisig of one key is wpkh'],
    ['one key twice', `wsh(sortedmulti(2,${key()},${key()}))`, 'names one key twice: then fewer than it says sign'],
    [
      'one key twice under two origins',
      `wsh(sortedmulti(2,${key()},[00000000/1']${xpub}/<0;1>/*))`,
      'names one key twice',
    ],
    ['steps hardened as h', `wpkh([f5acc2fd/84h/0h/0h]${xpub}/<0;1>/*)`, "writes hardened steps as h: write them as '"],
    ['some steps hardened as h', `wpkh([f5acc2fd/84'/0h/0']${xpub}/<0;1>/*)`, 'writes hardened steps as h'],
    ['h in the second key of several', `wsh(sortedmulti(1,${key()},[f5acc2fd/1h]${second}/<0;1>/*))`, 'as h'],
    [
      'a step beyond 2^31',
      `wpkh([f5acc2fd/84'/2147483648'/0']${xpub}/<0;1>/*)`,
      "a step of 2^31 or more: m/84'/2147483648'/0'",
    ],
  ])('refuses %s', (_, body, message) => {
    expect(() => parse(summed(body))).toThrow(refused(message));
  });
});

describe('a descriptor of raw keys', () => {
  const uncompressed = `04${'ab'.repeat(64)}`;

  it.each(['pkh', 'wpkh'] as const)('%s of one key', (script) => {
    const text = summed(`${script}(${raw})`);
    expect(parse(text)).toEqual({ derives: false, script, threshold: 1, keys: [{ publicKey: raw }] });
    expect(formatDescriptor(parse(text))).toBe(text);
  });

  it('wsh(sortedmulti(…)) of two to fifteen keys, in the order that they are written in', () => {
    const text = summed(`wsh(sortedmulti(1,${rawOther},${raw}))`);
    const keys = [{ publicKey: rawOther }, { publicKey: raw }];
    expect(parse(text)).toEqual({ derives: false, script: 'wsh-sortedmulti', threshold: 1, keys });
    expect(formatDescriptor(parse(text))).toBe(text);
    const many = Array.from({ length: 15 }, (_, i) => `02${`${i + 10}`.repeat(32)}`);
    expect(parse(summed(`wsh(sortedmulti(15,${many.join(',')}))`))).toMatchObject({ threshold: 15 });
  });

  it('has the checksum that Bitcoin Core’s `getdescriptorinfo` gives', () => {
    expect(descriptorChecksum('pkh(02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5)')).toBe(
      '8fhd9pwu',
    );
  });

  it.each([
    ['taproot', `tr(${raw})`, 'has wpkh, pkh or wsh(sortedmulti)'],
    ['sh(wpkh)', `sh(wpkh(${raw}))`, 'has wpkh, pkh or wsh(sortedmulti)'],
    ['an origin before it', `wpkh([f5acc2fd]${raw})`, 'has no origin before it'],
    ['an origin with steps', `wpkh([f5acc2fd/84'/0'/0']${raw})`, 'has no origin before it'],
    ['children after it', `wpkh(${raw}/*)`, 'has no steps after it'],
    ['two branches after it', `wpkh(${raw}/<0;1>/*)`, 'has no steps after it'],
    ['an uncompressed key', `pkh(${uncompressed})`, 'is compressed'],
    ['an uncompressed key in a multisig', `wsh(sortedmulti(1,${raw},${uncompressed}))`, 'is compressed'],
    ['upper case', `wpkh(${raw.toUpperCase()})`, '66 lowercase digits'],
    ['another first byte', `wpkh(05${raw.slice(2)})`, 'begin with 02 or 03'],
    ['one digit too few', `wpkh(${raw.slice(0, -1)})`, other],
    ['one digit too many', `wpkh(${raw}0)`, other],
    ['an x-only key', `wpkh(${raw.slice(2)})`, other],
    ['an extended key beside it', `wsh(sortedmulti(1,${raw},${key()}))`, 'mixes raw keys (hex) with extended ones'],
    ['an extended key before it', `wsh(sortedmulti(1,${key()},${raw}))`, 'mixes raw keys (hex) with extended ones'],
    ['one key twice', `wsh(sortedmulti(2,${raw},${raw}))`, 'names one key twice'],
    ['more signatures than keys', `wsh(sortedmulti(3,${raw},${rawOther}))`, '3 of 2 keys can never sign'],
    ['a multisig of one', `wsh(sortedmulti(1,${raw}))`, 'a multisig of one key is wpkh'],
  ])('refuses %s', (_, body, message) => {
    expect(() => parse(summed(body))).toThrow(refused(message));
  });

  it('has its checksum', () => {
    expect(() => parse(`wpkh(${raw})`)).toThrow(refused('has no checksum'));
    expect(() => parse(`wpkh(${raw})#00000000`)).toThrow(refused('its checksum is "00000000"'));
  });
});

describe('S9: a private key in a descriptor', () => {
  // BIP-380's and BIP-32's vectors.
  const xprv =
    'xprvA1RpRA33e1JQ7ifknakTFpgNXPmW2YvmhqLQYMmrj4xJXXWYpDPS3xz7iAxn8L39njGVyuoseXzU6rcxFLJ8HFsTjSyQbLYnMpCqE2VbFWc';
  const wif = 'L4rK1yDtCWekvXuE6oXD9jCYfFNV2cWRpVuPLBcCU2z8TrisoyY1';
  const said = (text: string): string => {
    try {
      parse(text);
    } catch (error) {
      if (error instanceof Malformed) return error.message;
    }
    throw new Error('it was taken');
  };

  it.each([
    ['in its place', summed(`wpkh([f5acc2fd/84'/0'/0']${xprv}/<0;1>/*)`)],
    ['in a form that is refused', summed(`wpkh(${xprv})`)],
    ['of a test network', summed(`wpkh(${xprv.replace('xprv', 'tprv')})`)],
    ['without a checksum', `wpkh(${xprv})`],
    ['in place of the checksum', `wpkh(${key()})#${xprv}`],
  ])('%s: is called one, and not repeated', (_, text) => {
    const message = said(text);
    expect(message).toContain('holds a private key');
    expect(message).not.toContain(xprv.slice(4, 16));
  });

  it('in the form of WIF: is not repeated', () => {
    const beside = `wsh(sortedmulti(1,${raw},${wif}))`;
    for (const text of [summed(`wpkh(${wif})`), `wpkh(${key()})#${wif}`, summed(beside), `wpkh(${raw})#${wif}`]) {
      const message = said(text);
      expect(message).toContain('L4rK...');
      expect(message).not.toContain(wif.slice(4, 12));
    }
  });

  it('in hex, where a public one belongs: is not repeated, wherever its zeros are', () => {
    // BIP-340's test vector 1.
    const secret = 'b7e151628aed2a6abf7158809cf4f3c762e7160f38b4da56a784d9045190cfef';
    for (const text of [summed(`wpkh(${secret})`), summed(`pkh([f5acc2fd]${secret})`), `wpkh(${raw})#${secret}`]) {
      const message = said(text);
      for (let at = 4; at + 8 <= secret.length; at++) expect(message).not.toContain(secret.slice(at, at + 8));
    }
  });
});
