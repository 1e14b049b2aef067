import type { Identity } from '../protocol.ts';
import { appName } from './app.ts';
import { DeviceFailure } from './failure.ts';
import { ethereumApp, type Handle } from './library.ts';
import type { EthereumPath } from './path.ts';

/** Asks a device which app is open (`B0 01`) and, where it is the right one, which key it has at a path. */
export async function identify(handle: Handle, path: EthereumPath): Promise<Identity> {
  const { name, version } = parseAppAndVersion(await handle.send(0xb0, 0x01, 0, 0));
  // Another app would read the next command in its own way.
  if (name !== appName) return { result: 'identity', app: name, version };
  const { address, publicKey } = await ethereumApp(handle).getAddress(path.slice('m/'.length));
  if (!/^04[0-9a-f]{128}$/.test(publicKey) || !/^0x[0-9a-fA-F]{40}$/.test(address)) {
    throw new DeviceFailure('signer-failed', 'the device answered with something other than a key and its address');
  }
  return { result: 'identity', app: name, version, key: { address, publicKey } };
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
