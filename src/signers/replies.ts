import { Message } from './message.ts';
import {
  type AccountKey,
  type ExtendedKey,
  failureReasons,
  type Reply,
  type SeenDevice,
  type Unanswered,
} from './protocol.ts';
import { deviceName } from './requests.ts';

const results = [
  'configured',
  'surveyed',
  'identity',
  'signature',
  'signatures',
  'registration',
  'address',
  'failure',
] as const;

const printable = /^[\x20-\x7e]{1,400}$/;

/** What the child answers to the daemon. Throws ProtocolError. */
export function parseReply(line: string): Reply {
  const of = new Message(line);
  const id = of.id();
  const result = of.one('result', results);
  switch (result) {
    case 'configured':
      return of.done({ id, result });
    case 'surveyed':
      return of.done({ id, result, devices: of.members('devices').map(parseDevice) });
    case 'identity': {
      const at = of.text('at', deviceName);
      const said = { app: of.text('app', printable), version: of.text('version', printable) };
      const identity = { id, result, at, ...said } as const;
      const key = of.member('key');
      return of.done(key === undefined ? identity : { ...identity, key: parseKey(key, identity.app) });
    }
    case 'signature':
      return of.done({ id, result, signature: of.text('signature', /^[0-9a-f]{130}$/) });
    case 'signatures':
      return of.done({ id, result, signatures: of.text('signatures', /^(?:[0-9a-f]{2})+$/) });
    case 'registration':
      return of.done({ id, result, hmac: of.text('hmac', /^[0-9a-f]{64}$/) });
    case 'address':
      return of.done({ id, result, address: of.text('address', /^[0-9A-Za-z]{20,100}$/) });
    case 'failure':
      return of.done({
        id,
        result,
        reason: of.one('reason', failureReasons),
        message: of.text('message', printable),
      });
  }
}

function parseDevice(of: Message): SeenDevice {
  const seen = { at: of.text('at', deviceName), product: of.text('product', /^[\x20-\x7e]{0,64}$/) };
  const failed = of.member('failed');
  return of.done(
    failed === undefined
      ? { ...seen, app: of.text('app', printable), version: of.text('version', printable) }
      : { ...seen, failed: failed.done(parseFailure(failed)) },
  );
}

function parseFailure(of: Message): Unanswered {
  return { reason: of.one('reason', failureReasons), message: of.text('message', printable) };
}

/** Each app has keys of its own kind. */
function parseKey(of: Message, app: string): AccountKey | ExtendedKey {
  if (app === 'Ethereum') {
    const address = of.text('address', /^0x[0-9a-fA-F]{40}$/);
    return of.done({ address, publicKey: of.text('publicKey', /^04[0-9a-f]{128}$/) });
  }
  const fingerprint = of.text('fingerprint', /^[0-9a-f]{8}$/);
  return of.done({ fingerprint, xpub: of.text('xpub', /^[1-9A-HJ-NP-Za-km-z]{100,120}$/) });
}
