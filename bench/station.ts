import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import secp256k1 from 'secp256k1/bindings.js';
import { parse } from 'yaml';
import { type Api, createApi } from '../src/api/server.ts';
import { addressOfKey } from '../src/chains/ethereum/index.ts';
import { createAuthority, issueClient, issueServer } from '../src/cli/certificates.ts';
import { foundStation, journalOrigin, newStationId, policyHash } from '../src/custody/founding.ts';
import { type Custody, startCustody } from '../src/custody/index.ts';
import { verifierKeyOf } from '../src/custody/journal-key.ts';
import { Keyring } from '../src/custody/seal.ts';
import { WitnessedClock } from '../src/custody/witnessed-clock.ts';
import { type ClockReading, day, type TimeSource, toHex, type WallMs } from '../src/domain/index.ts';
import { type Policy, parsePolicy } from '../src/gate/policy.ts';
import { heldSigner } from '../src/journal/checkpoint-signer.ts';
import { machineTime } from '../src/machine-time.ts';
import { randomBytesPooled } from '../src/random-pool.ts';
import { createPkcs11Signer } from '../src/signers/pkcs11/signer.ts';
import type { Signer } from '../src/signers/signer.ts';
import { startCheckpointer } from '../src/store/checkpointer.ts';
import { openDatabase } from '../src/store/database.ts';
import { deriveKeys } from '../src/store/key.ts';
import { Store, type Witness } from '../src/store/store.ts';
import { FreeSigner } from './free-signer.ts';

export const chain = 'eip155:31337';
export const trustDomain = 'bench.example';

/** The signer that takes one transaction after the other, as a device with a person before it. */
const attendedSigner = 'attended';

/** A wallet of the bench: a test key, derived from its name; or one of a token's, known by its public key. */
export interface BenchWallet {
  readonly id: string;
  readonly key: Uint8Array | undefined;
}

/** A PKCS#11 token with test keys, one a wallet. */
export interface BenchHsm {
  readonly module: string;
  readonly label: string;
  readonly pin: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly processes: number;
  /** `id`: CKA_ID; `publicKey`: compressed, hex. */
  readonly keys: readonly { readonly id: string; readonly publicKey: string }[];
}

/** The machine's time, which can be moved ahead: what the bench prepares must ripen. */
class BenchTime implements TimeSource {
  readonly simulated = true;
  readonly #machine = machineTime();
  #ahead = 0;

  read(): ClockReading {
    const { wall, mono, uptime, bootId } = this.#machine.read();
    return { wall: (wall + this.#ahead) as WallMs, mono: mono + this.#ahead, uptime: uptime + this.#ahead, bootId };
  }

  passDay(): void {
    this.#ahead += day + 1_000;
  }
}

/** What the store did since it was asked last. */
export interface Commits {
  readonly decisions: number;
  readonly commits: number;
}

/** A whole station over gRPC, with everything that the daemon has but its config files and its devices. */
export interface BenchStation {
  /** The database. */
  readonly file: string;
  readonly stateKey: Uint8Array;
  readonly custody: Custody;
  readonly store: Store;
  readonly policy: Policy;
  readonly signatures: Map<string, Uint8Array>;
  /** How long the token's signer had each permit, ms, since this was emptied last. */
  readonly signing: number[];
  readonly wallets: readonly BenchWallet[];
  readonly admission: { readonly key: ReturnType<typeof generateKeyPairSync>['privateKey'] };
  readonly tls: { readonly ca: Buffer; readonly key: Buffer; readonly cert: Buffer };
  readonly serverTls: { readonly ca: Buffer; readonly key: Buffer; readonly cert: Buffer };
  readonly api: Api;
  passDay(): void;
  idle(): Promise<void>;
  commits(): Commits;
  close(): Promise<void>;
}

/** With `slots` wallets on an automatic signer, and as many again on one that takes one after the other; `change` edits the policy's text. */
export async function openStation(
  slots: number,
  change: (document: string) => string = (document) => document,
  hsm?: BenchHsm,
): Promise<BenchStation> {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-bench-'));
  const file = join(folder, 'station.db');
  const time = new BenchTime();
  const admission = generateKeyPairSync('ed25519');
  const wallets: BenchWallet[] = walletNames(slots).map((id) => ({ id, key: testKey(id) }));
  for (const i of hsm?.keys.keys() ?? []) wallets.push({ id: `hsm-${i}`, key: undefined });
  const document = change(policyDocument(admission.publicKey.export({ format: 'jwk' }).x ?? '', wallets, hsm));
  const policy = parsePolicy(parse(document));
  const stateKey = new Uint8Array(randomBytes(32));
  const stationId = newStationId();
  const origin = journalOrigin(stationId, true);
  const journal = generateKeyPairSync('ed25519');
  const verifierKey = verifierKeyOf(origin, journal.publicKey);
  foundStation({
    file,
    stateKey,
    policyDocument: document,
    policy,
    reading: time.read(),
    simulated: true,
    journalKey: verifierKey,
    stationId,
  });

  const keys = deriveKeys(stateKey);
  const { db, close: closeDatabase } = openDatabase(file);
  const clock = new WitnessedClock(time);
  const counted = new CountingWitness(clock);
  const log = (event: string, details?: object): void => {
    process.stderr.write(`${JSON.stringify({ event, ...details })}\n`);
  };
  const store = new Store({
    db,
    rowKey: keys.row,
    witness: counted,
    salt: () => randomBytesPooled(32),
    onFatal: (error) => {
      throw error;
    },
  });
  let decisions = 0;
  store.onCommit(() => {
    decisions++;
  });
  const signatures = new Map<string, Uint8Array>();
  const names = [
    ...new Set([...policy.wallets.values()].flatMap((wallet) => (wallet.kind === 'account' ? [wallet.signer] : []))),
  ];
  const signing: number[] = [];
  const signerOf = (name: string): Signer =>
    name === 'hsm' && hsm !== undefined
      ? timedHsm(hsm, signing, log)
      : new FreeSigner(name, name === attendedSigner, signatures);
  const running = startCustody({
    store,
    policy,
    policyHash: policyHash(document),
    keys,
    sealing: new Keyring([new Uint8Array(randomBytes(32))]),
    random: { bytes: randomBytesPooled },
    simulated: true,
    log,
    time,
    clock,
    signers: new Map(names.map((name) => [name, signerOf(name)])),
    timing: { retryAfter: 1_000, later: () => () => {} },
    journal: [heldSigner(origin, journal.privateKey)],
  });
  const now = Date.now();
  const authority = await createAuthority(trustDomain, now);
  const server = await issueServer(authority, ['localhost', '127.0.0.1'], now);
  const client = await issueClient(authority, 'withdrawals', 'bench', now);
  const ca = Buffer.from(authority.certificate);
  const serverTls = { ca, key: Buffer.from(server.key), cert: Buffer.from(server.certificate) };
  const api = await createApi({
    custody: running.custody,
    tls: serverTls,
    trustDomain,
    listen: { host: '127.0.0.1', port: 0 },
    operatorsListen: { host: '127.0.0.1', port: 0 },
    log,
  });
  const checkpointer = startCheckpointer(file, log);
  const ticking = setInterval(() => void running.timekeeper.tick(), 1_000);
  return {
    file,
    stateKey,
    custody: running.custody,
    store,
    policy,
    signatures,
    signing,
    wallets,
    admission: { key: admission.privateKey },
    tls: { ca, key: Buffer.from(client.key), cert: Buffer.from(client.certificate) },
    serverTls,
    api,
    passDay: () => time.passDay(),
    idle: () => running.dispatch.idle(),
    commits: () => ({ decisions, commits: counted.commits }),
    close: async () => {
      clearInterval(ticking);
      await api.close(1_000);
      await running.close();
      await running.dispatch.idle();
      await checkpointer.close();
      store.close();
      closeDatabase();
      rmSync(folder, { recursive: true });
    },
  };
}

/** The station's own signer of tokens, with a clock on it. */
function timedHsm(hsm: BenchHsm, taken: number[], log: (event: string, details?: object) => void): Signer {
  const { module, label, pin, environment, processes } = hsm;
  const signer = createPkcs11Signer({
    name: 'hsm',
    module,
    token: { by: 'label', value: label },
    pin,
    processes,
    environment,
    deadlines: { identify: 30_000, sign: 60_000 },
    log,
  });
  const sign = signer.sign.bind(signer);
  signer.sign = async (permit) => {
    const start = performance.now();
    try {
      return await sign(permit);
    } finally {
      taken.push(performance.now() - start);
    }
  };
  return signer;
}

/** The store asks for the time once a commit: so this counts commits. */
class CountingWitness implements Witness {
  readonly #witness: Witness;
  commits = 0;

  constructor(witness: Witness) {
    this.#witness = witness;
  }

  commit(last: Parameters<Witness['commit']>[0]): ReturnType<Witness['commit']> {
    this.commits++;
    return this.#witness.commit(last);
  }

  look(last: Parameters<Witness['look']>[0]): ReturnType<Witness['look']> {
    return this.#witness.look(last);
  }
}

function walletNames(slots: number): string[] {
  const numbers = Array.from({ length: slots }, (_, i) => i);
  return [...numbers.map((i) => `hot-${i}`), ...numbers.map((i) => `attended-${i}`)];
}

/** A test key: known to everyone. */
export function testKey(name: string): Uint8Array {
  return new Uint8Array(createHash('sha256').update(`portcullis bench test key ${name}`).digest());
}

function policyDocument(admissionKey: string, wallets: readonly BenchWallet[], hsm: BenchHsm | undefined): string {
  const lines = wallets.map(({ id, key }) => {
    const inToken = hsm?.keys[Number(id.slice('hsm-'.length))];
    const publicKey = key === undefined ? inToken?.publicKey : toHex(secp256k1.publicKeyCreate(key, true));
    if (publicKey === undefined) throw new Error(`${id} has no key`);
    const signer = id.slice(0, id.indexOf('-'));
    const place = key === undefined ? `key: '${inToken?.id}'` : `path: "m/44'/60'/0'/0/0"`;
    return `  - { id: ${id}, chain: '${chain}', signer: ${signer}, ${place}, address: '${chain}:${addressOfKey(publicKey)}', public_key: '${publicKey}', first_nonce: '0' }`;
  });
  return `version: 1
trust_domain: ${trustDomain}
approvals: { rp_id: approve.bench.example, origins: ['https://approve.bench.example'] }
ripening: { factor: 24h, destination: 24h }
evidence: { webauthn: 1, accepts: [device, synced] }
admission:
  - { issuer: admission.bench.example, kid: bench-1, jwk: { kty: OKP, crv: Ed25519, x: '${admissionKey}' } }
chains:
  - { chain: '${chain}', max_fee: '10000000000000000', max_fee_per_gas: '500000000000', access_list_entries: 0 }
assets:
  - { asset: '${chain}/slip44:60', symbol: ETH, decimals: 18, max_payment: '100000000000000000000' }
wallets:
${lines.join('\n')}
nonce_window: 1000
`;
}
