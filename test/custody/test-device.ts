import { createHmac } from 'node:crypto';
import { addressOfKey } from '../../src/chains/ethereum/index.ts';
import { addressAt, onScreen } from '../../src/custody/chain.ts';
import type { ChainId, KeyPlace, ScriptWallet, Wallet } from '../../src/domain/index.ts';
import type { AddressPlace, AddressReview, KeyReading, PolicyRegistration } from '../../src/signers/signer.ts';
import { masterOf } from '../chains/bitcoin/wallets.ts';
import { FakeBitcoinSigner } from './bitcoin-station.ts';
import { publicKeyOf } from './fake-signer.ts';

/** A test key: 32 bytes of 0x22. */
const publicKey = publicKeyOf(new Uint8Array(32).fill(0x22));
/** What it gives of Ethereum, whatever the path. */
export const accountKey = { address: addressOfKey(publicKey), publicKey } as const;

/** A device with a seed of its own, and a person before it who takes whatever is shown, unless told otherwise. */
export class TestDevice extends FakeBitcoinSigner {
  readonly #seed: Uint8Array;
  /** What the person was shown, or the station read, in order. */
  readonly asked: string[] = [];
  answer: 'takes' | 'refuses' | 'shows another' | 'throws' = 'takes';

  constructor(name: string, seed: Uint8Array) {
    super(name);
    this.#seed = seed;
  }

  /** What it gives for a wallet's policy; a test secret. */
  hmacOf({ id, descriptor }: Pick<ScriptWallet, 'id' | 'descriptor'>): Uint8Array {
    return new Uint8Array(createHmac('sha256', this.#seed).update(`${id} ${descriptor}`).digest());
  }

  override async readKey(chain?: ChainId, place?: KeyPlace): Promise<KeyReading> {
    const path = place?.kind === 'derived' ? place.path : '';
    if (chain === undefined) throw new Error('asked for nothing');
    this.asked.push(`key ${path}`);
    if (this.answer === 'throws') throw new Error('a test fault');
    if (chain.startsWith('eip155:')) return { kind: 'account', device: 'Ledger, Ethereum 1.22.0', ...accountKey };
    const master = masterOf(this.#seed, chain);
    return {
      kind: 'extended',
      device: 'Ledger, Bitcoin Test 2.4.6',
      fingerprint: master.fingerprint.toString(16).padStart(8, '0'),
      xpub: master.derive(path).publicExtendedKey,
    };
  }

  override async register(wallet?: ScriptWallet): Promise<PolicyRegistration> {
    if (wallet === undefined) throw new Error('asked for nothing');
    this.asked.push(`register ${wallet.id}`);
    if (this.answer === 'refuses') return refused;
    return { kind: 'registered', hmac: this.hmacOf(wallet) };
  }

  override async showAddress(wallet?: Wallet, place?: AddressPlace): Promise<AddressReview> {
    if (wallet === undefined || place === undefined) throw new Error('asked for nothing');
    const { branch, index, registration } = place;
    const proof = registration === null ? '' : ` with ${Buffer.from(registration).toString('hex')}`;
    this.asked.push(`show ${wallet.id} /${branch}/${index}${proof}`);
    if (this.answer === 'refuses') return refused;
    const at = this.answer === 'shows another' ? index + 1 : index;
    return { kind: 'shown', address: onScreen(addressAt(wallet, branch, at)) };
  }
}

const refused = { kind: 'failed', reason: 'device-refused', message: 'the device answered 6985' } as const;
