/** Where a PSBT says that a key comes from (BIP-174, BIP-371). */
export interface Derivation {
  readonly fingerprint: number;
  readonly path: readonly number[];
}

/** The longest path that the app follows. */
const maxSteps = 10;

/** Undefined where the bytes aren't a fingerprint and steps of four bytes. */
export function parseDerivation(value: Uint8Array, tap: boolean): Derivation | undefined {
  const bytes = tap ? afterLeafHashes(value) : value;
  if (bytes === undefined || bytes.length < 4 || bytes.length % 4 !== 0) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const path = Array.from({ length: bytes.length / 4 - 1 }, (_, i) => view.getUint32(4 * (i + 1), true));
  return { fingerprint: view.getUint32(0), path };
}

/** BIP-371 puts the hashes of the leaves that the key is in before the fingerprint. */
function afterLeafHashes(value: Uint8Array): Uint8Array | undefined {
  const [count] = value;
  if (count === undefined || count > 128 || value.length < 1 + 32 * count) return undefined;
  const rest = value.subarray(1 + 32 * count);
  return rest.length > 4 * (1 + maxSteps) ? undefined : rest;
}

/** A key of the account that is this device's, and the two branches that its expression names (BIP-389). */
export interface OwnKey {
  /** The path to the account's key, as the key's origin says. */
  readonly origin: readonly number[];
  readonly fingerprint: number;
  readonly receive: number;
  readonly change: number;
}

/** Which address of the account an input or output claims to be. */
export interface Claim {
  readonly change: boolean;
  readonly index: number;
}

/** What a derivation says about the account, undefined where it is another's: it must be the key's origin and two steps. */
export function claimOf({ fingerprint, path }: Derivation, key: OwnKey): Claim | undefined {
  if (fingerprint !== key.fingerprint || path.length !== key.origin.length + 2 || path.length > maxSteps)
    return undefined;
  if (key.origin.some((step, i) => step !== path[i])) return undefined;
  const [branch, index] = path.slice(-2);
  if (index === undefined || (branch !== key.receive && branch !== key.change)) return undefined;
  return { change: branch === key.change, index };
}
