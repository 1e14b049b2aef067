import { Authenticator } from '../../simulators/authenticator/authenticator.ts';
import { operatorCreationOptions, operatorEntry, operatorOrigin } from '../../src/custody/operator-key.ts';
import type { OperatorName } from '../../src/domain/index.ts';

export const port = 7480;
export const origin = operatorOrigin(port);
export const challenge = new Uint8Array(32).fill(7);

/** A test key, and the entry that it comes to in policy. */
export async function person(name: string, device = new Authenticator({ origin })) {
  const options = operatorCreationOptions(name as OperatorName, challenge);
  const registration = device.create({ ...options, rp: { id: 'localhost', name: 'test' } });
  const json = Buffer.from(JSON.stringify(registration));
  return { device, registration, entry: await operatorEntry(name as OperatorName, json, { challenge, origin }) };
}
