import { dirname } from 'node:path';

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

/** What the emulated station's policy says of this one. */
export interface PolicyParts {
  readonly chain: string;
  readonly approvals: { readonly rpId: string; readonly origin: string };
  readonly address: string;
  readonly publicKey: string;
  /** The wallet as an entry of policy. */
  readonly bitcoin: { readonly chain: string; readonly wallet: string };
  readonly admissionKey: string;
  /** Of an MFA service, whose tokens then do as well as a passkey. */
  readonly mfaKey: string | undefined;
  /** Entries of people, a line each. */
  readonly operators: readonly string[];
  readonly recovery: readonly string[];
}

export function policyDocument(parts: PolicyParts): string {
  const { chain, approvals, address, publicKey, bitcoin, admissionKey, mfaKey, operators, recovery } = parts;
  return `# The policy of an emulated station: test networks, a wallet on each of two emulated Ledgers.
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
nonce_window: 8
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

export function configDocument(ledger: string, bitcoinLedger: string): string {
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
`;
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
  approvals     ${a.origin}   (where customers' passkeys approve)
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
