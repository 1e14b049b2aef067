import { Message } from '../message.ts';
import { failureReasons, objectHex, type Reply, type Signed, type Token } from './protocol.ts';

const results = [
  'configured',
  'token',
  'key',
  'signatures',
  'note-key',
  'note-signature',
  'unwrapped',
  'data',
  'failure',
] as const;
const printable = /^[\x20-\x7e]{1,400}$/;
const signature = /^[0-9a-f]{128}$/;
/** Whatever the token gave for one: what isn't r ‖ s, I7 tells. At most 128 bytes. */
const given = /^(?:[0-9a-f]{2}){0,128}$/;

/** What the child that has the module answers to the daemon. Throws ProtocolError. */
export function parseReply(line: string): Reply {
  const of = new Message(line);
  const id = of.id();
  const result = of.one('result', results);
  switch (result) {
    case 'configured':
      return of.done({ id, result });
    case 'token': {
      const said = { ...token(of), sessions: of.text('sessions', printable) };
      return of.done({ id, result, ...said, faults: of.texts('faults', /^[\x20-\x7e]{0,400}$/) });
    }
    case 'key':
      return of.done({
        id,
        result,
        ...token(of),
        key: of.text('key', /^(?:[0-9a-f]{2}){1,32}$/),
        publicKey: of.text('publicKey', /^0[23][0-9a-f]{64}$/),
        attributes: of.texts('attributes', printable),
      });
    case 'signatures':
      return of.done({ id, result, items: of.members('items').map(signed) });
    case 'note-key':
      return of.done({ id, result, publicKey: of.text('publicKey', /^[0-9a-f]{64}$/) });
    case 'note-signature':
      return of.done({ id, result, signature: of.text('signature', signature) });
    case 'unwrapped':
      return of.done({ id, result, plain: of.secret('plain', /^(?:[0-9a-f]{2}){1,512}$/) });
    case 'data':
      return of.done({ id, result, values: of.texts('values', objectHex) });
    case 'failure':
      return of.done({ id, result, reason: of.one('reason', failureReasons), message: of.text('message', printable) });
  }
}

function token(of: Message): Token {
  const text = /^[\x20-\x7e]{0,200}$/;
  return { device: of.text('device', text), label: of.text('label', text), serial: of.text('serial', text) };
}

function signed(of: Message): Signed {
  if (of.has('signature')) return of.done({ signature: of.text('signature', given) });
  return of.done({ reason: of.one('reason', failureReasons), message: of.text('message', printable) });
}
