import {
  type Address,
  type ChainId,
  Malformed,
  parseAddress,
  placeKind,
  type Reason,
  Refusal,
  type RegistrationRecord,
  signersOf,
  toHex,
  type Wallet,
} from '../domain/index.ts';
import type { Failed, Signer } from '../signers/signer.ts';
import { addressAt, canonicalDestination, onScreen } from './chain.ts';
import type { SignerKey, TokenKeyView, Wallets } from './custody.ts';
import type { Station } from './station.ts';
import { registrableOn, registrationKey, registrationOf } from './wallet-registration.ts';

/** BIP-32: the first hardened step. */
const indexEnd = 2 ** 31;

/**
 * What people do at the devices before policy names a wallet, or later, when a device takes another's place. Nothing is signed here,
 * and nothing that it does pays anybody: the wallet counts once policy says so.
 */
export class WalletDesk implements Wallets {
  readonly #station: Station;
  readonly #signers: ReadonlyMap<string, Signer>;
  readonly #registered: (signer: string) => void;

  /** `registered`: called when a signer's device took a wallet, which transactions may wait for. */
  constructor(station: Station, signers: ReadonlyMap<string, Signer>, registered: (signer: string) => void) {
    this.#station = station;
    this.#signers = signers;
    this.#registered = registered;
  }

  async readKey({ signer, chain, place }: Parameters<Wallets['readKey']>[0]): Promise<SignerKey> {
    const device = this.#signer(signer);
    const read = await this.#ask(device, () => device.readKey(chain, place));
    return read.kind === 'account' ? { ...read, address: addressRead(chain, read.address, signer) } : read;
  }

  async createKey({ signer, id, label, who }: Parameters<Wallets['createKey']>[0]): Promise<TokenKeyView> {
    const device = this.#signer(signer);
    const key = { id: id ?? toHex(this.#station.random.bytes(16)), label };
    const made = await this.#ask(device, () => device.createKey(key));
    if (made.kind !== 'token') throw failed('signer-failed', device, 'it made a key of another kind');
    const attributes = made.attributes.join(', ');
    const fields = { signer, device: made.device, key: made.id, public_key: made.publicKey, attributes, who };
    await this.#station.decide({}, () => ({ result: undefined, leaves: [{ kind: 'signer-key-created', fields }] }));
    return made;
  }

  async register({ wallet, signer, who }: Parameters<Wallets['register']>[0]): ReturnType<Wallets['register']> {
    const device = this.#signerOf(wallet, signer);
    const registrable = registrableOn(wallet, signer);
    if (wallet.kind !== 'script' || registrable === undefined) {
      const why =
        placeKind(wallet) === 'token'
          ? 'has keys on tokens, which show nobody anything'
          : 'has one key at a standard path: every device knows its policy';
      throw new Malformed('wallet', `${wallet.id} ${why}, and nothing is to be registered`);
    }
    const { hmac } = await this.#ask(device, () => device.register(wallet));
    const { walletPolicy, fingerprint } = registrable;
    const key = registrationKey(walletPolicy, fingerprint);
    const sealed = this.#station.seal('wallet-registration', key, hmac);
    await this.#station.decide({ rows: [['registrations', key]] }, (facts) => {
      const record: RegistrationRecord = { key, hmac: sealed, signer, since: facts.now };
      const fields = { wallet: wallet.id, signer, fingerprint, wallet_policy: walletPolicy, who };
      return {
        result: undefined,
        writes: [{ table: 'registrations', record, leaf: 0 }],
        leaves: [{ kind: 'wallet-registered', fields }],
      };
    });
    this.#registered(signer);
    return registrable;
  }

  async showAddress({
    wallet,
    signer,
    branch,
    index,
  }: Parameters<Wallets['showAddress']>[0]): ReturnType<Wallets['showAddress']> {
    const device = this.#signerOf(wallet, signer);
    const one = wallet.kind === 'account' || !wallet.derives;
    if (one && branch !== 0) throw new Malformed('branch', `wallet ${wallet.id} has one address`);
    if (index >= (one ? 1 : indexEnd))
      throw new Malformed('index', one ? `${wallet.id} has one address` : 'is 2^31 or more');
    const registration = registrationOf(this.#station, wallet, signer) ?? null;
    if (registration === null && registrableOn(wallet, signer) !== undefined) {
      const why = `${wallet.id} is not registered on ${signer}: have it registered there first`;
      throw new Refusal('wallet-unregistered', why, { wallet: wallet.id, signer });
    }
    const address = addressAt(wallet, branch, index);
    const { address: shown } = await this.#ask(device, () =>
      device.showAddress(wallet, { branch, index, registration }),
    );
    const expected = onScreen(address);
    if (shown === expected) return { address, shown };
    this.#station.log('device-address-differs', { wallet: wallet.id, signer, branch, index });
    throw new Refusal('device-address-differs', `${signer} showed ${shown}, and ${wallet.id} has ${expected} there`, {
      signer,
      shown,
      expected,
    });
  }

  #signer(name: string): Signer {
    const signer = this.#signers.get(name);
    if (signer !== undefined) return signer;
    const known = [...this.#signers.keys()].join(', ');
    throw new Malformed('signer', `the config names no signer ${name}, only ${known === '' ? 'none' : known}`);
  }

  #signerOf(wallet: Wallet, name: string): Signer {
    const signers = signersOf(wallet);
    if (!signers.includes(name))
      throw new Malformed('signer', `wallet ${wallet.id} has no key on ${name}, but on ${signers.join(', ')}`);
    return this.#signer(name);
  }

  /** What a device was asked, or a `Refusal` with its reason and its name. */
  async #ask<A extends { readonly kind: string }>(signer: Signer, ask: () => Promise<A | Failed>): Promise<A> {
    let answer: A | Failed;
    try {
      answer = await ask();
    } catch (error) {
      if (error instanceof Refusal) throw error;
      this.#station.log('signer-failed', { signer: signer.name, error: String(error) });
      throw failed('signer-failed', signer, error instanceof Error ? error.message : String(error));
    }
    if (isFailed(answer)) throw failed(answer.reason, signer, answer.message);
    return answer;
  }
}

function isFailed<A extends { readonly kind: string }>(answer: A | Failed): answer is Failed {
  return answer.kind === 'failed';
}

function failed(reason: Reason, { name }: Signer, message: string): Refusal {
  return new Refusal(reason, `${name}: ${message}`, { signer: name });
}

/** A device's word for what its key's address is has to be one, in the chain's one form. */
function addressRead(chain: ChainId, told: string, signer: string): Address {
  try {
    return canonicalDestination(parseAddress(`${chain}:${told}`, 'address'), 'address');
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    throw new Refusal('signer-failed', `${signer} gave an address that is none: ${error.message}`, { signer });
  }
}
