import { hardened } from '../../os/seed.ts';
import { StatusError, type StatusWord } from '../../os/status.ts';
import type { Reader } from './reader.ts';

/** The most steps that a path may have. */
const maxSteps = 10;

/** Accounts above this are shown before their keys go out, and make no default policy. */
const maxAccount = 100;

const isHardened = (step: number | undefined): boolean => step !== undefined && step >= hardened;

/** Length u8 ‖ steps u32be. Instructions differ in what they call a path that is too long. */
export function takePath(data: Reader, tooLong: StatusWord): readonly number[] {
  const length = data.u8();
  if (length > maxSteps) throw new StatusError(tooLong, `a path of ${length} steps`);
  return Array.from({ length }, () => data.u32be());
}

/** As screens and key origins write it, without a leading `m/`. */
export const pathText = (path: readonly number[]): string =>
  path.map((step) => (step >= hardened ? `${step - hardened}'` : `${step}`)).join('/');

const purposeDepths: ReadonlyMap<number, number> = new Map([
  [44, 3],
  [45, 3],
  [48, 4],
  [49, 3],
  [84, 3],
  [86, 3],
]);

/** Whether the key at this path may go out unseen: a standard account of the app's own coin, or below it. */
export function isExportable(path: readonly number[], coinType: number): boolean {
  // Electrum's encryption keys live at a path of its own.
  if (path.length === 2 && path[0] === 4_541_509 + hardened && path[1] === 1_112_098_098 + hardened) return true;
  const [purpose = 0, coin, account = 0, scriptType] = path;
  const depth = purposeDepths.get(purpose - hardened);
  if (depth === undefined || path.length < depth) return false;
  if (!path.every((step, i) => isHardened(step) === i < depth)) return false;
  if (coin !== coinType + hardened || account - hardened > maxAccount) return false;
  return depth === 3 || scriptType === 1 + hardened || scriptType === 2 + hardened;
}

/** The largest address index that a default policy shows. */
export const maxAddressIndex = 50_000;

/** Whether a default policy may have its key here (BIP-44). */
export function isStandardAccount(path: readonly number[], purpose: number, coinType: number): boolean {
  const [first, coin, account = 0] = path;
  if (path.length !== 3 || first !== purpose + hardened || coin !== coinType + hardened) return false;
  return isHardened(account) && account - hardened <= maxAccount;
}
