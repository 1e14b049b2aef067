import { referenceOfAddress } from '../../domain/caip.ts';
import type { Reason } from '../../domain/reasons.ts';
import { shown } from '../../domain/refusal.ts';
import type { Wallet } from '../../domain/wallet.ts';
import type { App, Identity, PinnedKey } from '../protocol.ts';
import { isRecent, minimumVersions } from './app.ts';
import { compressed } from './public-key.ts';

/** Why a device isn't the one that is wanted. */
export interface Objection {
  readonly reason: Reason;
  readonly message: string;
}

/** Whether a device has the key that is looked for. */
export function isPinned({ key }: Identity, pinned: PinnedKey): boolean {
  if (key === undefined) return false;
  if (pinned.app === 'Ethereum') return 'publicKey' in key && compressed(key.publicKey) === pinned.publicKey;
  return 'xpub' in key && key.fingerprint === pinned.fingerprint && key.xpub === pinned.xpub;
}

/** Whether a device has the right app open, in a version that may sign. */
export function judgeApp({ app, version }: Identity, wanted: App): Objection | undefined {
  if (app !== wanted) {
    return { reason: 'device-wrong-app', message: `the device has the app ${shown(app)} open; open ${wanted}` };
  }
  const minimum = minimumVersions[wanted];
  if (isRecent(version, minimum)) return undefined;
  const message = `the app ${wanted} is of version ${shown(version)}; the station wants ${minimum} or newer`;
  return { reason: 'device-app-outdated', message };
}

/** Whether what a device says of itself is what a wallet pins (S6): app, version and key, and the address of a wallet of one. */
export function judge(identity: Identity, wallet: Wallet, pinned: PinnedKey): Objection | undefined {
  const objection = judgeApp(identity, pinned.app);
  if (objection !== undefined) return objection;
  const { key } = identity;
  if (!isPinned(identity, pinned)) {
    const seed = pinned.app === 'Ethereum' ? '' : ` of the seed ${pinned.fingerprint}`;
    return {
      reason: 'device-foreign',
      message: `no connected device has the key of wallet ${wallet.id} at ${pinned.path}${seed}`,
    };
  }
  if (key !== undefined && 'address' in key && key.address !== referenceOfAddress(wallet.address)) {
    return { reason: 'device-foreign', message: `the device gives another address than wallet ${wallet.id} pins` };
  }
  return undefined;
}
