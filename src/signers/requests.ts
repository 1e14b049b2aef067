import { ProtocolError } from './lines.ts';
import { Message } from './message.ts';
import {
  apps,
  type Identify,
  type Policy,
  type ReadKey,
  type Register,
  type Request,
  type ShowAddress,
  type Sign,
} from './protocol.ts';

const operations = ['configure', 'survey', 'identify', 'read-key', 'sign', 'register', 'show-address'] as const;
const bitcoinApps = ['Bitcoin', 'Bitcoin Test'] as const;

/** What devices are opened by: a path of hidraw's, or Speculos' address. */
export const deviceName = /^[\x21-\x7e]{1,200}$/;

const path = /^m(?:\/[0-9]{1,10}'?){1,10}$/;
const hex = /^(?:[0-9a-f]{2})+$/;
const fingerprint = /^[0-9a-f]{8}$/;
const xpub = /^[1-9A-HJ-NP-Za-km-z]{100,120}$/;
/** Nothing, or 32 bytes. */
const registration = /^(?:[0-9a-f]{64})?$/;
const policyName = /^(?:[a-z0-9][a-z0-9-]{0,31})?$/;
const policyKey = /^\[[0-9a-f]{8}(?:\/[0-9]{1,10}'?){0,10}\][1-9A-HJ-NP-Za-km-z]{100,120}$/;
const template =
  /^(?:pkh\(@0\/\*\*\)|wpkh\(@0\/\*\*\)|sh\(wpkh\(@0\/\*\*\)\)|tr\(@0\/\*\*\)|wsh\(sortedmulti\([1-9][0-9]?(?:,@[0-9]{1,2}\/\*\*){2,15}\)\))$/;

/** What the daemon asks of the child. Throws ProtocolError. */
export function parseRequest(line: string): Request {
  const of = new Message(line);
  const id = of.id();
  switch (of.one('op', operations)) {
    case 'configure':
      return of.done({ id, op: 'configure', ...parseTransport(of) });
    case 'survey':
      return of.done({ id, op: 'survey' });
    case 'identify':
      return of.done({ id, ...parseIdentify(of) });
    case 'read-key':
      return of.done({ id, ...parseReadKey(of) });
    case 'sign':
      return of.done({ id, ...parseSign(of) });
    case 'register':
      return of.done({ id, ...parseRegister(of) });
    case 'show-address':
      return of.done({ id, ...parseShowAddress(of) });
  }
}

function parseTransport(
  of: Message,
): { readonly transport: 'hid' } | { readonly transport: 'speculos'; readonly url: string } {
  const transport = of.one('transport', ['hid', 'speculos']);
  return transport === 'hid' ? { transport } : { transport, url: of.text('url', /^http:[\x21-\x7e]{1,80}$/) };
}

function parseIdentify(of: Message): Identify {
  const skip = of.texts('skip', deviceName);
  const at = { op: 'identify', path: of.text('path', path), skip } as const;
  const app = of.one('app', apps);
  return app === 'Ethereum'
    ? { ...at, app, publicKey: of.text('publicKey', /^0[23][0-9a-f]{64}$/) }
    : { ...at, app, fingerprint: of.text('fingerprint', fingerprint), xpub: of.text('xpub', xpub) };
}

function parseReadKey(of: Message): ReadKey {
  return { op: 'read-key', app: of.one('app', apps), path: of.text('path', path), skip: of.texts('skip', deviceName) };
}

function parseSign(of: Message): Sign {
  const at = { op: 'sign', path: of.text('path', path) } as const;
  const app = of.one('app', apps);
  if (app === 'Ethereum') {
    return { ...at, app, unsigned: of.text('unsigned', hex), tokenDescriptors: of.texts('tokenDescriptors', hex) };
  }
  return { ...at, app, ...parseRegistered(of), psbt: of.base64('psbt') };
}

function parseRegister(of: Message): Register {
  const at = { op: 'register', path: of.text('path', path), app: of.one('app', bitcoinApps) } as const;
  const policy = parsePolicy(of);
  // A device knows those without a name already.
  if (policy.name === '') throw new ProtocolError('name: a policy that is registered has one');
  return { ...at, policy };
}

function parseShowAddress(of: Message): ShowAddress {
  const at = { op: 'show-address', path: of.text('path', path) } as const;
  const app = of.one('app', apps);
  if (app === 'Ethereum') return { ...at, app };
  return {
    ...at,
    app,
    ...parseRegistered(of),
    branch: of.integer('branch', 1),
    index: of.integer('index', 2 ** 31 - 1),
  };
}

function parseRegistered(of: Message): { readonly policy: Policy; readonly registration: string } {
  const policy = parsePolicy(of);
  const hmac = of.text('registration', registration);
  if ((policy.name === '') !== (hmac === '')) {
    throw new ProtocolError('registration: goes with a policy that has a name, and with no other');
  }
  return { policy, registration: hmac };
}

function parsePolicy(of: Message): Policy {
  const policy = of.member('policy');
  if (policy === undefined) throw new ProtocolError('policy: absent');
  const name = policy.text('name', policyName);
  const keys = policy.texts('keys', policyKey);
  const form = policy.text('template', template);
  // BIP-388: the keys' places are numbered from 0, each used once.
  const places = [...form.matchAll(/@([0-9]+)/g)].map(([, place]) => Number(place));
  if (places.length !== keys.length || places.some((place, i) => place !== i)) {
    throw new ProtocolError(`template: does not name its ${keys.length} keys in their order`);
  }
  return policy.done({ name, template: form, keys });
}
