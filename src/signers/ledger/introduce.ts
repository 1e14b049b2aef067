import type { Register, Registration, ShowAddress, ShownAddress } from '../protocol.ts';
import { bitcoinClient, walletPolicy } from './bitcoin-library.ts';
import { DeviceFailure, failureOf } from './failure.ts';
import { ethereumApp, type Handle } from './library.ts';

// What a wallet's device and the person before it are asked when the wallet is made. Nothing is signed here.

/** Has a person look at a policy; what comes back proves to the device later on that they took it. Throws DeviceFailure. */
export async function register(handle: Handle, { policy }: Register): Promise<Registration> {
  try {
    const known = walletPolicy(policy);
    const [id, hmac] = await bitcoinClient(handle).registerWallet(known);
    if (!known.getId().equals(id)) throw new DeviceFailure('signer-failed', 'the device registered another policy');
    return { result: 'registration', hmac: hmac.toString('hex') };
  } catch (error) {
    throw failureOf(error, 'preparing');
  }
}

/** Has a person compare an address on the screen with one that they see elsewhere. Throws DeviceFailure. */
export async function showAddress(handle: Handle, request: ShowAddress): Promise<ShownAddress> {
  try {
    return { result: 'address', address: await shownAddress(handle, request) };
  } catch (error) {
    throw failureOf(error, 'preparing');
  }
}

async function shownAddress(handle: Handle, request: ShowAddress): Promise<string> {
  if (request.app === 'Ethereum') {
    return (await ethereumApp(handle).getAddress(request.path.slice('m/'.length), true)).address;
  }
  const { policy, registration, branch, index } = request;
  const hmac = registration === '' ? null : Buffer.from(registration, 'hex');
  return bitcoinClient(handle).getWalletAddress(walletPolicy(policy), hmac, branch, index, true);
}
