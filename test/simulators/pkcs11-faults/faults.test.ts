import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { FaultyModule } from '../../signers/pkcs11/faulty-module.ts';
import { FaultyToken, noFaultyToken } from '../../signers/pkcs11/faulty-token.ts';

const digest = new Uint8Array(32).fill(0x5a);
const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

const skipped = noFaultyToken === undefined ? '' : ` (skipped: ${noFaultyToken})`;

describe.skipIf(noFaultyToken !== undefined)(`the module that misbehaves on cue${skipped}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-test-'));
  let token: FaultyToken;
  let faulty: FaultyModule;

  const environment = () => ({ ...process.env, ...token.bothEnvironments });
  const through = () => ['--module', faulty.module, '--token-label', token.label, '--login', '--pin', token.pin];
  const signing = ['--sign', '--mechanism', 'ECDSA', '--id', 'a1', '--input-file', join(folder, 'digest')];
  const tool = (...args: string[]): SpawnSyncReturns<Buffer> =>
    spawnSync('pkcs11-tool', [...through(), ...args], { env: environment() });
  const sign = () => tool(...signing);

  beforeAll(() => {
    writeFileSync(join(folder, 'digest'), digest);
    token = new FaultyToken(['a1', 'b2']);
    faulty = token.faulty;
  });
  beforeEach(() => {
    faulty.cue();
    faulty.forget();
  });
  afterAll(() => {
    token.close();
    rmSync(folder, { recursive: true });
  });

  const signedBy = (id: string, signature: Uint8Array, bytes = digest): boolean =>
    secp256k1.verify(signature, bytes, Buffer.from(token.publicKey(id), 'hex'), { prehash: false, lowS: false });
  const s = (signature: Uint8Array) => BigInt(`0x${Buffer.from(signature.subarray(32)).toString('hex')}`);

  it('is the module behind it where nothing is cued, and tells every call', () => {
    const { stdout } = sign();
    expect(signedBy('a1', stdout)).toBe(true);
    expect(faulty.calls('C_Sign')).toMatchObject([{ outcome: '0x0' }]);
    expect(faulty.calls('C_Login')).toHaveLength(1);
  });

  const flipped = Uint8Array.from(digest, (byte, i) => (i === 0 ? byte ^ 1 : byte));
  it.each<[string, (signature: Uint8Array) => boolean]>([
    ['high-s', (signature) => signedBy('a1', signature) && s(signature) > order / 2n],
    ['other-key b2', (signature) => signedBy('b2', signature) && !signedBy('a1', signature)],
    ['other-bytes', (signature) => signedBy('a1', signature, flipped) && !signedBy('a1', signature)],
    ['wrong-signature', (signature) => signature.length === 64 && !signedBy('a1', signature)],
    ['short', (signature) => signature.length === 63],
    ['long', (signature) => signature.length === 65],
    ['empty', (signature) => signature.length === 0],
    ['zero-r', (signature) => signature.subarray(0, 32).every((byte) => byte === 0) && s(signature) > 0n],
    ['zero-s', (signature) => s(signature) === 0n && signature.subarray(0, 32).some((byte) => byte !== 0)],
    ['beyond', (signature) => Buffer.from(signature.subarray(0, 32)).toString('hex') === order.toString(16)],
  ])('signs as it is told: %s', (action, holds) => {
    faulty.cue(`C_Sign ${action}`);
    // Half of all signatures have a high s as they are.
    for (let i = 0; i < 3; i++) expect(sign().stdout).toSatisfy(holds);
  });

  it.each([
    ['C_Sign segv', { signal: 'SIGSEGV' }],
    ['C_Sign abort', { signal: 'SIGABRT' }],
    ['C_Sign exit', { status: 0, stdout: '' }],
    ['load segv', { signal: 'SIGSEGV' }],
    ['C_Initialize segv', { signal: 'SIGSEGV' }],
    // pkcs11-tool then begins anew, with C_SignUpdate.
    ['C_Sign rv 0x30', { stdout: '', stderr: /CKR_OPERATION_NOT_INITIALIZED/ }],
    ['C_Sign close-all', { stderr: /CKR_SESSION_HANDLE_INVALID/ }],
    ['C_SignInit close', { stderr: /CKR_SESSION_HANDLE_INVALID/ }],
    ['C_Login rv 0xa4', { stderr: /CKR_PIN_LOCKED/ }],
    ['C_OpenSession limit 0', { stderr: /CKR_SESSION_COUNT/ }],
    ['C_GetTokenInfo flags x', { signal: 'SIGABRT', stderr: /not a number: x/ }],
    ['C_GetSlotList empty', { stderr: /No slot/ }],
    ['* rv 0x32', { stderr: /CKR_DEVICE_REMOVED/ }],
    ['C_Sign print a line', { stdout: /a line\n/ }],
    ['C_Sign mumble', { signal: 'SIGABRT', stderr: /no such action: mumble/ }],
    ['C_Sign rv', { signal: 'SIGABRT', stderr: /not a number/ }],
    ['C_Sign after x segv', { signal: 'SIGABRT', stderr: /not a number: x/ }],
    ['C_Sign', { signal: 'SIGABRT', stderr: /without an action/ }],
  ])('does what it is told: %s', (cue, ended) => {
    faulty.cue('# a comment', '', cue);
    const { status, signal, stdout, stderr } = sign();
    const texts = { stdout: stdout.toString('latin1'), stderr: stderr.toString('latin1') };
    const wanted = Object.entries(ended).map(([name, value]) => [
      name,
      value instanceof RegExp ? expect.stringMatching(value) : value,
    ]);
    expect({ status, signal, ...texts }).toMatchObject(Object.fromEntries(wanted));
  });

  it('hangs until it is killed', async () => {
    faulty.cue('C_Sign hang');
    const hung = spawn('pkcs11-tool', [...through(), ...signing], { env: environment() });
    expect((await faulty.called('C_Sign', 'hang')).pid).toBe(hung.pid);
    hung.kill('SIGKILL');
  });

  it('counts from one process to the next, and its file shows what is left', () => {
    faulty.cue('C_Sign after 1 count 2 rv 0x30', 'C_Sign high-s');
    const outcomes = [1, 2, 3, 4].map(() => {
      const { stdout } = sign();
      return stdout.length === 0 ? 'failed' : 'signed';
    });
    expect(outcomes).toEqual(['signed', 'failed', 'failed', 'signed']);
    expect(faulty.calls('C_Sign').map(({ outcome }) => outcome)).toEqual(['0x0', '0x30', '0x30', '0x0']);
    expect(faulty.cues).toEqual(['C_Sign high-s']);
  });

  it('gives another value for an attribute', () => {
    const attributes = () => tool('--list-objects', '--type', 'privkey').stdout.toString();
    expect(attributes()).not.toMatch(/sensitive, extractable/);
    // CKA_EXTRACTABLE
    faulty.cue('C_GetAttributeValue attribute 0x162 01');
    expect(attributes()).toMatch(/sensitive, extractable/);
  });
});
