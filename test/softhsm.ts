import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { addressOfKey } from '../src/chains/ethereum/index.ts';
import { type AccountWallet, parseAddress, parseChainId, parseWalletId } from '../src/domain/index.ts';

const path = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));
const onPath = (name: string): boolean =>
  (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, name)));

/** Where Debian puts it: 12, and 13. */
const module = ['/usr/lib/softhsm/libsofthsm2.so', '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so'].find((file) =>
  existsSync(file),
);

function lacking(): string | undefined {
  if (module === undefined || !onPath('softhsm2-util')) return 'no SoftHSM2 (Debian: apt-get install softhsm2)';
  if (!onPath('pkcs11-tool')) return 'no pkcs11-tool (Debian: apt-get install opensc)';
  if (!existsSync(path('node_modules/pkcs11js/build/Release/pkcs11.node')))
    return 'pkcs11js is not compiled (npm run pkcs11)';
  return undefined;
}

/** Why there is no token to test with here, if there is none. In CI there must be one: nothing is skipped. */
export const noSoftHsm = process.env['CI'] !== undefined ? undefined : lacking();

/** Of an object that pkcs11-tool can't make. */
export interface OddKey {
  readonly id: string;
  /** CKA_SIGN, CKA_SENSITIVE and CKA_EXTRACTABLE of the private key: true, false, false. */
  readonly sign?: boolean;
  readonly sensitive?: boolean;
  readonly extractable?: boolean;
  /** CKA_EC_POINT as it is, not DER around it. */
  readonly rawPoint?: boolean;
  /** Public keys of this CKA_ID: 1. */
  readonly publicKeys?: number;
  /** Private keys of this CKA_ID: 1. */
  readonly privateKeys?: number;
}

/**
 * A SoftHSM2 token of a test's own, in a folder of its own. Other programs make it and its keys, not the code under test; keys are named
 * by CKA_ID (`pkcs11-tool --id`). PINs and keys are test keys.
 */
export class SoftHsm {
  /** Absolute path of the module. */
  readonly module = module ?? '';
  readonly label = 'test';
  readonly pin = '1234';
  /** What the module reads of its environment. */
  readonly environment: Readonly<Record<'SOFTHSM2_CONF', string>>;
  readonly #folder = mkdtempSync(join(tmpdir(), 'portcullis-token-'));
  readonly #keys = new Map<string, string>();

  /** @param ids of keys to make @param more of pkcs11-tool's arguments for each of them */
  constructor(ids: readonly string[] = [], more: readonly string[] = []) {
    this.environment = { SOFTHSM2_CONF: join(this.#folder, 'softhsm2.conf') };
    writeFileSync(
      this.environment.SOFTHSM2_CONF,
      `directories.tokendir = ${join(this.#folder, 'tokens')}\nlog.level = ERROR\n`,
    );
    mkdirSync(join(this.#folder, 'tokens'));
    this.makeToken();
    for (const id of ids) this.makeKey(id, more);
  }

  /** Another token beside those that there are. */
  makeToken(label = this.label): void {
    const init = ['--init-token', '--free', '--label', label, '--pin', this.pin, '--so-pin', '5678'];
    execFileSync('softhsm2-util', init, { env: this.#tools, stdio: 'pipe' });
  }

  get #tools(): Record<string, string> {
    return { PATH: process.env['PATH'] ?? '', ...this.environment };
  }

  /** What pkcs11-tool says of the token, logged in. */
  tool(...args: readonly string[]): Buffer {
    return this.toolOf(this.label, ...args);
  }

  toolOf(label: string, ...args: readonly string[]): Buffer {
    const login = ['--module', this.module, '--token-label', label, '--login', '--pin', this.pin];
    return execFileSync('pkcs11-tool', [...login, ...args], { env: this.#tools, stdio: 'pipe' });
  }

  /** The serial numbers of its tokens. */
  get serials(): readonly string[] {
    const told = execFileSync('pkcs11-tool', ['--module', this.module, '-L'], { env: this.#tools, stdio: 'pipe' });
    return [...told.toString().matchAll(/^ {2}serial num +: ([0-9a-f]+)$/gm)].map(([, serial = '']) => serial);
  }

  /** A secp256k1 pair. Returns its public key, compressed, hex. */
  makeKey(id: string, more: readonly string[] = []): string {
    this.tool('--keypairgen', '--key-type', 'EC:secp256k1', '--id', id, ...more);
    const publicKey = this.readKey(id);
    this.#keys.set(id, publicKey);
    return publicKey;
  }

  /** Objects as no tool makes them. Returns the public key that belongs to them. */
  makeOddKey(odd: OddKey): string {
    const told = { module: this.module, label: this.label, pin: this.pin, ...odd };
    const script = path('test/softhsm-object.ts');
    const made = execFileSync(process.execPath, [script], { env: this.environment, input: JSON.stringify(told) });
    this.#keys.set(odd.id, made.toString());
    return made.toString();
  }

  /** The public key that pkcs11-tool reads. */
  readKey(id: string): string {
    // A SubjectPublicKeyInfo ends with the uncompressed point (RFC 5480 §2).
    const point = this.tool('--read-object', '--type', 'pubkey', '--id', id).subarray(-65);
    return `0${2 + ((point[64] ?? 0) & 1)}${point.subarray(1, 33).toString('hex')}`;
  }

  /** As it was when it was made. */
  publicKey(id: string): string {
    const key = this.#keys.get(id);
    if (key === undefined) throw new Error(`no key ${id} was made`);
    return key;
  }

  /** An Ethereum account of the signer `hsm`. @param publicKey the one that it pins, where that isn't the key's own */
  wallet(id: string, publicKey = this.publicKey(id)): AccountWallet {
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

  /** Pulls the tokens, for whatever process looks anew. */
  pull(): void {
    renameSync(join(this.#folder, 'tokens'), join(this.#folder, 'pulled'));
    mkdirSync(join(this.#folder, 'tokens'));
  }

  /** Puts them back, in the place of what is there. */
  plug(): void {
    rmSync(join(this.#folder, 'tokens'), { recursive: true });
    renameSync(join(this.#folder, 'pulled'), join(this.#folder, 'tokens'));
  }

  /** Puts another in their place, of the same label and PIN, without keys. */
  replace(): void {
    this.pull();
    rmSync(join(this.#folder, 'tokens'), { recursive: true });
    mkdirSync(join(this.#folder, 'tokens'));
    this.makeToken();
  }

  close(): void {
    rmSync(this.#folder, { recursive: true });
  }
}
