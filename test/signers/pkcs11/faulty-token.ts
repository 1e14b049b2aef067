import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addressOfKey } from '../../../src/chains/ethereum/index.ts';
import { type AccountWallet, parseAddress, parseChainId, parseWalletId } from '../../../src/domain/index.ts';
import { createPkcs11Signer, type Pkcs11SignerOptions } from '../../../src/signers/pkcs11/signer.ts';
import type { Signer } from '../../../src/signers/signer.ts';
import { HandTimers } from '../hand-timers.ts';
import { FaultyModule, noFaults } from './faulty-module.ts';

const softhsm = '/usr/lib/softhsm/libsofthsm2.so';

/** Why there is no token here that misbehaves, if there is none. In CI there must be one: nothing is skipped. */
export const noFaultyToken =
  process.env['CI'] !== undefined
    ? undefined
    : (noFaults ?? (existsSync(softhsm) ? undefined : 'no SoftHSM2 (Debian: apt-get install softhsm2 opensc)'));

export const pin = '1234';
export const label = 'test';
/** What the signer is told to wait, ms. */
export const identify = 10_000;
export const sign = 20_000;
export const poll = 3_000;
export const backOff = 500;

/**
 * A SoftHSM2 token with test keys, behind a module that misbehaves on cue. `pkcs11-tool` makes it, not the code under test; keys are
 * named by CKA_ID.
 */
export class FaultyToken {
  readonly faulty = new FaultyModule(softhsm);
  readonly #folder = mkdtempSync(join(tmpdir(), 'portcullis-token-'));
  readonly #keys = new Map<string, string>();
  /** What the module reads of its environment. */
  readonly environment: Readonly<Record<string, string>>;

  /** @param ids keys to make @param attributes of pkcs11-tool, beside */
  constructor(ids: readonly string[] = [], attributes: readonly string[] = []) {
    const configuration = join(this.#folder, 'softhsm2.conf');
    writeFileSync(configuration, `directories.tokendir = ${join(this.#folder, 'tokens')}\nlog.level = ERROR\n`);
    this.environment = { ...this.faulty.environment, SOFTHSM2_CONF: configuration };
    this.#makeToken();
    for (const id of ids) this.makeKey(id, attributes);
  }

  #makeToken(): void {
    mkdirSync(join(this.#folder, 'tokens'));
    const init = ['--init-token', '--free', '--label', label, '--pin', pin, '--so-pin', '5678'];
    execFileSync('softhsm2-util', init, { env: this.#tools(), stdio: 'pipe' });
  }

  #tools(): Record<string, string> {
    return { PATH: process.env['PATH'] ?? '', SOFTHSM2_CONF: this.environment['SOFTHSM2_CONF'] ?? '' };
  }

  /** Behind the faulty module's back. */
  tool(...args: readonly string[]): Buffer {
    const all = ['--module', softhsm, '--token-label', label, '--login', '--pin', pin, ...args];
    return execFileSync('pkcs11-tool', all, { env: this.#tools(), stdio: 'pipe' });
  }

  /** A secp256k1 pair. Returns its public key, compressed, hex. */
  makeKey(id: string, attributes: readonly string[] = []): string {
    this.tool('--keypairgen', '--key-type', 'EC:secp256k1', '--id', id, ...attributes);
    // A SubjectPublicKeyInfo ends with the uncompressed point (RFC 5480 §2).
    const point = this.tool('--read-object', '--type', 'pubkey', '--id', id).subarray(-65);
    const publicKey = `0${2 + ((point[64] ?? 0) & 1)}${point.subarray(1, 33).toString('hex')}`;
    this.#keys.set(id, publicKey);
    return publicKey;
  }

  /** As it was when it was made. */
  publicKey(id: string): string {
    const key = this.#keys.get(id);
    if (key === undefined) throw new Error(`no key ${id} was made`);
    return key;
  }

  /** An Ethereum account of the signer `hsm`. */
  wallet(id: string): AccountWallet {
    const publicKey = this.publicKey(id);
    return {
      kind: 'account',
      id: parseWalletId(`wallet-${id}`, 'wallet'),
      chain: parseChainId('eip155:31337', 'chain'),
      signer: 'hsm',
      key: { kind: 'token', id },
      address: parseAddress(`eip155:31337:${addressOfKey(publicKey)}`, 'address'),
      publicKey,
      firstNonce: 0,
    };
  }

  /** Pulls the token, for whatever process looks anew. */
  pull(): void {
    renameSync(join(this.#folder, 'tokens'), join(this.#folder, 'pulled'));
    mkdirSync(join(this.#folder, 'tokens'));
  }

  /** Puts it back, in the place of what is there. */
  plug(): void {
    rmSync(join(this.#folder, 'tokens'), { recursive: true });
    renameSync(join(this.#folder, 'pulled'), join(this.#folder, 'tokens'));
  }

  /** Puts another in its place, of the same label and PIN, without keys. */
  replace(): void {
    this.pull();
    rmSync(join(this.#folder, 'tokens'), { recursive: true });
    this.#makeToken();
  }

  /** A signer over it, on timers that go off by hand. */
  signer(more: Partial<Pkcs11SignerOptions> = {}): { signer: Signer; timers: HandTimers; log: string[] } {
    const timers = new HandTimers();
    const log: string[] = [];
    const signer = createPkcs11Signer({
      name: 'hsm',
      module: this.faulty.module,
      token: { by: 'label', value: label },
      pin,
      processes: 1,
      environment: this.environment,
      deadlines: { identify, sign },
      poll,
      backOff: (restarts) => backOff + restarts,
      timers,
      log: (line) => void log.push(line),
      ...more,
    });
    return { signer, timers, log };
  }

  close(): void {
    this.faulty.close();
    rmSync(this.#folder, { recursive: true });
  }
}

/** Resolves when the signer says that it is worth asking again. */
export function changed(signer: Signer): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = signer.onChange(() => {
    stop();
    resolve();
  });
  return promise;
}
