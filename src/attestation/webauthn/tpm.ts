import type { CborMap } from './cbor.ts';

/** TPM 2.0 Library Part 2, §12.2.4, TPMT_PUBLIC: type and nameAlg come first, two bytes each. */
const attributesAt = 4;
/** §8.3, TPMA_OBJECT. */
const FIXED_TPM = 1 << 1;
const FIXED_PARENT = 1 << 4;
const SENSITIVE_DATA_ORIGIN = 1 << 5;
const keptInside = FIXED_TPM | FIXED_PARENT | SENSITIVE_DATA_ORIGIN;

/**
 * WebAuthn L3 §8.3 shows that a TPM has the key loaded, and no more: TPM2_Certify says so of keys, too, that were made elsewhere
 * (TPM2_LoadExternal, TPM2_Import), or that it would hand over (TPM2_Duplicate). What it says of itself in its attributes, over which
 * the TPM's statement goes, tells.
 */
export function softnessOfTpm(statement: CborMap): string | undefined {
  const pubArea = statement.get('pubArea');
  if (!(pubArea instanceof Uint8Array) || pubArea.length < attributesAt + 4)
    return 'its TPM says nothing of how it is kept';
  const attributes = new DataView(pubArea.buffer, pubArea.byteOffset, pubArea.byteLength).getUint32(attributesAt);
  if ((attributes & keptInside) === keptInside) return undefined;
  return 'its key was not made in its TPM, or may leave it';
}
