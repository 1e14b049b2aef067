import type { Context } from './context.ts';

/** INS 05: the master key's fingerprint. Whatever data comes with it is ignored. */
export async function getFingerprint({ os }: Context): Promise<Uint8Array> {
  return os.masterFingerprint();
}
