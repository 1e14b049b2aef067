import type { AccountKey, App, ExtendedKey, Identity } from '../protocol.ts';
import { bitcoinClient } from './bitcoin-library.ts';
import { DeviceFailure } from './failure.ts';
import { ethereumApp, type Handle } from './library.ts';
import { parseBitcoinPath, parseEthereumPath } from './path.ts';

/** Asks a device which app is open (`B0 01`) and, where it is the right one, which key it has at a path. `at`: its name. */
export async function identify(handle: Handle, at: string, wanted: App, path: string): Promise<Identity> {
  const { name, version } = await appAndVersion(handle);
  const identity = { result: 'identity', at, app: name, version } as const;
  // Another app would read the next command in its own way.
  if (name !== wanted) return identity;
  return { ...identity, key: wanted === 'Ethereum' ? await accountKey(handle, path) : await extendedKey(handle, path) };
}

/** Which app is open, by `B0 01`: every app and the dashboard answer it. */
export async function appAndVersion(handle: Handle): Promise<{ readonly name: string; readonly version: string }> {
  return parseAppAndVersion(await handle.send(0xb0, 0x01, 0, 0));
}

async function accountKey(handle: Handle, path: string): Promise<AccountKey> {
  const { address, publicKey } = await ethereumApp(handle).getAddress(path.slice('m/'.length));
  if (!/^04[0-9a-f]{128}$/.test(publicKey) || !/^0x[0-9a-fA-F]{40}$/.test(address)) {
    throw new DeviceFailure('signer-failed', 'the device answered with something other than a key and its address');
  }
  return { address, publicKey };
}

async function extendedKey(handle: Handle, path: string): Promise<ExtendedKey> {
  const client = bitcoinClient(handle);
  const fingerprint = await client.getMasterFingerprint();
  const xpub = await client.getExtendedPubkey(path.slice('m/'.length));
  if (!/^[0-9a-f]{8}$/.test(fingerprint) || !/^[1-9A-HJ-NP-Za-km-z]{100,120}$/.test(xpub)) {
    throw new DeviceFailure('signer-failed', 'the device answered with something other than a fingerprint and a key');
  }
  return { fingerprint, xpub };
}

/** Throws `Malformed` over a path that a library would misread, or at which an app would ask a person. */
export function checkPath(app: App, path: string): void {
  if (app === 'Ethereum') parseEthereumPath(path, 'path');
  else parseBitcoinPath(path, 'path', app);
}

/** `01 ‖ nameLen ‖ name ‖ verLen ‖ ver ‖ …` */
function parseAppAndVersion(answer: Uint8Array): { readonly name: string; readonly version: string } {
  const [format, length = 0] = answer;
  const name = ascii(answer.subarray(2, 2 + length));
  const rest = answer.subarray(2 + length);
  const version = ascii(rest.subarray(1, 1 + (rest[0] ?? 0)));
  if (format !== 1 || name === undefined || version === undefined) {
    throw new DeviceFailure('signer-failed', 'the device answered with something other than its app and version');
  }
  return { name, version };
}

function ascii(bytes: Uint8Array): string | undefined {
  const text = Buffer.from(bytes).toString('latin1');
  return /^[\x20-\x7e]{1,64}$/.test(text) ? text : undefined;
}
