import { p256, p384 } from '@noble/curves/nist.js';
import { describe, expect, it } from 'vitest';
import { parseCoseKey } from '../../../src/attestation/webauthn/cose-key.ts';
import { KeyCache } from '../../../src/attestation/webauthn/key-cache.ts';
import { Refusal } from '../../../src/domain/index.ts';
import { bytes, eddsa, eddsaCoseKey, es256, es256CoseKey, es384CoseKey, rs256CoseKey } from './credential.ts';

const es = Buffer.from(es256.coseKey).toString('hex');
const ed = Buffer.from(eddsa.coseKey).toString('hex');
const x = es.slice(20, 84);
const y = es.slice(90);
const point384 = p384.getPublicKey(new Uint8Array(48).fill(9), false);
/** An odd number of that many bits; nobody has factors of it at hand, so that it is only ever looked at. */
const modulus = (bits: number) => {
  const hex = ((1n << BigInt(bits - 1)) + 1n).toString(16);
  return bytes(hex.length % 2 === 0 ? hex : `0${hex}`);
};
const point = p256.getPublicKey(new Uint8Array(32).fill(9), false);

describe('a COSE key', () => {
  it('is taken for ES256, EdDSA, ES384 and RS256', () => {
    expect(parseCoseKey(es384CoseKey(point384)).algorithm.name).toBe('ES384');
    expect(parseCoseKey(rs256CoseKey(modulus(2048))).algorithm.name).toBe('RS256');
    expect(parseCoseKey(es256.coseKey).algorithm.name).toBe('ES256');
    expect(parseCoseKey(eddsa.coseKey).algorithm.name).toBe('EdDSA');
  });

  it.each([
    ['empty', '', 'its end too early'],
    ['followed by a byte', `${es}00`, '1 bytes after its end'],
    ['cut off', es.slice(0, -2), 'its end too early'],
    ['no map', '8101', 'is not a CBOR map'],
    ['for ES384 on P-256', `a501020338222001215820${x}225820${y}`, 'must have 2 as member -1 for ES384'],
    ['for ES384 with short coordinates', `a501020338222002215820${x}225820${y}`, 'must have 48 bytes as member -2'],
    ['for RS256 without a modulus', `a30103033901002001`, 'must have 256 to 512 bytes as member -1'],
    ['for ES512', `a501020338232003215820${x}225820${y}`, 'the algorithm -36'],
    ['for RS1', `a301030339fffe2001`, 'the algorithm -65535'],
    ['for ES256K', `a501020338282008215820${x}225820${y}`, 'the algorithm -41'],
    ['without an algorithm', `a401022001215820${x}225820${y}`, 'of no number'],
    ['with an algorithm in text', `a50102036545533235362001215820${x}225820${y}`, 'of no number'],
    ['ES256 with kty OKP', es.replace('0102', '0101'), 'must have 2 as member 1'],
    ['ES256 on P-384', es.replace('2001', '2002'), 'must have 1 as member -1'],
    ['EdDSA with kty EC2', ed.replace('0101', '0102'), 'must have 1 as member 1'],
    ['EdDSA on X25519', ed.replace('2006', '2004'), 'must have 6 as member -1'],
    ['EdDSA on Ed448', ed.replace('2006', '2007'), 'must have 6 as member -1'],
    ['with a compressed point', `a5010203262001215820${x}22f5`, 'must have 32 bytes as member -3'],
    ['with a short coordinate', `a501020326200121581f${x.slice(2)}225820${y}`, 'must have 32 bytes as member -2'],
    ['with a further member', `a601020326044231312001215820${x}225820${y}`, 'does not know'],
    ['with a private part', `a6${es.slice(2)}2342aaaa`, 'does not know'],
    ['with its members in another order', `a503020102262001215820${x}225820${y}`, 'out of order'],
    ['with a member twice', `a60102010203262001215820${x}225820${y}`, 'out of order or repeated'],
    ['with a length in a longer form', es.replace('215820', '21590020'), 'shortest form'],
    ['of indefinite length', `bf${es.slice(2)}ff`, 'indefinite'],
    ['longer than 1 KiB', `a15903f8${'00'.repeat(1016)}01`.padEnd(2052, '0'), 'longer than 1024'],
  ])('%s is refused', (_, hex, message) => {
    expect(() => parseCoseKey(bytes(hex))).toThrow(Refusal);
    expect(() => parseCoseKey(bytes(hex))).toThrow(message);
  });

  it('is told which algorithms there are', () => {
    expect(() => parseCoseKey(bytes('a10301'))).toThrow(
      'has the algorithm 1; accepted are -8 (EdDSA), -7 (ES256), -35 (ES384), -257 (RS256)',
    );
  });

  it('is looked at up to 1024 bytes', () => {
    expect(() => parseCoseKey(new Uint8Array(1024))).toThrow('1023 bytes after its end');
    expect(() => parseCoseKey(new Uint8Array(1025))).toThrow('longer than 1024');
  });

  it.each([
    ['off the curve', Uint8Array.from(point, (byte, i) => (i === 40 ? byte ^ 1 : byte))],
    ['at zero', bytes('04', '00'.repeat(64))],
    ['beyond the field', bytes('04', 'ff'.repeat(64))],
  ])('whose P-256 point is %s is refused', (_, bad) => {
    expect(() => parseCoseKey(es256CoseKey(bad))).toThrow('no point on the curve of ES256');
  });

  it.each([
    ['of small order (the neutral element)', `01${'00'.repeat(31)}`, 'small order'],
    ['of small order (order 4)', '00'.repeat(32), 'small order'],
    ['of small order (order 8)', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05', 'small order'],
    ['off the curve', `02${'00'.repeat(31)}`, 'no point'],
    ['in a spelling beyond the field', 'ff'.repeat(32), 'no point'],
  ])('whose Ed25519 point is %s is refused', (_, hex, message) => {
    expect(() => parseCoseKey(eddsaCoseKey(bytes(hex)))).toThrow(message);
  });
});

describe('an RSA key', () => {
  it.each([2048, 2049, 3072, 3482, 4096])('may have %i bits', (bits) => {
    expect(parseCoseKey(rs256CoseKey(modulus(bits))).key.asymmetricKeyDetails).toMatchObject({
      modulusLength: bits,
      publicExponent: 65537n,
    });
  });

  const n = modulus(2048);
  it.each([
    ['2047 bits', rs256CoseKey(modulus(2047)), 'must be of 2048 to 4096 bits'],
    ['2040 bits', rs256CoseKey(modulus(2040)), 'must have 256 to 512 bytes as member -1'],
    ['4097 bits', rs256CoseKey(modulus(4097)), 'must have 256 to 512 bytes as member -1'],
    ['a leading zero', rs256CoseKey(bytes('00', n)), 'without leading zeros'],
    ['an even modulus', rs256CoseKey(Uint8Array.from(n, (b, i) => (i === 255 ? b & 0xfe : b))), 'even modulus'],
    ['the exponent 3', rs256CoseKey(n, '000003'), 'the exponent 65537'],
    ['a short exponent', rs256CoseKey(n, '03'), 'must have 3 bytes as member -2'],
    ['a private part', bytes('a5', rs256CoseKey(n).subarray(1), '2241aa'), 'does not know'],
  ])('with %s is refused', (_, key, message) => {
    expect(() => parseCoseKey(key)).toThrow(Refusal);
    expect(() => parseCoseKey(key)).toThrow(message);
  });
});

describe('an ES384 key', () => {
  it.each([
    ['off the curve', Uint8Array.from(point384, (byte, i) => (i === 60 ? byte ^ 1 : byte))],
    ['at zero', bytes('04', '00'.repeat(96))],
  ])('whose point is %s is refused', (_, bad) => {
    expect(() => parseCoseKey(es384CoseKey(bad))).toThrow('no point on the curve of ES384');
  });
});

describe('the cache of keys', () => {
  const keyOf = (n: number) => es256CoseKey(p256.getPublicKey(new Uint8Array(32).fill(n), false));

  it('gives the same key for the same bytes, wherever they lie', () => {
    const cache = new KeyCache(2);
    const shifted = bytes('00', keyOf(1)).subarray(1);
    expect(cache.get(shifted)).toBe(cache.get(keyOf(1)));
  });

  it('never grows beyond its limit, and gives up what was used longest ago', () => {
    const cache = new KeyCache(2);
    const first = cache.get(keyOf(1));
    const second = cache.get(keyOf(2));
    expect(cache.get(keyOf(1))).toBe(first);
    cache.get(keyOf(3));
    expect(cache.size).toBe(2);
    expect(cache.get(keyOf(1))).toBe(first);
    expect(cache.get(keyOf(2))).not.toBe(second);
  });

  it('takes no key’s place by one that it has', () => {
    const cache = new KeyCache(2);
    const first = cache.get(keyOf(1));
    cache.get(keyOf(2));
    cache.get(keyOf(2));
    expect(cache.get(keyOf(1))).toBe(first);
  });

  it('knows what was used again before it was full', () => {
    const cache = new KeyCache(3);
    const first = cache.get(keyOf(1));
    for (const n of [2, 1, 3, 4]) cache.get(keyOf(n));
    expect(cache.get(keyOf(1))).toBe(first);
  });

  it('refuses bytes that are no key each time, and remembers none', () => {
    const cache = new KeyCache(2);
    for (const _ of [1, 2]) expect(() => cache.get(bytes('a0'))).toThrow(Refusal);
    expect(cache.size).toBe(0);
  });
});
