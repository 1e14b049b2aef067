import { dirname, join } from 'node:path';
import { walletText } from './custody/wallet-document.ts';
import type { DevHsm } from './dev-hsm.ts';
import type { Pkcs11SignerConfig } from './signer-config.ts';

// What the emulated station is made of, and what it says of itself.

/** A client certificate's files, PEM. */
export interface ClientFiles {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

/** What an integrator needs to know of the station that came up; with --json, or without a person, it is the line that is printed. */
export interface Announcement {
  readonly station: string;
  readonly address: string;
  readonly operatorsAddress: string;
  readonly folder: string;
  readonly config: string;
  readonly certificates: string;
  /** By role: what a client of it connects with. */
  readonly clients: Readonly<Record<string, ClientFiles>>;
  /** Where these listen on 127.0.0.1. */
  readonly ports: {
    readonly api: number;
    readonly operators: number;
    readonly ledger: number;
    readonly bitcoinLedger: number;
  };
  readonly ledger: string;
  readonly wallet: { readonly id: string; readonly address: string; readonly chain: string };
  /** A second Ledger, with the app Bitcoin Test open, and a wallet of its key. */
  readonly bitcoin: {
    readonly ledger: string;
    readonly wallet: {
      readonly id: string;
      readonly address: string;
      readonly chain: string;
      /** BIP-380, with BIP-389's two paths: all that it takes to derive its addresses. */
      readonly descriptor: string;
    };
  };
  /** SoftHSM2, where this machine has it: it signs at once, and nobody presses anything. */
  readonly hsm?: AnnouncedHsm;
  /** Why it has none. */
  readonly noHsm?: string;
  /** By name: the file of that operator's software key. Any two of them decide. */
  readonly operators: Readonly<Record<string, string>>;
  /** The same of the recovery quorum's people. */
  readonly recovery: Readonly<Record<string, string>>;
  readonly admission: { readonly key: string; readonly issuer: string; readonly kid: string };
  /** The sample MFA service, with --mfa-service. */
  readonly mfa?: { readonly key: string; readonly issuer: string; readonly kid: string };
  readonly rpId: string;
  readonly origin: string;
  readonly verifierKey: string;
}

/** A token, and a wallet of a key of its own on each chain. */
export interface AnnouncedHsm {
  readonly module: string;
  /** What the module reads of its environment; so would another program, to look at the token. */
  readonly environment: Readonly<Record<string, string>>;
  /** The token's label, and the file of its PIN. */
  readonly token: string;
  readonly pin: string;
  readonly wallet: Announcement['wallet'];
  readonly bitcoinWallet: Announcement['bitcoin']['wallet'];
}

export function announcedHsm({ signer, account, script }: DevHsm): AnnouncedHsm {
  const { module, environment, token, pin } = signer;
  const { descriptor } = script;
  return {
    module,
    environment,
    token: token.value,
    pin: pin.kind === 'file' ? pin.file : '',
    wallet: { id: account.id, address: account.address, chain: account.chain },
    bitcoinWallet: { id: script.id, address: script.address, chain: script.chain, descriptor },
  };
}

/** What the emulated station's policy says of this one. */
export interface PolicyParts {
  readonly chain: string;
  readonly approvals: { readonly rpId: string; readonly origin: string };
  readonly address: string;
  readonly publicKey: string;
  /** The wallet as an entry of policy. */
  readonly bitcoin: { readonly chain: string; readonly wallet: string };
  readonly hsm: DevHsm | undefined;
  readonly admissionKey: string;
  /** Of an MFA service, whose tokens then do as well as a passkey. */
  readonly mfaKey: string | undefined;
  /** Entries of people, a line each. */
  readonly operators: readonly string[];
  readonly recovery: readonly string[];
}

export function policyDocument(parts: PolicyParts): string {
  const { chain, approvals, address, publicKey, bitcoin, hsm, admissionKey, mfaKey, operators, recovery } = parts;
  const ofHsm = hsm === undefined ? [] : [hsm.account, hsm.script];
  return `# The policy of an emulated station: test networks, a wallet on each of two emulated Ledgers${hsm === undefined ? '' : ', two on an HSM in software'}.
version: 1
trust_domain: sample.example
approvals:
  rp_id: ${approvals.rpId}
  origins: ['${approvals.origin}']
ripening: { factor: 24h, destination: 24h }
evidence: ${mfaKey === undefined ? '{ webauthn: 1, accepts: [device, synced] }' : '{ webauthn: 0, accepts: [device, synced, mfa-service] }'}
admission:
  - { issuer: admission.sample.example, kid: sample-1, jwk: { kty: OKP, crv: Ed25519, x: '${admissionKey}' } }
${mfaKey === undefined ? '' : attesters(mfaKey)}chains:
  - { chain: '${chain}', max_fee: '10000000000000000', max_fee_per_gas: '500000000000', access_list_entries: 0 }
  - { chain: '${bitcoin.chain}', max_fee: '1000000', max_fee_per_kvb: '500000', change_gap: 20 }
assets:
  - { asset: '${chain}/slip44:60', symbol: ETH, decimals: 18, max_payment: '100000000000000000000' }
  - { asset: '${bitcoin.chain}/slip44:1', symbol: TBTC, decimals: 8, max_payment: '10000000000' }
wallets:
  - { id: hot-1, chain: '${chain}', signer: ledger, path: "m/44'/60'/0'/0/0", address: '${address}', public_key: '${publicKey}', first_nonce: '0' }
  - ${bitcoin.wallet}
${ofHsm.map((wallet) => `  - ${walletText(wallet)}\n`).join('')}nonce_window: 8
operators:
  rp_id: localhost
  origins: ['http://localhost:7480']
  quorum: 2
  people:
${operators.map((entry) => `    ${entry}`).join('\n')}
  recovery:
    quorum: 2
    people:
${recovery.map((entry) => `      ${entry}`).join('\n')}
  delays: { policy: 1h, thaw: 1h, reinstate: 1h }
  open_for: 24h
bands:
  - { asset: '${chain}/slip44:60', above: '10000000000000000000', operators: 2 }
  - { asset: '${bitcoin.chain}/slip44:1', above: '1000000000', operators: 2 }
# Above 5 ETH, two classes of evidence, once totp or mfa-service is accepted:
#  - { asset: '${chain}/slip44:60', above: '5000000000000000000', classes: 2 }
`;
}

const attesters = (key: string): string =>
  `attesters:\n  - { issuer: mfa.sample.example, kid: sample-1, jwk: { kty: OKP, crv: Ed25519, x: '${key}' } }\n`;

export function configDocument(ledger: string, bitcoinLedger: string, hsm: DevHsm | undefined): string {
  return `version: 1
data: data
policy: policy.yaml
keys: { state: keys/state.key, journal: keys/journal.pem, sealing: [{ file: keys/sealing.key }] }
tls: { ca: keys/ca.pem, certificate: keys/server.pem, key: keys/server.key }
listen: 127.0.0.1:0
operators_listen: 127.0.0.1:0
signers:
  - { name: ledger, kind: ledger, transport: speculos, url: '${ledger}', review: 5m }
  - { name: ledger-btc, kind: ledger, transport: speculos, url: '${bitcoinLedger}', review: 5m }
${hsm === undefined ? '' : `  - ${signerText(hsm.signer)}\n`}`;
}

/** Paths in quotes: JSON's strings are YAML's. */
function signerText({ name, module, token, pin, environment }: Pkcs11SignerConfig): string {
  const secret = pin.kind === 'file' ? `{ file: ${JSON.stringify(pin.file)} }` : `{ credential: ${pin.name} }`;
  return `{ name: ${name}, kind: pkcs11, module: ${JSON.stringify(module)}, token: { ${token.by}: ${token.value} }, pin: ${secret}, environment: ${JSON.stringify(environment)} }`;
}

/** `announced`: the file that holds the announcement. */
export function welcome(a: Announcement, announced: string): string {
  const shown = (role: string, name: string): string =>
    `--ca $S/${role}/ca.pem --cert $S/${role}/${name}.pem --key $S/${role}/${name}.key`;
  return `An emulated station is running. Its time is simulated, its Ledgers are emulators: it guards nothing of worth.

  station       ${a.station}
  gRPC          ${a.address}   (mutual TLS; certificates of each role under ${a.certificates})
  operators     ${a.operatorsAddress}
  Ledger        ${a.ledger}   (Speculos' REST interface; the app Ethereum)
  wallet        ${a.wallet.id}, ${a.wallet.address}
  Ledger        ${a.bitcoin.ledger}   (the app Bitcoin Test)
  wallet        ${a.bitcoin.wallet.id}, ${a.bitcoin.wallet.address}
${hsmLines(a)}  approvals     ${a.origin}   (where customers' passkeys approve)
  people        ${Object.keys(a.operators).join(', ')}: any two decide; with test keys in ${dirname(a.operators['olivia'] ?? '')}
  config        ${a.config}
  journal key   ${a.verifierKey}

Try, in another terminal:

  S=${a.certificates} O=${dirname(a.operators['olivia'] ?? '')}
  npx portcullis status --address ${a.operatorsAddress} ${shown('operators', 'operator')}
  npx portcullis freeze wallet:hot-1 --why "a drill" --address ${a.operatorsAddress} ${shown('operators', 'operator')} --software $O/olivia.json
  npx portcullis advance 24h --address ${a.address} ${shown('dev', 'dev')}
  npx portcullis verify --config ${a.config}
  npm run exchange -- --station ${announced}

Ctrl-C ends it, and it leaves nothing behind.
`;
}

function hsmLines({ hsm, noHsm }: Announcement): string {
  if (hsm === undefined) return `  HSM           none: ${noHsm ?? ''}\n`;
  return `  HSM           SoftHSM2, token ${hsm.token}   (it signs at once, and nobody presses anything)
  wallet        ${hsm.wallet.id}, ${hsm.wallet.address}
  wallet        ${hsm.bitcoinWallet.id}, ${hsm.bitcoinWallet.address}
`;
}

const clientFiles = [
  ['withdrawals', 'service'],
  ['operators', 'operator'],
  ['courier', 'courier'],
  ['auditors', 'auditor'],
  ['dev', 'dev'],
] as const;

/** By role, where its certificate's files lie under the folder that is to be taken away. */
export function clientFilesIn(folder: string): Readonly<Record<string, ClientFiles>> {
  return Object.fromEntries(
    clientFiles.map(([role, name]) => {
      const of = join(folder, role);
      return [role, { ca: join(of, 'ca.pem'), certificate: join(of, `${name}.pem`), key: join(of, `${name}.key`) }];
    }),
  );
}
