import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { accountAddress } from './custody/chain.ts';
import { walletOfKeys } from './custody/wallet-document.ts';
import { type AccountWallet, type ChainId, parseWalletId, type TokenScriptWallet } from './domain/index.ts';
import { openSigner } from './open-signer.ts';
import type { Pkcs11SignerConfig } from './signer-config.ts';
import type { Signer } from './signers/signer.ts';
import type { LineLog } from './signers/stderr.ts';

// The emulated station's HSM: SoftHSM2, where this machine has it, with a token and keys of its own. It guards nothing of worth.

/** Where Debian, Fedora, and Homebrew on macOS put it. */
const modules = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib64/pkcs11/libsofthsm2.so',
  '/usr/lib64/softhsm/libsofthsm2.so',
  '/opt/homebrew/lib/softhsm/libsofthsm2.so',
  '/usr/local/lib/softhsm/libsofthsm2.so',
];

/** A token in its folder, and a wallet of a key of its on each chain. */
export interface DevHsm {
  readonly signer: Pkcs11SignerConfig;
  readonly account: AccountWallet;
  /** `wpkh` of one key, and so one address. */
  readonly script: TokenScriptWallet;
}

/** Why there is none, as one line. */
export interface NoHsm {
  readonly missing: string;
}

/** Makes a token in a new folder, and in it a key for each chain. Where that can't be done here, it says why, and throws nothing. */
export async function makeHsm(
  folder: string,
  [chain, bitcoinChain]: readonly [ChainId, ChainId],
  log: LineLog,
): Promise<DevHsm | NoHsm> {
  try {
    const module = softHsm();
    if (typeof module !== 'string') return module;
    const signer = await makeToken(folder, module);
    const open = openSigner(signer, log);
    try {
      return { signer, ...(await makeWallets(signer.name, open, chain, bitcoinChain)) };
    } finally {
      await open.close();
    }
  } catch (error) {
    const [why = ''] = (error instanceof Error ? error.message : String(error)).split('\n', 1);
    return { missing: `SoftHSM2 is here, but it does not work: ${why}` };
  }
}

/** The module's path. */
function softHsm(): string | NoHsm {
  const module = modules.find((file) => existsSync(file));
  const onPath = (process.env['PATH'] ?? '').split(delimiter).some((at) => existsSync(join(at, 'softhsm2-util')));
  if (module === undefined || !onPath)
    return { missing: 'there is no SoftHSM2 here (Debian: apt-get install softhsm2; Homebrew: brew install softhsm)' };
  const pkcs11js = dirname(createRequire(import.meta.url).resolve('pkcs11js/package.json'));
  if (!existsSync(join(pkcs11js, 'build/Release/pkcs11.node')))
    return { missing: 'pkcs11js is not compiled here: run npm run pkcs11' };
  return module;
}

async function makeToken(folder: string, module: string): Promise<Pkcs11SignerConfig> {
  const tokens = join(folder, 'tokens');
  mkdirSync(tokens, { recursive: true, mode: 0o700 });
  const conf = join(folder, 'softhsm2.conf');
  writeFileSync(conf, `directories.tokendir = ${tokens}\nobjectstore.backend = file\nlog.level = ERROR\n`);
  const file = join(folder, 'pin');
  const [pin, officers] = [randomBytes(8).toString('hex'), randomBytes(8).toString('hex')];
  writeFileSync(file, `${pin}\n`, { mode: 0o600 });
  const environment = { SOFTHSM2_CONF: conf };
  // It takes PINs from a terminal or its command line only, which others on this machine may read.
  const label = 'portcullis-dev';
  const args = ['--init-token', '--free', '--label', label, '--so-pin', officers, '--pin', pin];
  await promisify(execFile)('softhsm2-util', args, { env: { PATH: process.env['PATH'] ?? '', ...environment } }).catch(
    ({ stderr }: { stderr?: string }) => {
      // Not its own message, which has the PINs in it.
      throw new Error(`softhsm2-util made no token: ${stderr?.trim() ?? ''}`);
    },
  );
  const of = { module, token: { by: 'label', value: label }, pin: { kind: 'file', file }, environment } as const;
  return { name: 'hsm', kind: 'pkcs11', ...of, processes: 1 };
}

async function makeWallets(
  signer: string,
  open: Signer,
  chain: ChainId,
  bitcoinChain: ChainId,
): Promise<Omit<DevHsm, 'signer'>> {
  const [hot, coins] = [parseWalletId('hsm-1', 'wallet'), parseWalletId('btc-hsm', 'wallet')];
  const { id, publicKey } = await createKey(open, 'e1', hot);
  const key = { kind: 'token', id } as const;
  const address = accountAddress(chain, publicKey);
  const keys = [{ ...(await createKey(open, 'b1', coins)), signer }];
  return {
    account: { kind: 'account', id: hot, chain, signer, key, address, publicKey, firstNonce: 0 },
    script: walletOfKeys({ id: coins, chain: bitcoinChain, derives: false, script: 'wpkh', threshold: 1, keys }),
  };
}

/** As `portcullis wallet create` does. */
async function createKey(open: Signer, id: string, label: string): Promise<{ id: string; publicKey: string }> {
  const made = await open.createKey({ id, label });
  if (made.kind !== 'token') throw new Error(made.kind === 'failed' ? `${made.reason}: ${made.message}` : 'no key');
  return { id: made.id, publicKey: made.publicKey };
}
