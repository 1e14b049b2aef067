import { ProtocolError } from '../lines.ts';
import { Message } from '../message.ts';
import { largestBatch, objectHex, type PinnedTokenKey, type Request, resultOf } from './protocol.ts';

const objectLabel = /^[\x20-\x7e]{1,64}$/;
const keyId = /^(?:[0-9a-f]{2}){1,32}$/;
const operations = Object.keys(resultOf) as (keyof typeof resultOf)[];

/** What the daemon asks of the child that has the module. Throws ProtocolError, which never quotes the PIN. */
export function parseRequest(line: string): Request {
  const of = new Message(line);
  const id = of.id();
  const op = of.one('op', operations);
  switch (op) {
    case 'configure': {
      const token = of.required('token');
      return of.done({
        id,
        op,
        module: of.text('module', /^\/[\x20-\x7e]{1,1000}$/),
        token: token.done({
          by: token.one('by', ['label', 'serial']),
          value: token.text('value', /^[\x20-\x7e]{1,32}$/),
        }),
        pin: of.secret('pin', /^[\x20-\x7e]{1,256}$/),
      });
    }
    case 'identify':
      return of.done({ id, op, keys: of.members('keys').map((one) => one.done(pinned(one))) });
    case 'read-key':
    case 'read-ed25519':
      return of.done({ id, op, key: of.text('key', keyId) });
    case 'create-key':
      return of.done({ id, op, key: of.text('key', keyId), label: of.text('label', /^[\x20-\x7e]{1,64}$/) });
    case 'sign': {
      const items = of
        .members('items')
        .map((one) => one.done({ ...pinned(one), digest: one.text('digest', /^[0-9a-f]{64}$/) }));
      if (items.length === 0 || items.length > largestBatch) throw new ProtocolError(`items: ${items.length} of them`);
      return of.done({ id, op, items });
    }
    case 'sign-ed25519':
      return of.done({ id, op, key: of.text('key', keyId), message: of.text('message', /^(?:[0-9a-f]{2}){1,65536}$/) });
    case 'unwrap':
      return of.done({
        id,
        op,
        key: of.text('key', keyId),
        hash: of.one('hash', ['sha1', 'sha256']),
        wrapped: of.text('wrapped', /^(?:[0-9a-f]{2}){64,1024}$/),
      });
    case 'read-data':
      return of.done({ id, op, label: of.text('label', objectLabel) });
    case 'keep-data':
      return of.done({
        id,
        op,
        label: of.text('label', objectLabel),
        value: of.text('value', objectHex),
        instead: of.texts('instead', objectHex),
      });
  }
}

function pinned(of: Message): PinnedTokenKey {
  return { key: of.text('key', keyId), publicKey: of.text('publicKey', /^0[23][0-9a-f]{64}$/) };
}
