import { foundingBreaker } from './founding-breaker.ts';

/** Stands in a founding policy for the fingerprint of the CA that `init` makes. */
export const ownAuthority = 'made-by-init';

/** What a policy without operators comes to. */
export const unfounded =
  'none: one certificate of the operators’ role freezes and thaws alone, nothing is held for people, and no station for a main network starts';

const foundingPeople = `# The station's people: any M (quorum) of N decide, and more of them than M. Each makes their entry on their own machine, with a
# security key: "portcullis operator enroll --name NAME" prints it. The recovery quorum's keys are kept offline, by others, elsewhere:
# they stand in when too many operators are lost. Without this section, which only test networks allow, one certificate of the
# operators' role freezes and thaws, and nothing else of theirs can be done.
#   operators:
#     rp_id: localhost
#     origins: ['http://localhost:7480'] # the page that "portcullis" serves on an operator's own machine
#     quorum: 2
#     people:
#       - { name: 'olivia', credential: '…', key: '…', class: device, backup_eligible: false }
#       - { name: 'omar', … }
#       - { name: 'oscar', … }
#     recovery:
#       quorum: 2
#       people:
#         - { name: 'rita', … }
#         - { name: 'rolf', … }
#         - { name: 'rosa', … }
#     delays: { policy: 24h, thaw: 1h, reinstate: 24h } # how long what loosens waits once its notice was delivered
#     open_for: 24h # an act without its quorum by then is void
`;

/**
 * The policy that `init` writes where none is given: for Ethereum's test network Sepolia, without a wallet or an admission
 * authority yet. Its comments are part of it: they are hashed with the rest.
 */
export function foundingPolicy(trustDomain: string): string {
  return `# The station's policy: who may attest, and what may be paid. Every decision names the hash of this file, comments and all. A
# station is founded on it as it is, and does not start once it was edited (policy-changed). So fill it in first, outside of any
# station: "portcullis init --print-policy" prints it; "portcullis init DIR --policy FILE" founds a station on what you made of it.
version: 1

# Client certificates name spiffe://<trust_domain>/<role>/<name>.
trust_domain: ${trustDomain}

# Who issues client certificates: the SHA-256 of each CA's certificate. Leave it as printed: "portcullis init" makes the CA, and
# writes its fingerprint here. The station does not start on a CA file that holds any other (authority-changed).
clients:
  authorities: ['${ownAuthority}']

# Where customers approve. The relying party serves approvals only, never login.
approvals:
  rp_id: approve.${trustDomain}
  origins: ['https://approve.${trustDomain}']

# How long a new factor or destination waits before it counts. Less than 24h is for test networks only.
ripening:
  factor: 24h
  destination: 24h
  recovery: 72h # of a factor that operators admit in the place of those that a customer lost

# What a customer's approval takes, and what counts as evidence: device, synced, hardware, totp, mfa-service. A factor counts once, and
# a one-time code never alone. Beside "webauthn" (how many WebAuthn assertions; 0 only where tokens of an MFA service count), each of
# these may be demanded: "hardware" (of the assertions, by hardware keys), "classes" (different ones of webauthn, totp and mfa-service),
# "enrolments" (different enrolled factors), "assertions" (different factors or MFA services). Bands demand more above an amount, a
# wallet more of what it pays. Such as two classes above 5 ETH, once totp is accepted:
#   bands:
#     - { asset: 'eip155:11155111/slip44:60', above: '5000000000000000000', classes: 2 }
evidence:
  webauthn: 1
  accepts: [device, synced]

# Who vouches for a customer's first factor: a public key whose private half the withdrawal service does not have. With none,
# no account can enrol. Such as:
#   - issuer: admission.${trustDomain}
#     kid: '2026-1'
#     jwk: { kty: OKP, crv: Ed25519, x: … }
admission: []

# MFA services whose tokens are evidence, if any: public keys, and when they sign. "evidence.accepts" must name mfa-service, too. Such as:
#   attesters:
#     - issuer: mfa.${trustDomain}
#       kid: '2026-1'
#       jwk: { kty: OKP, crv: Ed25519, x: … }
#       until: '2027-01-01T00:00:00Z'

chains:
  - chain: 'eip155:11155111' # Sepolia, a test network
    max_fee: '20000000000000000' # 0.02 ETH: the most that one transaction may cost
    max_fee_per_gas: '200000000000' # 200 gwei
    access_list_entries: 0

assets:
  - asset: 'eip155:11155111/slip44:60'
    symbol: ETH
    decimals: 18
    max_payment: '1000000000000000000' # 1 ETH in one payment

# An account is young for a while after its first factor, or its first token of an MFA service. However many are made, they share what
# each wallet pays on behalf of young ones: have one such limit for each asset. A new exchange has none but young accounts at first.
young: { destination: 7d, account: 7d }
limits:
  - { scope: wallet, window: week, young: account, asset: 'eip155:11155111/slip44:60', most: '10000000000000000000' } # 10 ETH

# The keys that sign. Once a station has operators, "portcullis wallet add" makes an entry of what devices say, and proposes it. Such as:
#   - id: hot
#     chain: 'eip155:11155111'
#     signer: ledger # a name from config.yaml
#     path: "m/44'/60'/0'/0/0"
#     address: 'eip155:11155111:0x…'
#     public_key: '02…' # compressed, 66 hex digits: the pinned identity of the device's key
#     first_nonce: '0'
#     evidence: { hardware: 1 } # of whatever it pays, beside what approving took; above: [{ asset, amount }] of larger amounts alone
#   - id: btc
#     chain: 'bip122:00000000da84f2bafbbc53dee25a72ae' # testnet4; it needs an entry of chains and its asset, too
#     descriptor: "wpkh([0badf00d/84'/1'/0']tpub…/<0;1>/*)#…" # BIP-380, with its checksum
#     signers: [ledger] # in the order of the descriptor's keys
#     address: 'bip122:00000000da84f2bafbbc53dee25a72ae:tb1q…' # its first, /0/0
wallets: []

# How far above a wallet's next nonce a transaction may be.
nonce_window: 16

${foundingPeople}
${foundingBreaker}`;
}
