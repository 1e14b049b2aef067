import { type Reason, referenceOfAddress, shown, type Wallet } from '../../domain/index.ts';
import type { Identity } from '../protocol.ts';
import { appName, isRecent, minimumVersion } from './app.ts';
import { compressed } from './public-key.ts';

/** Whether what a device says of itself is what a wallet pins (S6): app, version, public key and address. */
export function judge(
  identity: Identity,
  wallet: Wallet,
): { readonly reason: Reason; readonly message: string } | undefined {
  const { app, version, key } = identity;
  if (app !== appName) {
    return { reason: 'device-wrong-app', message: `the device has the app ${shown(app)} open; open ${appName}` };
  }
  if (!isRecent(version)) {
    const message = `the app ${appName} is of version ${shown(version)}; the station wants ${minimumVersion} or newer`;
    return { reason: 'device-app-outdated', message };
  }
  if (key === undefined || compressed(key.publicKey) !== wallet.publicKey) {
    return {
      reason: 'device-foreign',
      message: `no connected device has the key of wallet ${wallet.id} at ${wallet.path}`,
    };
  }
  if (key.address !== referenceOfAddress(wallet.address)) {
    return { reason: 'device-foreign', message: `the device gives another address than wallet ${wallet.id} pins` };
  }
  return undefined;
}
