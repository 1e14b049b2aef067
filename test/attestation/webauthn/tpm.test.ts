import { expect, it } from 'vitest';
import type { Cbor } from '../../../src/attestation/webauthn/cbor.ts';
import { softnessOfTpm } from '../../../src/attestation/webauthn/tpm.ts';
import { bytes } from './credential.ts';

const said = (pubArea?: Cbor) => softnessOfTpm(new Map(pubArea === undefined ? [] : [['pubArea', pubArea]]));

it('A5: a TPM that says nothing of how it keeps a key keeps it in nothing', () => {
  const nothing = 'its TPM says nothing of how it is kept';
  for (const pubArea of [undefined, '0023000b00040032', bytes(''), bytes('0023000b000400')])
    expect(said(pubArea)).toBe(nothing);
});

it('A5: a TPM says in eight bytes how it keeps a key, wherever they lie', () => {
  expect(said(bytes('0023000b00000032'))).toBeUndefined();
  expect(said(bytes('ffffffffff0023000b00000032').subarray(5))).toBeUndefined();
  expect(said(bytes('0023000b0000003200'))).toBeUndefined();
  expect(said(bytes('0023000b32000000'))).toBe('its key was not made in its TPM, or may leave it');
});
